# SPDX-License-Identifier: Apache-2.0

"""Promises about the processes behind a service: workers, crashes, forks."""

import gc
import os
import signal
import time

from nova_sg.servicegroup import record
from nova_sg.servicegroup.testing import actions
from nova_sg.servicegroup.testing import base

_WORKED = 0
_FAILED = 1
_FORK_ROUNDS = 20


class WorkerTests(base.HealthyTest):
    """Processes share a service, crash, hang, and fork."""

    def eventually_down(self, service: record.Record, why: str) -> None:
        self.eventually(
            lambda: not self.is_up(service),
            f'the service is down after {why}',
            within=self.characteristics.crash_detection,
        )

    def eventually_up(self, service: record.Record, why: str) -> None:
        self.eventually(
            lambda: self.is_up(service),
            f'the service is up after {why}',
            within=self.conf.servicegroup.report_interval,
        )

    def test_a_process_that_hangs_or_does_not_beat_is_down(self) -> None:
        hung, silent = self.register('hung'), self.register('silent')
        hanging, idle = self.worker(), self.worker()
        hanging.call(actions.join_and_beat, hung)
        idle.call(actions.join, silent)
        hanging.signal(signal.SIGSTOP)
        self.eventually_down(hung, 'a hang')
        self.eventually(
            lambda: not self.is_up(silent),
            'the service whose loop does not turn is down',
            within=self.conf.servicegroup.service_down_time,
        )
        hanging.signal(signal.SIGCONT)
        self.eventually_up(hung, 'the hang')
        idle.call(actions.beat, silent)
        self.assertTrue(self.is_up(silent))

    def test_a_restarted_process_is_up_at_once(self) -> None:
        service = self.register()
        crashed = self.worker()
        crashed.call(actions.join_and_beat, service)
        crashed.signal(signal.SIGKILL)
        self.worker().call(actions.join_and_beat, service)
        self.assertTrue(self.is_up(service))

    def test_a_service_is_up_while_one_worker_lives(self) -> None:
        service = self.register(disabled_reason='mine')
        workers = [self.worker() for _ in range(3)]
        for worker in workers:
            worker.call(actions.join_and_beat, service)
        before = self.records.get_by_uuid(self.context, service.uuid)
        workers[0].call(actions.leave, service)
        self.assertTrue(self.is_up(service))
        workers[1].signal(signal.SIGKILL)
        self.assertTrue(self.is_up(service))
        workers[2].signal(signal.SIGKILL)
        self.eventually_down(service, 'the last worker crashed')
        # A crash is no decision.
        after = self.records.get_by_uuid(self.context, service.uuid)
        self.assertEqual(before.updated_at, after.updated_at)
        self.assertEqual('mine', after.disabled_reason)

    def test_the_last_worker_takes_the_service_down(self) -> None:
        service = self.register()
        first, second = self.worker(), self.worker()
        first.call(actions.join, service)
        second.call(actions.join, service)
        second.call(actions.beat, service)
        first.call(actions.leave, service)
        self.assertTrue(self.is_up(service))
        second.call(actions.leave, service)
        if self.characteristics.per_worker:
            self.assertFalse(self.is_up(service))
        else:
            # It shared the row, and cannot tell that it was the last.
            self.eventually_down(service, 'the last worker left')

    def test_workers_are_told_apart_where_that_is_declared(self) -> None:
        service = self.register()
        workers = [self.worker() for _ in range(2)]
        for worker in workers:
            worker.call(actions.join, service)
        found = self.membership.alive(self.context, [service.uuid])
        members = found[service.uuid].members
        if self.characteristics.per_worker and (
            self.characteristics.member_details
        ):
            self.assertEqual(
                {worker.pid for worker in workers},
                {member.pid for member in members},
            )
        else:
            self.assertLessEqual(len(members), 1)

    def test_clients_are_not_shared_over_a_fork(self) -> None:
        service = self.register()
        handle = self.membership.join(self.context, service)
        child = os.fork()
        if child == 0:
            self.be_the_child(service)
        for _ in range(_FORK_ROUNDS):
            self.assertEqual(1, len(self.records.list(self.context)))
            handle.beat(self.context)
            # SQLite is not fair to who waits for its lock.
            time.sleep(0.001)
        _, status = os.waitpid(child, 0)
        self.assertEqual(_WORKED, os.waitstatus_to_exitcode(status))
        handle.beat(self.context)
        self.assertTrue(self.is_up(service))
        changed = self.records.get_by_uuid(self.context, service.uuid)
        self.assertEqual('the child', changed.disabled_reason)

    def test_the_end_of_a_forked_child_is_not_a_leave(self) -> None:
        service = self.register()
        # Nobody beats meanwhile, and a laden machine may take its time.
        parent = self.new_api({'servicegroup': {'service_down_time': 60}})
        parent.driver.membership.join(self.context, service)
        child = os.fork()
        if child == 0:
            # What it inherited must not say good-bye to the backend.
            parent = self.api = None  # type: ignore[assignment]
            self.driver = None  # type: ignore[assignment]
            self.records = self.membership = None  # type: ignore[assignment]
            gc.collect()
            os._exit(_WORKED)
        _, status = os.waitpid(child, 0)
        self.assertEqual(_WORKED, os.waitstatus_to_exitcode(status))
        found = parent.driver.membership.alive(self.context, [service.uuid])
        self.assertTrue(found[service.uuid].up)

    def be_the_child(self, service: record.Record) -> None:
        """Use everything a fork inherited, at the same time as the parent."""
        code = _FAILED
        try:
            for _ in range(_FORK_ROUNDS):
                if len(self.records.list(self.context)) != 1:
                    return
                if not self.is_up(service):
                    return
            self.records.update(
                self.context, service.uuid, {'disabled_reason': 'the child'}
            )
            code = _WORKED
        finally:
            os._exit(code)
