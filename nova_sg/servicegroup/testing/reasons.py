# SPDX-License-Identifier: Apache-2.0

"""Promises about why a service is down, and since when."""

from concurrent import futures
import datetime
import functools
import signal
import threading
import unittest

from nova_sg.servicegroup import api as sg_api
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup.membership import base as membership_base
from nova_sg.servicegroup.testing import actions
from nova_sg.servicegroup.testing import base
from nova_sg.servicegroup.testing import invocations


class ReasonTest(base.ConformanceTest):
    """A service, a process that watches it, and one that has just begun."""

    def setUp(self) -> None:
        super().setUp()
        self.service = self.register()
        self.began = _now()

    def why(self, reader: sg_api.API | None = None) -> reasons.Departure:
        """Return why the service is as it is.

        :param reader: is asked; by default one which has watched it
        """
        service = self.records.get_by_uuid(self.context, self.service.uuid)
        found = (reader or self.api).departures(self.context, [service])
        return found[service.uuid]

    def is_told(self, reader: sg_api.API, reason: str) -> bool:
        """Return whether a reader tells this reason."""
        return self.why(reader).reason == reason

    def watch_it_up(self) -> None:
        """Have this process see that the service is up."""
        self.eventually(
            lambda: self.why().reason == reasons.UP, 'the service is up'
        )

    def assert_reason(self, reason: str) -> None:
        """Check what the watcher, and a process that has just begun, tell.

        Once the service is down; and that it was seen while the test ran.
        """
        if not self.characteristics.reasons:
            reason = reasons.UNKNOWN
        within = max(
            self.characteristics.crash_detection,
            self.conf.servicegroup.service_down_time,
        )
        # One that has just begun may doubt that all members are dead.
        within += self.characteristics.doubt
        for reader in (self.api, self.new_api()):
            self.eventually(
                functools.partial(self.is_told, reader, reason),
                f'the service is {reason}',
                within=within,
            )
            found = self.why(reader)
            if reason == reasons.UNKNOWN:
                continue
            self.assertIsNotNone(found.last_seen)
            for moment in (found.since, found.last_seen):
                if moment is not None:
                    # A backend may keep whole seconds.
                    early = self.began - datetime.timedelta(seconds=1)
                    self.assertTrue(early <= moment <= _now(), found)


class ReasonTests(ReasonTest):
    """Services stop, crash, hang, are wedged, and are forced down."""

    def test_a_service_that_left_is_stopped(self) -> None:
        worker = self.worker()
        worker.call(actions.join_and_beat, self.service)
        self.watch_it_up()
        worker.call(actions.leave, self.service)
        self.assert_reason(reasons.STOPPED)

    def test_a_service_that_was_killed_is_silent(self) -> None:
        # An old leave is no reason.
        self.membership.join(self.context, self.service).leave(self.context)
        self.assert_reason(reasons.STOPPED)
        worker = self.worker()
        worker.call(actions.join_and_beat, self.service)
        self.watch_it_up()
        worker.signal(signal.SIGKILL)
        self.assert_reason(reasons.SILENT)
        if self.characteristics.reasons:
            # The backend knows no process that saw it later.
            told, watched = self.why(self.new_api()), self.why()
            self.assertTrue(
                told.last_seen
                and watched.last_seen
                and told.last_seen <= watched.last_seen,
                (told, watched),
            )

    def test_a_suspended_service_is_silent_until_it_goes_on(self) -> None:
        worker = self.worker()
        worker.call(actions.join_and_beat, self.service)
        self.watch_it_up()
        worker.signal(signal.SIGSTOP)
        self.assert_reason(reasons.SILENT)
        worker.signal(signal.SIGCONT)
        self.watch_it_up()

    def test_a_service_whose_loop_stopped(self) -> None:
        worker = self.worker()
        worker.call(actions.join, self.service)
        self.watch_it_up()
        declared = self.characteristics
        self.assert_reason(
            reasons.WEDGED if declared.wedged else reasons.SILENT
        )
        worker.call(actions.beat, self.service)
        self.watch_it_up()
        worker.call(actions.leave, self.service)
        self.assert_reason(reasons.STOPPED)

    def test_a_loop_that_went_on_is_no_reason(self) -> None:
        worker = self.worker()
        worker.call(actions.join, self.service)
        self.watch_it_up()
        wedged = self.characteristics.wedged
        self.assert_reason(reasons.WEDGED if wedged else reasons.SILENT)
        worker.call(actions.beat, self.service)
        self.watch_it_up()
        worker.signal(signal.SIGKILL)
        self.assert_reason(reasons.SILENT)

    def test_forced_down_wins(self) -> None:
        worker = self.worker()
        worker.call(actions.join_and_beat, self.service)
        self.watch_it_up()
        uuid = self.service.uuid
        self.api.update(self.context, uuid, {'forced_down': True})
        for reader in (self.api, self.new_api()):
            self.assertEqual(reasons.FORCED, self.why(reader).reason)
        worker.call(actions.leave, self.service)
        self.assertEqual(reasons.FORCED, self.why().reason)
        self.api.update(self.context, uuid, {'forced_down': False})
        self.assert_reason(reasons.STOPPED)

    def test_what_one_worker_says_does_not_count_for_the_other(self) -> None:
        workers = [self.worker(), self.worker()]
        for worker in workers:
            worker.call(actions.join_and_beat, self.service)
        workers[0].call(actions.leave, self.service)
        self.watch_it_up()
        workers[1].signal(signal.SIGKILL)
        self.assert_reason(reasons.SILENT)

    def test_the_last_of_two_workers_that_leave(self) -> None:
        workers = [self.worker(), self.worker()]
        for worker in workers:
            worker.call(actions.join, self.service)
        for worker in workers:
            worker.call(actions.leave, self.service)
        self.assert_reason(reasons.STOPPED)

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
        for self.service in services:
            self.assert_reason(reasons.STOPPED)

    def test_a_run_that_crashed_did_not_leave(self) -> None:
        if not self.characteristics.invocations:
            raise unittest.SkipTest('members do not carry their invocation')
        mine = invocations.new_invocation()
        worker = self.worker()
        worker.call(actions.belong_to, mine)
        worker.call(actions.join_and_beat, self.service)
        self.watch_it_up()
        worker.signal(signal.SIGKILL)
        uuid = self.service.uuid
        removal = self.api.leave_invocation(self.context, uuid, mine)
        self.assertEqual(1, removal.members)
        self.assert_reason(reasons.SILENT)

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
        self.worker(link).call(actions.join_and_beat, self.service)
        self.watch_it_up()
        link.cut()
        self.assert_reason(reasons.SILENT)
        link.heal()
        self.watch_it_up()


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
