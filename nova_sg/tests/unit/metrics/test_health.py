# SPDX-License-Identifier: Apache-2.0

"""How the workers of a program are, for probes."""

import json

import fixtures
from oslotest import base

from nova_sg import instruments
from nova_sg.metrics import health

PATIENCE = 60.0


class TestHealth(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.now = 1000.0
        self.useFixture(
            fixtures.MonkeyPatch('time.monotonic', lambda: self.now)
        )
        self.addCleanup(instruments.tell_of_backend, None)
        self.health = health.Health(PATIENCE)

    def worker(self, number):
        """Return one of several workers, as it is after a fork."""
        made = health.Health(PATIENCE)
        made._memory = self.health._memory
        made.begin(number)
        return made

    def asked(self, path):
        answer = self.health.pages()[path]()
        return answer.status, json.loads(answer.body)

    def test_before_a_worker_has_begun_it_is_live_and_not_ready(self):
        self.assertEqual((200, {'live': True}), self.asked('/live'))
        self.assertEqual((503, {'ready': False}), self.asked('/ready'))
        self.assertEqual((200, {'backend': None}), self.asked('/backend'))

    def test_one_loop_that_is_stuck_is_seen_whoever_is_asked(self):
        first, second = self.worker(0), self.worker(1)
        self.now += PATIENCE + 1
        first.turned()
        self.assertEqual((503, {'live': False}), self.asked('/live'))
        second.turned()
        self.assertEqual((200, {'live': True}), self.asked('/live'))

    def test_a_worker_that_ended_is_not_missed(self):
        first, second = self.worker(0), self.worker(1)
        first.end()
        first.turned()
        self.now += PATIENCE + 1
        second.turned()
        self.assertTrue(self.health.live)

    def test_it_is_ready_as_long_as_one_worker_is(self):
        first, second = self.worker(0), self.worker(1)
        second.set_ready(True)
        self.assertTrue(self.health.ready)
        second.set_ready(False)
        self.assertFalse(self.health.ready)
        first.set_ready(True)
        first.begin(0)
        self.assertFalse(self.health.ready)

    def test_the_backend_is_as_the_latest_answer_says(self):
        first, second = self.worker(0), self.worker(1)
        first._asked(False)
        self.assertEqual((503, {'backend': False}), self.asked('/backend'))
        self.now += 1
        second._asked(True)
        self.assertEqual((200, {'backend': True}), self.asked('/backend'))

    def test_it_is_told_of_the_backend_without_metrics(self):
        self.worker(0)
        instruments.NONE.backend_answered(False)
        self.assertIs(False, self.health.backend)

    def test_a_backend_that_is_away_makes_no_process_restart(self):
        self.worker(0).set_ready(True)
        instruments.NONE.backend_answered(False)
        self.assertEqual(200, self.asked('/live')[0])
        self.assertEqual(200, self.asked('/ready')[0])
