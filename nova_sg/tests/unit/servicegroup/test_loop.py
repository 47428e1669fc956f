# SPDX-License-Identifier: Apache-2.0

"""A task that is called again and again in a thread of its own."""

import math
import threading

import fixtures

from nova_sg import exception
from nova_sg.servicegroup import loop
from nova_sg.tests.fixtures import threads
from nova_sg.tests.unit.servicegroup import base


class TestLoop(base.WaitingTestCase):
    """Answers are what the task returns, or raises, call by call."""

    def setUp(self):
        super().setUp()
        self.useFixture(
            fixtures.MonkeyPatch(f'{loop.__name__}.UNEXPECTED_PAUSE', 0.01)
        )
        self.called = threading.Semaphore(0)
        self.answers = []
        self.loop = loop.Loop('a-loop', self.task, lambda: 0.01)
        self.addCleanup(self.loop.stop)

    def task(self):
        answer = self.answers.pop(0) if self.answers else math.inf
        self.called.release()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def await_calls(self, count: int) -> None:
        for _ in range(count):
            self.assertTrue(self.called.acquire(timeout=base.PATIENCE))

    def await_end(self) -> None:
        self.eventually(lambda: not self.loop.running)

    def test_a_task_is_called_when_it_is_due(self):
        self.answers = [0.01, 0.01]
        self.loop.start()
        self.await_calls(3)

    def test_a_task_that_is_not_due_is_called_when_it_is_woken(self):
        self.loop.start()
        self.await_calls(1)
        self.assertFalse(self.called.acquire(timeout=0.05))
        self.loop.wake()
        self.await_calls(1)

    def test_a_task_that_fails_is_called_again(self):
        self.answers = [
            exception.ServiceGroupUnavailable(backend='b', reason='away'),
            ValueError('unexpected'),
        ]
        self.loop.start()
        self.await_calls(3)

    def test_an_unexpected_error_that_lasts_is_logged_once(self):
        log = self.useFixture(fixtures.FakeLogger(loop.__name__))
        self.answers = [*[ValueError('a bug')] * 3, 0.0, ValueError('again')]
        self.loop.start()
        self.await_calls(6)
        self.assertEqual(2, log.output.count('Unexpected error'), log.output)

    def test_a_loop_without_a_task_ends_and_can_begin_anew(self):
        self.answers = [None]
        self.loop.start()
        self.await_end()
        self.answers = [None]
        self.loop.start()
        self.await_calls(2)
        self.await_end()

    def test_a_loop_that_is_started_while_it_ends_goes_on(self):
        ending, started = threading.Event(), threading.Event()

        def task():
            if not ending.is_set():
                ending.set()
                started.wait(base.PATIENCE)
                return None
            self.called.release()
            return math.inf

        self.loop = loop.Loop('a-loop', task, lambda: 0.01)
        self.addCleanup(self.loop.stop)
        self.loop.start()
        self.assertTrue(ending.wait(base.PATIENCE))
        self.loop.start()
        started.set()
        self.await_calls(1)

    def test_a_loop_that_was_stopped_calls_nothing_any_more(self):
        self.loop.start()
        self.await_calls(1)
        self.loop.stop()
        self.loop.wake()
        self.assertFalse(self.loop.running)
        self.assertFalse(self.called.acquire(timeout=0.05))

    def test_a_thread_that_cannot_start_is_tried_again(self):
        with threads.NoThreads():
            self.assertRaises(RuntimeError, self.loop.start)
        self.assertFalse(self.loop.running)
        self.loop.start()
        self.await_calls(1)
