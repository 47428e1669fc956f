# SPDX-License-Identifier: Apache-2.0

"""Services through nova's objects, kept outside of nova's database."""

import datetime
from unittest import mock

from nova import objects
from nova import servicegroup
from nova.db.main import api as db
from oslo_utils import timeutils
from oslo_utils import uuidutils
import testscenarios

from nova_sg.nova_tree import beats
from nova_sg.nova_tree import owner
from nova_sg.tests.nova_tree import base

load_tests = testscenarios.load_tests_apply_scenarios


class TestElsewhere(base.TestCase):
    scenarios = base.ELSEWHERE

    def test_no_statement_names_the_table(self):
        with base.NamesServices() as named:
            made = self.make_service()
            self.make_compute_node('one')
            made.disabled = True
            made.save()
            objects.ServiceList.get_all(self.context, set_zones=True)
            objects.Service.get_minimum_version(self.context, 'nova-compute')
            db.compute_node_statistics(self.context)
            made.destroy()
        self.assertEqual(0, len(named), named)

    def test_a_service_that_beats_was_updated_then(self):
        compute = self.start_service('compute', host='one')
        context = self.in_cell('cell1')
        (found,) = objects.ServiceList.get_by_binary(context, 'nova-compute')
        # No operator has ever changed it.
        self.assertIsNotNone(found.updated_at)
        self.assertGreaterEqual(found.updated_at, found.created_at)
        self.assertEqual(
            found.updated_at,
            compute.servicegroup_api.get_updated_time(found),
        )

    def test_the_owner_is_not_asked_for_each_service_of_a_list(self):
        for number in range(20):
            self.make_service(host=f'host{number}')
        group = servicegroup.API()
        services = objects.ServiceList.get_by_binary(
            self.context, 'nova-compute'
        )
        # Nor is an option read.
        with mock.patch.object(owner, 'get') as asked:
            up = [group.service_is_up(each) for each in services]
        # They were created a moment ago.
        self.assertEqual([True] * 20, up)
        asked.assert_not_called()

    def test_novas_rule_stands_for_what_the_owner_does_not_know(self):
        now = timeutils.utcnow(with_timezone=True)
        group = servicegroup.API()
        for seconds, up in ((5, True), (3600, False)):
            stranger = objects.Service(
                self.context,
                uuid=uuidutils.generate_uuid(),
                host='elsewhere',
                binary='nova-compute',
                forced_down=False,
                last_seen_up=now - datetime.timedelta(seconds=seconds),
            )
            self.assertIs(up, group.service_is_up(stranger))

    def test_forced_down_wins(self):
        compute = self.start_service('compute', host='one')
        context = self.in_cell('cell1')
        mine = objects.Service.get_by_compute_host(context, 'one')
        mine.forced_down = True
        mine.save()
        (found,) = objects.ServiceList.get_by_binary(context, 'nova-compute')
        self.assertFalse(compute.servicegroup_api.service_is_up(found))

    def test_a_beat_in_novas_own_way_is_ignored_and_told_of_once(self):
        made = self.make_service()
        with mock.patch.object(beats, 'LOG') as log:
            for _ in range(2):
                made.report_count += 1
                made.save()
        log.warning.assert_called_once()
        self.assertEqual(0, self.read(made).report_count)

    def test_an_instance_has_the_compute_of_its_host(self):
        made = self.make_service()
        with base.NamesServices() as named:
            for host in ('one', 'gone'):
                found = objects.Instance.get_by_uuid(
                    self.context,
                    self.make_instance(host).uuid,
                    expected_attrs=['services'],
                )
                self.assertEqual(
                    [made.uuid] if host == 'one' else [],
                    [each.uuid for each in found.services],
                )
                found.vm_state = 'active'
                found.save()
            listed = objects.InstanceList.get_by_filters(
                self.context, {}, expected_attrs=['services']
            )
        self.assertEqual(
            {'one': [made.uuid], 'gone': []},
            {each.host: [s.uuid for s in each.services] for each in listed},
        )
        self.assertEqual(0, len(named), named)
