# SPDX-License-Identifier: Apache-2.0

"""Promises of a membership: a service that beats is up, no other is."""

import json
import os

from nova_sg import exception
from nova_sg.servicegroup import record
from nova_sg.servicegroup.membership import base as membership_base
from nova_sg.servicegroup.testing import actions
from nova_sg.servicegroup.testing import base

#: Seconds: what a wrong clock is wrong by.
AN_HOUR = 3600


class MembershipTests(base.HealthyTest):
    """One process is the only member of its service."""

    def join(self, service: record.Record) -> membership_base.Handle:
        return self.membership.join(self.context, service)

    def test_a_join_shows_at_once(self) -> None:
        service = self.register()
        # After a leave nothing but the join itself can make it up.
        self.join(service).leave(self.context)
        self.assertFalse(self.is_up(service))
        self.join(service)
        self.assertTrue(self.is_up(service))

    def test_a_join_shows_in_another_process(self) -> None:
        service = self.register()
        other = self.worker()
        self.join(service).leave(self.context)
        self.assert_sees(
            False, lambda: other.call(actions.service_is_up, service)
        )
        self.join(service)
        # It may keep a verdict for a second.
        self.eventually(
            lambda: other.call(actions.service_is_up, service),
            'the other process sees the join',
            within=1,
        )

    def test_who_beats_is_up_and_who_does_not_is_down(self) -> None:
        beating, silent = self.register('host1'), self.register('host2')
        beats = self.join(beating)
        silence = self.join(silent)

        def is_down() -> bool:
            beats.beat(self.context)
            self.assertTrue(self.is_up(beating))
            return not self.is_up(silent)

        self.eventually(
            is_down,
            'the silent service is down',
            within=self.conf.servicegroup.service_down_time,
        )
        silence.beat(self.context)
        self.assertTrue(self.is_up(silent))

    def test_a_leave_shows_at_once(self) -> None:
        service = self.register()
        handle = self.join(service)
        handle.beat(self.context)
        handle.leave(self.context)
        self.assertFalse(self.is_up(service))

    def test_leaving_twice_is_leaving_once(self) -> None:
        service = self.register()
        handle = self.join(service)
        handle.leave(self.context)
        handle.leave(self.context)
        self.assertFalse(self.is_up(service))

    def test_many_leave_as_one(self) -> None:
        services = [self.register(f'host{n}') for n in range(3)]
        handles = self.membership.join_many(self.context, services)
        self.membership.leave_many(self.context, handles[:2])
        self.assertEqual(
            [False, False, True], [self.is_up(each) for each in services]
        )

    def test_many_join_in_the_order_given(self) -> None:
        services = [self.register(f'host{n}') for n in range(5)]
        services.reverse()
        handles = self.membership.join_many(self.context, services)
        self.assertEqual(
            [each.uuid for each in services], [each.uuid for each in handles]
        )
        self.assertTrue(all(each.up for each in self.alive().values()))

    def test_the_verdict_is_only_of_whom_is_asked_for(self) -> None:
        services = [self.register(f'host{n}') for n in range(3)]
        self.membership.join_many(self.context, services)
        wanted = {services[0].uuid, services[2].uuid}
        found = self.membership.alive(self.context, iter(sorted(wanted)))
        self.assertEqual(wanted, set(found))

    def test_a_beat_touches_nothing_an_operator_decides(self) -> None:
        service = self.register(
            disabled=True, disabled_reason='mine', forced_down=True, version=3
        )
        decided = self.records.update(
            self.context, service.uuid, {'version': 4}
        )
        handle = self.join(service)
        for _ in range(3):
            handle.beat(self.context)
        handle.leave(self.context)
        after = self.records.get_by_uuid(self.context, service.uuid)
        for field in record.FIELDS:
            if field not in ('report_count', 'last_seen_up'):
                self.assertEqual(
                    getattr(decided, field), getattr(after, field), field
                )

    def test_a_beat_moves_the_time_a_service_was_seen(self) -> None:
        service = self.register()
        handle = self.join(service)
        first = self.known([service])[service.uuid].last_seen
        if first is None:
            # The driver does not keep it: it may not begin to.
            handle.beat(self.context)
            self.assertIsNone(self.known([service])[service.uuid].last_seen)
            return

        def is_later() -> bool:
            handle.beat(self.context)
            last = self.known([service])[service.uuid].last_seen
            assert last is not None
            return last > first

        self.eventually(is_later, 'the service is seen later', within=1)

    def test_a_member_is_described_where_that_is_declared(self) -> None:
        service = self.register()
        self.join(service)
        members = self.known([service])[service.uuid].members
        if not self.characteristics.member_details:
            self.assertEqual((), members)
            return
        (member,) = members
        self.assertEqual(os.getpid(), member.pid)
        self.assertEqual(self.conf.servicegroup.service_down_time, member.ttl)
        self.assertIsNotNone(member.started_at.tzinfo)

    def test_a_beat_from_elsewhere_counts_where_that_is_declared(self) -> None:
        service, gone = self.register('host1'), self.register('host2')
        self.join(service).leave(self.context)
        self.api.destroy(self.context, gone.uuid)
        other = self.worker()
        uuids = [service.uuid, gone.uuid]
        if not self.characteristics.remote_beats:
            self.assertRaises(
                exception.ServiceNotJoined, other.call, actions.report, uuids
            )
            self.assertFalse(self.is_up(service))
            return
        self.assertEqual([gone.uuid], other.call(actions.report, uuids))
        self.assertTrue(self.is_up(service))

    def test_a_stay_elsewhere_begins_and_ends_where_that_is_declared(
        self,
    ) -> None:
        driver = self.api.driver
        self.assertEqual(
            self.characteristics.remote_beats, driver.remote_beats
        )
        service, gone = self.register('host1'), self.register('host2')
        self.api.destroy(self.context, gone.uuid)
        uuids = [service.uuid, gone.uuid]
        if not driver.remote_beats:
            self.assertRaises(
                exception.ServiceNotJoined, self.api.admit, self.context, uuids
            )
            return
        admitted = self.api.admit(self.context, uuids)
        self.assertEqual({service.uuid}, set(admitted))
        # As it is after it went over a wire.
        token = json.loads(json.dumps(admitted[service.uuid]))
        self.assertTrue(self.is_up(service))
        self.api.report_state(self.context, service.uuid)
        self.membership.withdraw(
            self.context,
            [membership_base.Stay(service.uuid, token, beats=1, seconds=1.0)],
        )
        self.assertFalse(self.is_up(service))

    def test_the_verdict_costs_the_same_for_any_number(self) -> None:
        services = [self.register(f'host{n}') for n in range(40)]
        self.membership.join_many(self.context, services)
        self.known(services[:1])
        with self.deployment.round_trips() as few:
            self.known(services[:2])
        with self.deployment.round_trips() as many:
            self.assertEqual(40, len(self.known(services)))
        self.assertEqual(few(), many())

    def test_the_clock_of_who_asks_does_not_matter(self) -> None:
        up, down = self.register('host1'), self.register('host2')
        self.join(up)
        self.join(down).leave(self.context)
        for seconds in (-AN_HOUR, AN_HOUR):
            with self.deployment.wrong_clock(seconds):
                self.membership.beat_many(self.context, [self.join(up)])
                self.assertTrue(self.is_up(up))
                self.assertFalse(self.is_up(down))

    def test_the_clock_of_who_beats_does_not_matter(self) -> None:
        slow, fast = self.register('host1'), self.register('host2')
        for service, seconds in ((slow, -AN_HOUR), (fast, AN_HOUR)):
            with self.deployment.wrong_clock(seconds):
                self.join(service).beat(self.context)
            self.assertTrue(self.is_up(service))
        self.eventually(
            lambda: not any(each.up for each in self.alive().values()),
            'the silent services are down',
            within=self.conf.servicegroup.service_down_time,
        )
