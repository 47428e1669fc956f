# SPDX-License-Identifier: Apache-2.0

"""What a process goes on knowing of services when reads have failed."""

import datetime

from nova_sg.servicegroup import doubt
from nova_sg.servicegroup import knowledge
from nova_sg.servicegroup import liveness
from nova_sg.tests.unit.servicegroup import base


class TestAfterAnOutage(base.KnowledgeTestCase):
    """Beats had nowhere to go: to have missed them is no death."""

    SEEN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)

    def answer(self, up, last_seen=SEEN):
        verdict = liveness.Liveness(up, last_seen, self.clock.now)
        return self.knowledge.learn({'a': verdict})['a'].up

    def outage(self):
        self.clock.now += 100
        self.lose()
        self.clock.now += 100

    def test_what_was_up_stands_until_it_had_time_to_beat(self):
        self.answer(True)
        self.outage()
        self.assertTrue(self.answer(False))
        self.clock.now += 14.9
        self.assertTrue(self.answer(False))
        self.clock.now += 0.2
        self.assertFalse(self.answer(False))

    def test_what_was_down_is_down(self):
        self.answer(False)
        self.outage()
        self.assertFalse(self.answer(False))

    def test_a_service_that_beat_unseen_may_lack_the_time_too(self):
        # The reader reads seldom: not each beat.
        self.answer(True)
        self.outage()
        later = self.SEEN + datetime.timedelta(seconds=20)
        self.assertTrue(self.answer(False, later))

    def test_an_outage_too_short_to_explain_it_is_no_excuse(self):
        self.answer(True)
        self.clock.now += 59
        self.lose()
        self.clock.now += 2
        self.assertFalse(self.answer(False))

    def test_what_stands_in_doubt_says_so_and_how_old_it_is(self):
        self.answer(True)
        self.outage()
        verdict = self.knowledge.learn(
            {'a': liveness.Liveness(False, self.SEEN, self.clock.now)}
        )['a']
        self.assertTrue(verdict.up)
        self.assertEqual(
            liveness.Doubt(1100.0, 1215.0, 'No answer.'), verdict.unknown
        )
        self.assertEqual(200.0, self.knowledge.age)
        self.clock.now += 15
        self.answer(False)
        self.assertEqual(0.0, self.knowledge.age)

    def test_a_service_that_left_since_is_down_at_once(self):
        self.answer(True)
        self.outage()
        self.assertTrue(self.answer(False))
        left = self.SEEN - datetime.timedelta(days=1)
        self.assertFalse(self.answer(False, left))

    def test_a_backend_that_keeps_no_beats_is_taken_at_its_word(self):
        self.answer(True, None)
        self.outage()
        self.assertFalse(self.answer(False, None))

    def test_without_an_outage_silence_is_death(self):
        self.answer(True)
        self.clock.now += 100
        self.assertFalse(self.answer(False))


class TestFlapping(base.KnowledgeTestCase):
    """Reads fail now and then, and a service dies."""

    SEEN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)

    def seconds_until_down(
        self, *, down_time: int, interval: int, calm: float, outage: float
    ) -> float:
        """Return how long after its last beat the service is seen down."""
        bounds = doubt.bounds_of(interval, down_time)
        self.knowledge = knowledge.Knowledge(bounds)
        began = self.clock.now
        while self.clock.now - began < 20 * down_time:
            phase = (self.clock.now - began) % (calm + outage)
            if self.knowledge.outages.failing:
                pass
            elif phase >= calm:
                self.lose()
            else:
                up = self.clock.now - began <= down_time
                verdict = liveness.Liveness(up, self.SEEN, self.clock.now)
                if not self.knowledge.learn({'a': verdict})['a'].up:
                    return self.clock.now - began
            self.clock.now += 0.05
        raise AssertionError('never down')

    def test_a_read_that_fails_now_and_then_changes_nothing(self):
        for down_time, interval, calm in ((3, 1, 2.5), (60, 10, 15)):
            self.assertLess(
                self.seconds_until_down(
                    down_time=down_time,
                    interval=interval,
                    calm=calm,
                    outage=0.05,
                ),
                down_time + 0.5,
            )

    def test_a_death_shows_within_the_down_time_and_the_limit(self):
        for down_time, interval in ((3, 1), (6, 2), (60, 10), (10, 10)):
            bounds = doubt.bounds_of(interval, down_time)
            for calm in (1.0, 2.5, 7.0, 15.0, 29.0, 61.0):
                for outage in (0.05, 0.5, 0.9, 4.0):
                    if outage > bounds.tolerable / 2:
                        # That long the backend itself is out of reach.
                        continue
                    self.assertLess(
                        self.seconds_until_down(
                            down_time=down_time,
                            interval=interval,
                            calm=calm,
                            outage=outage,
                        ),
                        down_time + bounds.limit + 4 * outage,
                        f'{down_time} {interval} {calm} {outage}',
                    )
