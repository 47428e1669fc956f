# SPDX-License-Identifier: Apache-2.0

"""Promises of the API: nova's services join and leave with nova's calls."""

import signal
from typing import Any
import uuid

from nova_sg import exception
from nova_sg.servicegroup import heartbeat
from nova_sg.servicegroup.testing import actions
from nova_sg.servicegroup.testing import base
from nova_sg.servicegroup.testing import members


class _Service:
    """What nova's service gives to join, with a thread group in it.

    :ivar timers: what was asked of the thread group
    """

    report_interval = 1

    def __init__(self, service_ref: object) -> None:
        self.service_ref = service_ref
        self.tg = self
        self.timers: list[tuple[float, Any, list[Any], float]] = []

    def add_timer_args(
        self,
        interval: float,
        callback: Any,
        args: list[Any],
        initial_delay: float,
    ) -> None:
        self.timers.append((interval, callback, args, initial_delay))

    def tick(self) -> None:
        """Do what the thread group does once in an interval."""
        for _, callback, args, _ in self.timers:
            callback(*args)


class JoinTests(base.HealthyTest):
    """nova's services join and leave with nova's own calls."""

    def test_a_service_is_up_when_join_returns(self) -> None:
        member = self.register()
        service = _Service(member)
        self.api.join('host1', 'compute', service)
        self.api.leave(service)
        self.assertFalse(self.is_up(member))
        self.api.join('host1', 'compute', service)
        self.assertTrue(self.is_up(member))

    def test_beats_come_from_timers_and_from_reports(self) -> None:
        timed, reporting = self.register('host1'), self.register('host2')
        service = _Service(members.Object(**timed._asdict()))
        self.api.join('host1', 'compute', service)
        ((interval, _, _, initial_delay),) = service.timers
        self.assertEqual(1, interval)
        self.assertTrue(0 <= initial_delay <= 1)
        self.api.join_many(self.context, [reporting])
        self.eventually(
            lambda: not any(each.up for each in self.alive().values()),
            'services whose timers do not run are down',
            within=self.conf.servicegroup.service_down_time,
        )
        service.tick()
        self.assertTrue(self.is_up(timed))
        self.eventually(
            lambda: not self.is_up(reporting),
            'a process that has just begun sees that the other is down',
            within=self.characteristics.doubt,
        )
        self.api.report_state(self.context, reporting.uuid)
        self.assertTrue(self.is_up(reporting))

    def test_common_starts_do_not_beat_in_step(self) -> None:
        service = _Service(self.register())
        for _ in range(5):
            self.api.join('host1', 'compute', service)
        self.assertEqual(5, len({delay for *_, delay in service.timers}))
        delays = {heartbeat.first_delay(100) for _ in range(100)}
        self.assertTrue(min(delays) < 50 < max(delays))

    def test_a_timer_that_ticks_after_a_leave_is_no_join(self) -> None:
        member = self.register()
        service = _Service(member)
        self.api.join('host1', 'compute', service)
        self.api.leave(service)
        service.tick()
        self.assertFalse(self.is_up(member))

    def test_the_timer_of_a_destroyed_service_ticks_on(self) -> None:
        member = self.register()
        service = _Service(member)
        self.api.join('host1', 'compute', service)
        self.api.destroy(self.context, member.uuid)
        service.tick()
        service.tick()
        self.assertEqual([], list(self.records.list(self.context)))

    def test_nobody_joins_without_a_service(self) -> None:
        self.assertRaises(
            exception.InvalidInput, self.api.join, 'host1', 'compute'
        )

    def test_nobody_joins_for_a_destroyed_service(self) -> None:
        member = self.register()
        self.api.destroy(self.context, member.uuid)
        self.assertRaises(
            exception.ServiceNotFound,
            self.api.join,
            'host1',
            'compute',
            _Service(member),
        )

    def test_all_that_joined_here_leave_as_one(self) -> None:
        mine = [self.register(f'host{n}') for n in range(3)]
        theirs = self.register('host3')
        self.api.join_many(self.context, mine)
        self.worker().call(actions.join, theirs)
        self.api.leave_all(self.context)
        self.assertEqual([False] * 3, [self.is_up(each) for each in mine])
        self.assertTrue(self.is_up(theirs))

    def test_a_report_for_an_unknown_service_is_refused(self) -> None:
        errors = (exception.ServiceNotFound, exception.ServiceNotJoined)
        self.assertRaises(
            errors,
            self.api.report_state,
            self.context,
            str(uuid.uuid4()),
        )

    def test_a_heartbeat_keeps_its_services_up_and_no_others(self) -> None:
        mine, theirs = self.register('host1'), self.register('host2')
        beats = heartbeat.Heartbeat(self.membership, self.context, 0.2)
        beats.start()
        self.addCleanup(beats.stop)
        beats.add([self.membership.join(self.context, mine)])
        other = self.worker()
        other.call(actions.join_and_beat, theirs)
        other.signal(signal.SIGKILL)

        def is_down() -> bool:
            self.assertTrue(self.is_up(mine))
            return not self.is_up(theirs)

        self.eventually(
            is_down,
            'the killed process is down',
            within=self.characteristics.crash_detection,
        )
