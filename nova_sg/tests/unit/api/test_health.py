# SPDX-License-Identifier: Apache-2.0

"""One asker at a time, and one answer for all."""

import concurrent.futures
import threading

from oslo_middleware.healthcheck import pluginbase
from oslotest import base

from nova_sg.api import health

PATIENCE = 60.0  # seconds


class TestRemembered(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.now = 1000.0
        self.asked = 0
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.is_asking = threading.Event()
        self.check = health.Remembered(self.ask, lambda: self.now)
        self.pool = concurrent.futures.ThreadPoolExecutor()
        self.addCleanup(self.pool.shutdown)
        self.addCleanup(self.may_answer.set)

    def ask(self) -> pluginbase.HealthcheckResult:
        self.asked += 1
        number = self.asked
        self.is_asking.set()
        self.may_answer.wait(PATIENCE)
        return pluginbase.HealthcheckResult(available=True, reason=str(number))

    def test_an_answer_stands_for_some_seconds(self):
        for _ in range(100):
            self.assertEqual('1', self.check().reason)
        self.now += health.FRESH + 1
        self.assertEqual('2', self.check().reason)

    def test_nobody_waits_for_a_backend_that_somebody_asks_already(self):
        self.check()
        self.now += health.FRESH + 1
        self.may_answer.clear()
        self.is_asking.clear()
        first = self.pool.submit(self.check)
        self.assertTrue(self.is_asking.wait(PATIENCE))
        self.assertEqual('1', self.check().reason)
        self.may_answer.set()
        self.assertEqual('2', first.result(PATIENCE).reason)
        self.assertEqual('2', self.check().reason)

    def test_an_old_answer_is_told_to_nobody(self):
        self.check()
        self.now += health.STALE + 1
        self.may_answer.clear()
        self.is_asking.clear()
        both = [self.pool.submit(self.check) for _ in range(2)]
        self.assertTrue(self.is_asking.wait(PATIENCE))
        self.may_answer.set()
        for each in both:
            self.assertEqual('2', each.result(PATIENCE).reason)
