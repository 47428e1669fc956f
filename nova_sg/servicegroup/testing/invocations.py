# SPDX-License-Identifier: Apache-2.0

"""Promises about what a run of a unit leaves behind when it has ended."""

import os
import signal
import uuid

from nova_sg.servicegroup import invocation as sg_invocation
from nova_sg.servicegroup.testing import actions
from nova_sg.servicegroup.testing import base
from nova_sg.servicegroup.testing import processes


class InvocationTests(base.HealthyTest):
    """Members are taken out by the invocation of their process."""

    options = {
        # What shows sooner does not show because it is missed.
        'servicegroup': {'report_interval': 1, 'service_down_time': 30},
        'zookeeper': {'session_timeout': 30},
    }

    def setUp(self) -> None:
        super().setUp()
        self.service = self.register()

    def begin(self, invocation: str | None) -> processes.Worker:
        """Start a worker of the service, in a run of a unit."""
        worker = self.worker()
        worker.call(actions.belong_to, invocation)
        worker.call(actions.join_and_beat, self.service)
        return worker

    def leave(self, invocation: str) -> sg_invocation.Removal:
        return self.api.leave_invocation(
            self.context, self.service.uuid, invocation
        )

    def up(self) -> bool:
        return self.is_up(self.service)

    def not_declared(self) -> bool:
        """Return whether members carry no invocation, which must be said."""
        if self.characteristics.invocations:
            return False
        mine = new_invocation()
        self.begin(mine)
        removal = self.leave(mine)
        self.assertEqual(0, removal.members)
        self.assertTrue(removal.kept)
        self.assertTrue(self.up())
        return True

    def test_a_run_that_crashed_is_down_at_once(self) -> None:
        if self.not_declared():
            return
        mine = new_invocation()
        workers = [self.begin(mine), self.begin(mine)]
        for worker in workers:
            worker.signal(signal.SIGKILL)
        self.assertTrue(self.up())
        self.assertEqual(sg_invocation.Removal(2), self.leave(mine))
        self.assertFalse(self.up())
        # It may be called twice, and for what was never there.
        for other in (mine, new_invocation()):
            self.assertEqual(sg_invocation.Removal(0), self.leave(other))
        self.assertFalse(self.up())

    def test_a_late_call_does_not_disturb_the_next_run(self) -> None:
        if self.not_declared():
            return
        first, second = new_invocation(), new_invocation()
        self.begin(first).signal(signal.SIGKILL)
        worker = self.begin(second)
        self.assertTrue(self.leave(first).members)
        self.assertTrue(self.up())
        self.leave(first)
        self.assertTrue(self.up())
        worker.signal(signal.SIGKILL)
        self.assertEqual(sg_invocation.Removal(1), self.leave(second))
        self.assertFalse(self.up())

    def test_a_member_without_an_invocation_is_not_taken_out(self) -> None:
        if self.not_declared():
            return
        mine = new_invocation()
        other = self.begin(None)
        self.begin(mine).signal(signal.SIGKILL)
        self.leave(mine)
        self.assertTrue(self.up())
        other.call(actions.leave, self.service)

    def test_a_run_that_has_left_leaves_nothing(self) -> None:
        if self.not_declared():
            return
        mine = new_invocation()
        worker = self.begin(mine)
        worker.call(actions.leave, self.service)
        self.assertFalse(self.up())
        self.assertEqual(sg_invocation.Removal(0), self.leave(mine))

    def test_a_process_that_lives_after_all_is_back_soon(self) -> None:
        if self.not_declared():
            return
        mine = new_invocation()
        self.begin(mine)
        self.leave(mine)
        self.eventually(
            self.up,
            'the service that goes on beating is up',
            within=self.conf.servicegroup.report_interval,
        )

    def test_a_service_that_is_gone_is_no_error(self) -> None:
        if self.not_declared():
            return
        removal = self.api.leave_invocation(
            self.context, str(uuid.uuid4()), new_invocation()
        )
        self.assertEqual(sg_invocation.Removal(0), removal)


class WorkerOfManyTests(base.HealthyTest):
    """One of the workers of a run dies, and the run goes on."""

    def test_a_worker_that_dies_under_a_living_parent_is_missed(self) -> None:
        mine = new_invocation()
        service = self.register()
        workers = [self.worker(), self.worker()]
        for worker in workers:
            worker.call(actions.belong_to, mine)
            worker.call(actions.join_and_beat, service)
        workers[0].signal(signal.SIGKILL)

        def one_left() -> bool:
            found = self.membership.alive(self.context, [service.uuid])
            self.assertTrue(found[service.uuid].up)
            pids = {each.pid for each in found[service.uuid].members}
            return pids <= {workers[1].pid}

        self.eventually(
            one_left,
            'the worker that died is no member',
            within=self.characteristics.crash_detection,
        )


def new_invocation() -> str:
    return uuid.UUID(bytes=os.urandom(16)).hex
