# SPDX-License-Identifier: Apache-2.0

"""The parts of a process without a database, over messages in memory."""

import types

import fixtures
import oslo_messaging as messaging

from nova_sg import exception
from nova_sg.conductor import interface
from nova_sg.conductor import inventory
from nova_sg.conductor import remote
from nova_sg.conductor import wire
from nova_sg.inventory import base as inventory_base
from nova_sg.notifications import base as notifications_base
from nova_sg.objects import overview
from nova_sg.servicegroup import api as sg_api
from nova_sg.servicegroup.records import known
from nova_sg.tests.fixtures import conductor
from nova_sg.tests.fixtures import rows
from nova_sg.tests.functional.objects import base


class RemoteTestCase(base.ObjectsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.conductor = self.useFixture(
            conductor.InProcessConductor(self.api)
        )
        self.rpc = self.conductor.conductor
        self.driver = remote.RemoteDriver(self.process.conf, self.rpc)

    def have_conductor_of(self, version: str) -> None:
        """Have the conductor serve no later version of its interface."""
        self.useFixture(
            fixtures.MockPatchObject(
                self.conductor.memory.get().endpoint,
                'target',
                messaging.Target(version=version),
            )
        )

    def outside(self) -> sg_api.API:
        """Return the API of a process without a backend."""
        return sg_api.API(
            self.process.conf,
            driver=self.driver,
            inventory=inventory.RemoteInventory(self.process.conf, self.rpc),
            notifier=notifications_base.Silent(),
        )


class TestInventory(RemoteTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.mine = self.api.inventory
        self.remote = inventory.RemoteInventory(self.process.conf, self.rpc)

    def test_all_that_an_inventory_does_can_be_called(self):
        self.assertEqual(
            inventory_base.Inventory.__abstractmethods__, set(wire.METHODS)
        )

    def test_what_is_reported_remotely_is_there(self):
        self.remote.report([rows.node('c1'), rows.node('c2')])
        self.assertEqual(
            ['c1', 'c2'], [each.host for each in self.mine.compute_nodes()]
        )
        self.remote.set_zone('c1', 'az1')
        self.assertEqual({'c1': 'az1'}, self.mine.zones())
        self.remote.remove_compute_nodes('c2')
        self.assertEqual([], self.mine.compute_nodes('c2'))

    def test_every_question_has_the_answer_it_has_there(self):
        self.mine.report([rows.node('c1')])
        self.mine.set_zone('c1', 'az1')
        [aggregate] = self.mine.aggregates()
        [node] = self.mine.compute_nodes()
        for options in (
            {'id': node.id},
            {'uuid': node.uuid},
            {'id': 0},
        ):
            self.assertEqual(
                self.mine.compute_node(**options),
                self.remote.compute_node(**options),
            )
        self.assertEqual([], self.remote.compute_nodes(after=node.id, limit=5))
        self.assertEqual([node], self.remote.compute_nodes(pattern='c'))
        for method, *arguments in (
            ('zones',),
            ('zones', ['c1', 'c2']),
            ('aggregates',),
            ('compute_nodes',),
            ('compute_nodes', 'c1'),
            ('hosts_of_type', 'QEMU'),
            ('instances', 'c1'),
            ('instances_by_host', ['c1', 'c9']),
            ('count_instances', 'c1'),
            ('aggregate', aggregate.id),
            ('aggregate', 0),
            ('describe', 'c1'),
            ('zone_of', 'c1', 'compute'),
        ):
            self.assertEqual(
                getattr(self.mine, method)(*arguments),
                getattr(self.remote, method)(*arguments),
                method,
            )
        self.remote.leave_aggregates('c1')
        self.assertEqual({}, self.mine.zones())


class TestOverview(RemoteTestCase):
    def test_zones_states_and_reasons_are_told_from_here(self):
        self.service('c1')
        left = self.service('c2')
        record = self.api.get_by_uuid(self.context, left.uuid)
        self.driver.membership.join(self.context, record).leave(self.context)
        process = self.outside()
        self.useFixture(
            fixtures.MonkeyPatch(
                'nova_sg.objects.overview.servicegroup',
                types.SimpleNamespace(get=lambda: process),
            )
        )
        self.assertEqual(
            [('c1', 'nova', 'up', ''), ('c2', 'nova', 'down', 'stopped')],
            [
                (each.service.host, each.zone, each.state, each.reason)
                for each in overview.OwnSource().listing()
            ],
        )


class TestRecords(RemoteTestCase):
    """What a process without a backend asks of records."""

    def assert_known(self) -> None:
        """Ask for few and for many services, of which some have a record."""
        for count in (1, 2 * known.FEW):
            there = {self.service(f'{count}-{n}').uuid for n in range(count)}
            self.conductor.calls.clear()
            found = self.driver.records.known(self.context, [*there, 'none'])
            self.assertEqual(there, found)

    def test_one_call_tells_which_services_have_a_record(self):
        self.assert_known()
        self.assertEqual(['known'], self.conductor.calls)

    def test_more_than_go_into_a_call_are_asked_for_in_several(self):
        made = self.service('c1').uuid
        self.conductor.calls.clear()
        none = [f'none-{each}' for each in range(interface.MAX_UUIDS)]
        found = self.driver.records.known(self.context, [*none, made])
        self.assertEqual({made}, found)
        self.assertEqual(['known'] * 2, self.conductor.calls)

    def test_a_conductor_of_before_is_asked_for_the_services(self):
        self.have_conductor_of('1.2')
        self.assert_known()
        self.assertEqual(['get_all'], self.conductor.calls)

    def test_where_new_versions_are_held_back_services_are_asked_for(self):
        held_back = self.rpc.sender._client.prepare(version_cap='1.2')
        self.useFixture(
            fixtures.MockPatchObject(self.rpc.sender, '_client', held_back)
        )
        self.assert_known()
        self.assertNotIn('known', self.conductor.calls)

    def test_a_deployment_is_not_moved_from_here(self):
        mine = self.driver.marker_stores()[0]
        error = self.assertRaises(
            exception.InvalidConfiguration, mine.move, *[self.api.marker] * 2
        )
        self.assertIn('use_conductor', str(error))
