# SPDX-License-Identifier: Apache-2.0

"""When a backend that fails is asked again, and what the log says of it."""

import fixtures
from oslotest import base as test_base

from nova_sg.servicegroup import outages
from nova_sg.tests.unit.servicegroup import base


class TestOutages(test_base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = self.useFixture(base.Clock(outages))
        self.log = self.useFixture(fixtures.FakeLogger(outages.__name__))
        self.outages = outages.Outages(base.BOUNDS)

    def lose(self, times: int = 1) -> None:
        for _ in range(times):
            self.outages.failed(Exception('No answer.'), 2)

    def assert_asked_again_after(self, seconds: float) -> None:
        self.clock.now += seconds - 0.01
        self.assertTrue(self.outages.failing)
        self.clock.now += 0.02
        self.assertFalse(self.outages.failing)

    def test_pauses_double_up_to_a_second_and_end_with_an_answer(self):
        self.assertFalse(self.outages.failing)
        for seconds in (0.1, 0.2, 0.4, 0.8, 1.0, 1.0):
            self.lose()
            self.assert_asked_again_after(seconds)
        # However long it lasts.
        self.lose(times=2000)
        self.assert_asked_again_after(1.0)
        self.lose()
        self.outages.answered()
        self.assertFalse(self.outages.failing)

    def test_it_is_said_once_what_stands_and_how_old_it_is_and_the_end(self):
        self.outages.answered()
        self.clock.now += 7
        self.lose(times=3)
        self.outages.answered()
        self.outages.answered()
        self.assertEqual(
            [
                'No answer. Until it answers, 2 service(s) keep their last '
                'known state, which is 7 s old.',
                'The servicegroup backend answers again.',
            ],
            self.log.output.splitlines(),
        )

    def test_that_nothing_is_known_is_said_too(self):
        self.lose()
        self.assertIn('which is of unknown age', self.log.output)

    def test_it_is_said_how_long_silence_is_no_death(self):
        self.lose()
        self.clock.now += 100
        self.assertIsNotNone(self.outages.answered())
        self.assertIn('answers again. For up to 15 s, ', self.log.output)
