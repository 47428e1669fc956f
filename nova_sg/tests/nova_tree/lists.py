# SPDX-License-Identifier: Apache-2.0

"""Lists of nova's REST API, made in one pass and by nova itself."""

import contextlib
import functools
import gc
import json
from typing import Any
from unittest import mock

from nova import context as nova_context
from nova import objects
from nova.compute import api as compute_api
from nova.db.main import api as nova_db
from nova.db.main import models
from nova.servicegroup import api as nova_api
from oslo_utils import importutils
import sqlalchemy as sa
import testscenarios

from nova_sg.nova_tree import cells
from nova_sg.nova_tree import owner
from nova_sg.nova_tree.lists import reading
from nova_sg.tests.fixtures import long
from nova_sg.tests.fixtures import statements
from nova_sg.tests.nova_tree import api
from nova_sg.tests.nova_tree import base

load_tests = testscenarios.load_tests_apply_scenarios

#: nova's table, a mirror of records, and no mirror.
EACH = [base.DB, base.ZK, base.MC]
TWO = [base.DB, base.ZK]


class TestCase(api.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.read = 0
        ours = reading.Reading.read

        def read(*args, **kwargs):
            self.read += 1
            return ours(*args, **kwargs)

        self.stub_out('nova_sg.nova_tree.lists.reading.Reading.read', read)
        self.have_cells_answer_in_order()
        self.make_services()

    def have_cells_answer_in_order(self) -> None:
        """nova lists cells as they answer, which may be in another order."""
        gather = nova_context.scatter_gather_cells

        def ordered(context, cell_mappings, *args, **kwargs):
            answers = gather(context, cell_mappings, *args, **kwargs)
            return {each.uuid: answers[each.uuid] for each in cell_mappings}

        self.stub_out('nova.context.scatter_gather_cells', ordered)

    def make_services(self) -> None:
        for number in range(14):
            cell = 'cell1' if number % 3 else 'cell2'
            service = self.make_host(f'host{number}', cell)
            if number % 4 == 1:
                service.disabled = True
                service.disabled_reason = f'Grund {number} \N{SNOWMAN}'
                service.save()
            if number % 5 == 1:
                service.forced_down = True
                service.save()
            if number % 2:
                self.join(service)
        self.make_service('c', 'nova-conductor', 'conductor')
        self.make_service('a', 'nova-osapi_compute', None)
        self.make_zone('one', 'host3')
        self.make_zone('two', 'host4')

    def join(self, service: Any) -> None:
        """Have a service be alive where the driver keeps that."""
        api = owner.get()
        if api is not None:
            context = cells.Context(service._context)
            record = api.get_by_uuid(context, service.uuid)
            api.join_many(context, [record])

    def text(self, path: str) -> str:
        """Return an answer as it was sent."""
        response = self.api.api_request(path, check_response_status=[200])
        return response.text

    def novas(self, path: str) -> str:
        """Return an answer that nova makes itself."""
        before = self.read
        with self.replaced(nova_api.API, 'service_is_up'):
            answer = self.text(path)
        self.assertEqual(before, self.read)
        return answer

    @contextlib.contextmanager
    def replaced(self, where: Any, name: str):
        """Have a function be another's, that calls it."""
        there = vars(where)[name]
        calls = []

        @functools.wraps(there)
        def theirs(*args, **kwargs):
            calls.append(args)
            return there(*args, **kwargs)

        setattr(where, name, theirs)
        try:
            yield calls
        finally:
            setattr(where, name, there)

    def assert_as_novas(self, path: str) -> Any:
        """Compare an answer made in one pass with nova's."""
        expected = self.novas(path)
        before = self.read
        answer = self.text(path)
        self.assertNotEqual(before, self.read)
        if answer != expected:
            # ZooKeeper vouches for members in steps of the report interval,
            # and one may have begun between the two.
            expected = self.novas(path)
        self.assertEqual(expected, answer)
        return json.loads(answer)


class TestServices(TestCase):
    scenarios = base.DRIVERS

    def test_the_answer_is_novas_in_every_microversion(self):
        for self.api.microversion in (
            *('2.1', '2.10', '2.11', '2.52', '2.53', '2.68', '2.69', '2.74'),
            *('2.75', 'latest'),
        ):
            listed = self.assert_as_novas('/os-services')['services']
            self.assertEqual(
                {('up', 'enabled'), ('down', 'enabled')}
                | {('up', 'disabled'), ('down', 'disabled')},
                {(each['state'], each['status']) for each in listed},
            )
            self.assertEqual(
                {'internal', 'nova', 'one', 'two'},
                {each['zone'] for each in listed},
            )


class TestMoreOfServices(TestCase):
    scenarios = TWO

    def test_filters_are_novas(self):
        for query in (
            *('host=host3', 'binary=nova-compute', 'binary=nova-conductor'),
            *('host=', 'host=none', 'host=host3&host=host4'),
            'host=host3&binary=nova-conductor',
        ):
            self.api.microversion = '2.69'
            self.assert_as_novas(f'/os-services?{query}')

    def test_a_cell_that_is_down_is_shown_as_by_nova(self):
        down = self.cell_mappings['cell2'].uuid
        gather = nova_context.scatter_gather_cells

        def stub(*args, **kwargs):
            answers = gather(*args, **kwargs)
            answers[down] = nova_context.did_not_respond_sentinel
            return answers

        self.stub_out('nova.context.scatter_gather_cells', stub)
        for self.api.microversion in ('2.68', '2.69'):
            self.assert_as_novas('/os-services')

    def test_the_number_of_services_does_not_change_the_statements(self):
        costs = []
        for number in range(2):
            self.text('/os-services')
            with statements.StatementCounter() as counted:
                self.text('/os-services')
            costs.append(len(counted))
            for each in range(20):
                self.make_service(f'more{number}{each}')
        self.assertEqual(costs[0], costs[1])

    def test_what_others_put_in_the_place_of_novas_is_called(self):
        for where, name in (
            (nova_api.API, 'service_is_up'),
            (nova_api.API, 'get_updated_time'),
            (compute_api.HostAPI, 'service_get_all'),
            (nova_context, 'scatter_gather_all_cells'),
        ):
            self.read = 0
            with self.replaced(where, name) as calls:
                self.text('/os-services')
            self.assertNotEqual([], calls, name)
            self.assertEqual(0, self.read, name)


class TestGrouped(TestCase):
    scenarios = [base.DB]
    beats = 'grouped'

    def test_grouped_heartbeats_make_no_difference(self):
        self.api.microversion = '2.69'
        listed = self.assert_as_novas('/os-services')['services']
        self.assertEqual(15, len(listed))
        listed = self.assert_as_novas('/os-hypervisors')['hypervisors']
        self.assertEqual(14, len(listed))


class TestHypervisors(TestCase):
    # The pages below are those of a mirror, too.
    scenarios = long.matrix([base.DB, base.MC], [base.ZK])

    def test_the_answer_is_novas_in_every_microversion(self):
        self.stub_out(
            'nova.compute.api.HostAPI.get_host_uptime',
            mock.Mock(side_effect=NotImplementedError),
        )
        for self.api.microversion in long.matrix(
            # Those which have changed the answer.
            ('2.1', '2.28', '2.33', '2.53', '2.88', 'latest'),
            ('2.27', '2.32', '2.52', '2.75', '2.87'),
        ):
            for path in ('/os-hypervisors/detail', '/os-hypervisors'):
                listed = self.assert_as_novas(path)['hypervisors']
                self.assertEqual(14, len(listed))


class TestPages(TestCase):
    scenarios = TWO

    def test_pages_are_novas(self):
        marker = ''
        sizes = []
        while True:
            path = f'/os-hypervisors?limit=11{marker}'
            page = self.assert_as_novas(path)
            sizes.append(len(page['hypervisors']))
            if 'hypervisors_links' not in page:
                break
            last = page['hypervisors'][-1]['id']
            marker = f'&marker={last}'
        self.assertEqual([11, 3], sizes)

    def test_an_unknown_marker_is_refused_as_by_nova(self):
        text = self.assert_status(
            400, self.text, f'/os-hypervisors?marker={base.UUID}'
        )
        self.assertIn(f'marker [{base.UUID}] not found', text)

    def test_what_is_new_to_nova_is_read_by_nova_once(self):
        node = objects.ComputeNode.get_first_node_by_host_for_old_compat(
            self.in_cell('cell1'), 'host1'
        )
        # As another release has left it.
        with nova_db.get_context_manager(node._context).writer.using(
            node._context
        ):
            node._context.session.execute(
                sa.update(models.ComputeNode)
                .where(models.ComputeNode.id == node.id)
                .values(cpu_allocation_ratio=0.0)
            )
        before = self.read
        first = self.text('/os-hypervisors/detail')
        self.assertEqual(before, self.read)
        self.assertEqual(first, self.text('/os-hypervisors/detail'))
        self.assertNotEqual(before, self.read)

    def test_queries_that_nova_answers(self):
        for query in ('with_servers=true', 'hypervisor_hostname_pattern=host'):
            self.text(f'/os-hypervisors?{query}')
        self.text('/os-hypervisors?limit=3')
        self.assertEqual(0, self.read)


class TestZones(TestCase):
    scenarios = EACH

    def test_the_answer_is_novas(self):
        # All hosts of this zone are disabled.
        context = self.in_cell('cell1')
        self.make_service('off', context=context, disabled=True)
        self.make_zone('off', 'off')
        path = '/os-availability-zone/detail'
        for self.api.microversion in ('2.1', 'latest'):
            # nova's hosts are in no order.
            expected = json.loads(self.novas(path))
            answer = self.text(path)
            self.assertNotEqual(0, self.read)
            self.assertEqual(expected, json.loads(answer))
            self.assertEqual(
                ['internal', 'nova', 'one', 'two', 'off'],
                [e['zoneName'] for e in expected['availabilityZoneInfo']],
            )


class TestCollector(TestCase):
    scenarios = [base.DB]

    def test_it_does_not_run_while_a_list_is_made(self):
        for path, name in (
            ('/os-services', 'services._detail'),
            ('/os-hypervisors/detail', 'nodes.read'),
            ('/os-availability-zone/detail', 'zones._shown'),
        ):
            where = f'nova_sg.nova_tree.lists.{name}'
            made = importutils.import_class(where)
            runs = []

            def make(*args, made=made, runs=runs, **kwargs):
                runs.append(gc.isenabled())
                return made(*args, **kwargs)

            self.stub_out(where, make)
            self.text(path)
            self.assertEqual({False}, set(runs), path)
            self.assertTrue(gc.isenabled())


class TestWithoutDriver(TestCase):
    scenarios = [base.NONE]

    def test_nova_makes_its_lists(self):
        for path in (
            *('/os-services', '/os-hypervisors/detail'),
            '/os-availability-zone/detail',
        ):
            self.text(path)
        self.assertEqual(0, self.read)
