# SPDX-License-Identifier: Apache-2.0

"""The parts of a process without a database, over messages in memory."""

import types

import fixtures
import oslo_messaging as messaging
import sqlalchemy as sa

from nova_sg import exception
from nova_sg.conductor import interface
from nova_sg.conductor import inventory
from nova_sg.conductor import remote
from nova_sg.conductor import wire
from nova_sg.db import clock
from nova_sg.db import engine
from nova_sg.db import models
from nova_sg.inventory import base as inventory_base
from nova_sg.notifications import base as notifications_base
from nova_sg.objects import overview
from nova_sg.servicegroup import api as sg_api
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup.membership import base as membership_base
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
        before = messaging.Target(version='1.2')
        self.useFixture(
            fixtures.MockPatchObject(
                self.conductor.memory.get().endpoint, 'target', before
            )
        )
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


class TestMembership(RemoteTestCase):
    def test_a_verdict_is_the_conductors(self):
        up, down = self.service('c1'), self.service('c2')
        membership = self.driver.membership
        handles = [
            membership.join(
                self.context, self.api.get_by_uuid(self.context, each.uuid)
            )
            for each in (up, down)
        ]
        handles[1].leave(self.context)
        found = membership.alive(self.context, [up.uuid, down.uuid])
        self.assertEqual(
            {up.uuid: True, down.uuid: False},
            {uuid: each.up for uuid, each in found.items()},
        )
        self.assertIsNotNone(found[up.uuid].last_seen.tzinfo)
        handles[0].beat(self.context)
        self.api.destroy(self.context, up.uuid)
        self.assertRaises(
            exception.ServiceNotFound, handles[0].beat, self.context
        )

    def why(self, *services):
        """Return the reasons a process without a backend is told."""
        found = self.outside().departures(self.context, services)
        return [found[each.uuid] for each in services]

    def test_why_a_service_is_down_is_told_from_here(self):
        services = [self.service(f'c{number}') for number in range(3)]
        services[2].forced_down = True
        services[2].save()
        for each in services[:2]:
            record = self.api.get_by_uuid(self.context, each.uuid)
            handle = self.driver.membership.join(self.context, record)
        handle.leave(self.context)
        self.conductor.calls.clear()
        up, left, forced = self.why(*services)
        self.assertEqual(['liveness', 'departures'], self.conductor.calls[-2:])
        self.assertEqual(
            [reasons.UP, reasons.STOPPED, reasons.FORCED],
            [each.reason for each in (up, left, forced)],
        )
        self.assertEqual(reasons.this_process(), left.seen_by)
        self.assertIsNotNone(left.since.tzinfo)
        self.assertEqual(left.since, left.last_seen)

    def hang(self, *services):
        """Let the loop of joined services hang, until they are down."""
        records = [
            self.api.get_by_uuid(self.context, each.uuid) for each in services
        ]
        handles = self.driver.membership.join_many(self.context, records)
        table = models.services
        for seconds in (45, 70):
            # As if the time passed: before it is noted, and after it.
            with engine.get(self.process.conf).engine.begin() as connection:
                connection.execute(
                    table.update().values(last_seen_up=clock.ago(seconds))
                )
            if seconds == 45:
                self.driver.membership._stopped(handles)

    def test_a_loop_that_hangs_is_told_by_another_thread(self):
        services = [self.service(host) for host in ('c1', 'c2')]
        self.hang(*services)
        for why in self.why(*services):
            self.assertEqual(
                (reasons.WEDGED, reasons.this_process()),
                (why.reason, why.seen_by),
            )

    def test_a_conductor_of_before_notes_no_loop_that_hangs(self):
        before = messaging.Target(version='1.5')
        self.useFixture(
            fixtures.MockPatchObject(
                self.conductor.memory.get().endpoint, 'target', before
            )
        )
        service = self.service('c1')
        self.hang(service)
        [why] = self.why(service)
        self.assertEqual(reasons.SILENT, why.reason)

    def test_a_conductor_of_before_knows_no_reasons(self):
        service = self.service('c1')
        record = self.api.get_by_uuid(self.context, service.uuid)
        self.driver.membership.join(self.context, record).leave(self.context)
        before = messaging.Target(version='1.4')
        self.useFixture(
            fixtures.MockPatchObject(
                self.conductor.memory.get().endpoint, 'target', before
            )
        )
        [why] = self.why(service)
        self.assertEqual(reasons.Departure(reasons.UNKNOWN), why)

    def test_more_than_go_into_a_call_are_asked_for_and_leave(self):
        uuids = self.many(2 * interface.MAX_UUIDS + 1)
        found = self.driver.membership.alive(self.context, uuids)
        self.assertEqual({*uuids}, {u for u in found if found[u].up})
        self.assertEqual(['liveness'] * 3, self.conductor.calls)

        self.driver.membership.withdraw(self.context, self.stays(uuids))
        found = self.driver.membership.alive(self.context, uuids)
        self.assertEqual({*uuids}, {u for u in found if not found[u].up})

    def test_they_leave_in_the_order_in_which_they_beat(self):
        uuids = self.many(3)
        left = []

        def note(_connection, _cursor, statement, parameters, *_rest):
            if statement.startswith('UPDATE services'):
                left.extend(each for row in parameters for each in row)

        database = engine.get(self.process.conf).engine
        sa.event.listen(database, 'before_cursor_execute', note)
        self.api.driver.membership.withdraw(
            self.context, self.stays(reversed(uuids))
        )
        self.assertEqual(uuids, [each for each in left if each in uuids])

    def stays(self, uuids):
        """Return them as if they had joined when nobody else had beaten."""
        return [membership_base.Stay(uuid, [1, True], 0, 0) for uuid in uuids]

    def many(self, count):
        """Register services that have beaten once; return their uuids."""
        made = [
            {
                'uuid': f'uuid-{number:05}',
                'host': f'h{number}',
                'binary': 'nova-compute',
                'report_count': 1,
                'deleted': 0,
            }
            for number in range(count)
        ]
        statement = models.services.insert().values(
            last_seen_up=clock.utcnow(), created_at=clock.utcnow()
        )
        engine.get(self.process.conf).write(
            lambda c: c.execute(statement, made)
        )
        return [each['uuid'] for each in made]

    def test_it_declares_what_the_conductors_driver_does(self):
        self.assertEqual(
            self.api.driver.characteristics, self.driver.characteristics
        )
        self.assertEqual(
            self.api.marker, self.driver.records.marker_store.read()
        )
