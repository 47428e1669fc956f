# SPDX-License-Identifier: Apache-2.0

"""Promises about why a service is down, and since when."""

from concurrent import futures
import datetime
import functools
import itertools
import signal
import threading
import unittest

from nova_sg.servicegroup import api as sg_api
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup import record
from nova_sg.servicegroup.membership import base as membership_base
from nova_sg.servicegroup.testing import actions
from nova_sg.servicegroup.testing import base
from nova_sg.servicegroup.testing import invocations


class ReasonTest(base.ConformanceTest):
    """Services, a process that watches them, and one that has just begun."""

    def setUp(self) -> None:
        super().setUp()
        self.began = _now()

    def why(
        self, service: record.Record, reader: sg_api.API | None = None
    ) -> reasons.Departure:
        """Return why a service is as it is.

        :param reader: is asked; by default one which has watched it
        """
        service = self.records.get_by_uuid(self.context, service.uuid)
        found = (reader or self.api).departures(self.context, [service])
        return found[service.uuid]

    def is_told(
        self, service: record.Record, reader: sg_api.API, reason: str
    ) -> bool:
        """Return whether a reader tells this reason."""
        return self.why(service, reader).reason == reason

    def watch_up(self, *services: record.Record) -> None:
        """Have this process see that services are up."""
        for each in services:
            self.eventually(
                functools.partial(self.is_told, each, self.api, reasons.UP),
                f'{each.host} is up',
            )

    def assert_reason(self, reason: str, *services: record.Record) -> None:
        """Check what the watcher, and a process that has just begun, tell.

        Once the services are down; and that they were seen while the test
        ran.
        """
        if not self.characteristics.reasons:
            reason = reasons.UNKNOWN
        within = max(
            self.characteristics.crash_detection,
            self.conf.servicegroup.service_down_time,
        )
        # One that has just begun may doubt that all members are dead.
        within += self.characteristics.doubt
        for reader, each in itertools.product(
            (self.api, self.new_api()), services
        ):
            self.eventually(
                functools.partial(self.is_told, each, reader, reason),
                f'{each.host} is {reason}',
                within=within,
            )
            found = self.why(each, reader)
            if reason == reasons.UNKNOWN:
                continue
            self.assertIsNotNone(found.last_seen)
            for moment in (found.since, found.last_seen):
                if moment is not None:
                    # A backend may keep whole seconds.
                    early = self.began - datetime.timedelta(seconds=1)
                    self.assertTrue(early <= moment <= _now(), found)


class ReasonTests(ReasonTest):
    """Services stop, crash, hang, are wedged, and are forced down.

    Several at once, for each death takes its time to show.
    """

    def test_services_leave_and_are_killed_and_suspended(self) -> None:
        services = [
            self.register(host)
            for host in ('left', 'killed', 'suspended', 'of-two-workers')
        ]
        left, killed, suspended, shared = services
        # An old leave is no reason.
        self.membership.join(self.context, killed).leave(self.context)
        self.assert_reason(reasons.STOPPED, killed)
        workers = [self.worker() for _ in services]
        for worker, each in zip(workers, services, strict=True):
            worker.call(actions.join_and_beat, each)
        # Nor does what one worker says count for the other.
        first = self.worker()
        first.call(actions.join_and_beat, shared)
        first.call(actions.leave, shared)
        self.watch_up(*services)
        workers[0].call(actions.leave, left)
        for worker, how in zip(
            workers[1:],
            (signal.SIGKILL, signal.SIGSTOP, signal.SIGKILL),
            strict=True,
        ):
            worker.signal(how)
        self.assert_reason(reasons.STOPPED, left)
        self.assert_reason(reasons.SILENT, killed, suspended, shared)
        if self.characteristics.reasons:
            # The backend knows no process that saw it later.
            told = self.why(killed, self.new_api())
            watched = self.why(killed)
            self.assertTrue(
                told.last_seen
                and watched.last_seen
                and told.last_seen <= watched.last_seen,
                (told, watched),
            )
        workers[2].signal(signal.SIGCONT)
        self.watch_up(suspended)

    def test_loops_stop_and_go_on(self) -> None:
        left, killed = self.register('left'), self.register('killed')
        workers = {left: self.worker(), killed: self.worker()}
        for each, worker in workers.items():
            worker.call(actions.join, each)
            self.watch_up(each)
        wedged = self.characteristics.wedged
        self.assert_reason(
            reasons.WEDGED if wedged else reasons.SILENT, left, killed
        )
        for each, worker in workers.items():
            worker.call(actions.beat, each)
            self.watch_up(each)
        workers[left].call(actions.leave, left)
        workers[killed].signal(signal.SIGKILL)
        # That a loop stopped is no reason once it has gone on.
        self.assert_reason(reasons.STOPPED, left)
        self.assert_reason(reasons.SILENT, killed)

    def test_forced_down_wins(self) -> None:
        service, worker = self.register(), self.worker()
        worker.call(actions.join_and_beat, service)
        self.watch_up(service)
        self.api.update(self.context, service.uuid, {'forced_down': True})
        for reader in (self.api, self.new_api()):
            self.assertEqual(reasons.FORCED, self.why(service, reader).reason)
        worker.call(actions.leave, service)
        self.assertEqual(reasons.FORCED, self.why(service).reason)
        self.api.update(self.context, service.uuid, {'forced_down': False})
        self.assert_reason(reasons.STOPPED, service)

    def test_the_last_of_two_workers_that_leave(self) -> None:
        service = self.register()
        workers = [self.worker(), self.worker()]
        for worker in workers:
            worker.call(actions.join, service)
        for worker in workers:
            worker.call(actions.leave, service)
        self.assert_reason(reasons.STOPPED, service)

    def test_two_workers_that_leave_at_once(self) -> None:
        apis = [self.new_api(), self.new_api()]
        services = [self.register(f'race{number}') for number in range(5)]
        for service in services:
            handles = [
                each.driver.membership.join(self.context, service)
                for each in apis
            ]
            start = threading.Barrier(len(handles))

            def leave(
                handle: membership_base.Handle,
                start: threading.Barrier = start,
            ) -> None:
                start.wait()
                handle.leave(self.context)

            with futures.ThreadPoolExecutor(len(handles)) as pool:
                list(pool.map(leave, handles))
        self.assert_reason(reasons.STOPPED, *services)

    def test_a_run_that_crashed_did_not_leave(self) -> None:
        if not self.characteristics.invocations:
            raise unittest.SkipTest('members do not carry their invocation')
        mine = invocations.new_invocation()
        service, worker = self.register(), self.worker()
        worker.call(actions.belong_to, mine)
        worker.call(actions.join_and_beat, service)
        self.watch_up(service)
        worker.signal(signal.SIGKILL)
        removal = self.api.leave_invocation(self.context, service.uuid, mine)
        self.assertEqual(1, removal.members)
        self.assert_reason(reasons.SILENT, service)

    def test_what_is_up_costs_no_question_for_a_reason(self) -> None:
        services = [self.register(f'up{number}') for number in range(3)]
        handles = self.membership.join_many(self.context, services)
        self.membership.beat_many(self.context, handles)
        known = self.api.liveness(self.context, [e.uuid for e in services])
        with self.deployment.round_trips() as asked:
            found = self.api.departures(self.context, services, known)
        self.assertEqual(0, asked())
        self.assertEqual(
            [reasons.UP] * 3, [found[each.uuid].reason for each in services]
        )

    def test_any_number_costs_the_same(self) -> None:
        services = [self.register(f'gone{number}') for number in range(40)]
        handles = self.membership.join_many(self.context, services)
        self.membership.leave_many(self.context, handles)
        costs = []
        for some in (services[:2], services):
            uuids = [each.uuid for each in some]
            self.membership.departures(self.context, uuids)
            with self.deployment.round_trips() as asked:
                found = self.membership.departures(self.context, uuids)
            costs.append(asked())
            if self.characteristics.reasons:
                told = {each.reason for each in found.values()}
                self.assertEqual({reasons.STOPPED}, told)
                self.assertEqual(sorted(uuids), sorted(found))
        self.assert_same_costs(*costs)

    def assert_same_costs(self, few: int, many: int) -> None:
        self.assertEqual(few, many)


class CutOffReasonTests(ReasonTest):
    """The network of a service is cut, and its process lives."""

    def test_a_service_that_is_cut_off_is_silent(self) -> None:
        link = self.deployment.proxied()
        service = self.register()
        self.worker(link).call(actions.join_and_beat, service)
        self.watch_up(service)
        link.cut()
        self.assert_reason(reasons.SILENT, service)
        link.heal()
        self.watch_up(service)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
