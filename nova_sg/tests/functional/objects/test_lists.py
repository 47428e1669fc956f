# SPDX-License-Identifier: Apache-2.0

"""Which services a list holds, and what each of them shows."""

import testtools

from nova_sg import exception
from nova_sg import objects
from nova_sg.tests.fixtures import rows
from nova_sg.tests.functional.objects import base

List = objects.ServiceGroupServiceList


def names(services):
    return [(each.host, each.binary) for each in services]


class TestLists(base.ObjectsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.service('c1')
        self.service('c2', disabled=True, disabled_reason='disk')
        self.service('c1', 'nova-metadata', None)
        self.service('ctl', 'nova-scheduler', 'scheduler')
        self.service('gone').destroy()

    def test_all_services_by_age_without_the_destroyed(self):
        self.assertEqual(
            [
                ('c1', 'nova-compute'),
                ('c2', 'nova-compute'),
                ('c1', 'nova-metadata'),
                ('ctl', 'nova-scheduler'),
            ],
            names(List.get_all(self.context)),
        )

    def test_all_that_are_disabled_or_all_that_are_enabled(self):
        disabled = List.get_all(self.context, disabled=True)
        enabled = List.get_all(self.context, disabled=False)
        self.assertEqual([('c2', 'nova-compute')], names(disabled))
        self.assertEqual('disk', disabled[0].disabled_reason)
        self.assertEqual(3, len(enabled))

    def test_by_topic_skips_the_disabled(self):
        self.assertEqual(
            [('c1', 'nova-compute')],
            names(List.get_by_topic(self.context, 'compute')),
        )

    def test_by_binary_skips_the_disabled_unless_asked(self):
        self.assertEqual(
            [('c1', 'nova-compute')],
            names(List.get_by_binary(self.context, 'nova-compute')),
        )
        self.assertEqual(
            [('c1', 'nova-compute'), ('c2', 'nova-compute')],
            names(
                List.get_by_binary(
                    self.context, 'nova-compute', include_disabled=True
                )
            ),
        )

    def test_by_host_holds_every_binary_of_it(self):
        self.assertEqual(
            [('c1', 'nova-compute'), ('c1', 'nova-metadata')],
            names(List.get_by_host(self.context, 'c1')),
        )
        self.assertEqual(
            [('c2', 'nova-compute')],
            names(List.get_by_host(self.context, 'c2')),
        )
        self.assertEqual([], names(List.get_by_host(self.context, 'c9')))

    def test_a_beat_shows_as_its_update(self):
        (before,) = List.get_by_host(self.context, 'c2')
        self.assertIsNone(before.seen_or_changed_at)
        before.report_state()
        (after,) = List.get_by_host(self.context, 'c2')
        self.assertEqual(after.last_seen_up, after.seen_or_changed_at)
        self.assertIsNotNone(after.seen_or_changed_at)

    def test_computes_by_hypervisor_type(self):
        for host, kind in (('c1', 'QEMU'), ('c2', 'QEMU'), ('ctl', 'ironic')):
            self.api.inventory.report([rows.node(host, hypervisor_type=kind)])
        by_type = List.get_all_computes_by_hv_type
        self.assertEqual(
            [('c1', 'nova-compute')], names(by_type(self.context, 'QEMU'))
        )
        self.assertEqual(
            [('c1', 'nova-compute'), ('c2', 'nova-compute')],
            names(by_type(self.context, 'QEMU', include_disabled=True)),
        )
        # ctl has such a hypervisor, but no nova-compute.
        self.assertEqual([], names(by_type(self.context, 'ironic')))

    def test_the_state_is_there_in_every_list(self):
        for each in List.get_all(self.context):
            if each.host != 'ctl':
                each.report_state()
        for services in (
            List.get_all(self.context),
            List.get_by_topic(self.context, 'compute'),
            List.get_by_binary(self.context, 'nova-compute'),
            List.get_by_host(self.context, 'c1'),
        ):
            for each in services:
                self.assertTrue(each.obj_attr_is_set('is_up'))
                self.assertFalse(each.obj_attr_is_set('availability_zone'))

    def test_a_service_forced_down_is_listed_as_down_while_it_beats(self):
        service = self.reload(List.get_by_host(self.context, 'c1')[0])
        service.forced_down = True
        service.save()
        service.report_state()
        listed = List.get_by_host(self.context, 'c1')[0]
        self.assertEqual((True, False), (listed.forced_down, listed.is_up))

    def test_zones_are_filled_when_asked_for(self):
        self.api.inventory.set_zone('c1', 'az1')
        listed = List.get_all(self.context, set_zones=True)
        self.assertEqual(
            ['az1', 'nova', 'internal', 'internal'],
            [each.availability_zone for each in listed],
        )

    def test_nothing_is_pending_in_a_list(self):
        listed = List.get_all(self.context, set_zones=True)
        self.assertEqual(set(), listed.obj_what_changed())
        listed[0].disabled = True
        self.assertEqual({'objects'}, listed.obj_what_changed())

    def test_a_list_still_refuses_what_is_no_service(self):
        listed = List.get_all(self.context)
        with testtools.ExpectedException(ValueError):
            listed.objects = [List(self.context)]


class TestListsWithoutInventory(base.ObjectsTestCase):
    options = {'inventory': {'backend': 'none'}}

    def test_every_compute_is_in_the_default_zone(self):
        self.service()
        self.service('ctl', 'nova-scheduler', 'scheduler')
        self.assertEqual(
            ['nova', 'internal'],
            [
                each.availability_zone
                for each in List.get_all(self.context, set_zones=True)
            ],
        )

    def test_computes_by_hypervisor_type_say_what_is_missing(self):
        self.assertRaises(
            exception.InventoryNotConfigured,
            List.get_all_computes_by_hv_type,
            self.context,
            'QEMU',
        )
