# SPDX-License-Identifier: Apache-2.0

"""Membership and reasons of a process without a database."""

import sqlalchemy as sa

from nova_sg import exception
from nova_sg.conductor import interface
from nova_sg.db import clock
from nova_sg.db import engine
from nova_sg.db import models
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup.membership import base as membership_base
from nova_sg.tests.fixtures import rows
from nova_sg.tests.functional.conductor import test_remote


class TestMembership(test_remote.RemoteTestCase):
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
        self.have_conductor_of('1.5')
        service = self.service('c1')
        self.hang(service)
        [why] = self.why(service)
        self.assertEqual(reasons.SILENT, why.reason)

    def test_a_conductor_of_before_knows_no_reasons(self):
        service = self.service('c1')
        record = self.api.get_by_uuid(self.context, service.uuid)
        self.driver.membership.join(self.context, record).leave(self.context)
        self.have_conductor_of('1.4')
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
        return [membership_base.Stay(uuid, [0, True], 0, 0) for uuid in uuids]

    def many(self, count):
        """Register services that have beaten; return their uuids in order."""
        hosts = (f'h{number}' for number in range(count))
        seen = {'last_seen_up': clock.utcnow()}
        return sorted(rows.insert_computes(self.process.conf, hosts, **seen))

    def test_it_declares_what_the_conductors_driver_does(self):
        self.assertEqual(
            self.api.driver.characteristics, self.driver.characteristics
        )
        self.assertEqual(
            self.api.marker, self.driver.records.marker_store.read()
        )
