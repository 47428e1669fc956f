# SPDX-License-Identifier: Apache-2.0

"""The benefit of the doubt: what earns it, and how it ends."""

from oslotest import base

from nova_sg.servicegroup import doubt
from nova_sg.servicegroup import liveness

#: A service beats once a second, and is down after ten.
BOUNDS = doubt.Bounds(beat=1.5, tolerable=8.0, settling=2.0, limit=6.0)


class TestDoubting(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        self.time = 100.0
        self.doubting = doubt.Doubting(BOUNDS, lambda: self.time)

    def outage(self, seconds: float) -> None:
        self.doubting.lost('it was away')
        self.time += seconds
        self.doubting.found()

    def test_there_is_none_before_an_outage(self):
        self.doubting.found()
        self.assertIsNone(self.doubting.now)

    def test_an_outage_that_explains_a_missing_beat_is_doubt_for_a_while(self):
        self.outage(9.0)
        self.assertEqual(
            liveness.Doubt(100.0, 111.0, 'it was away'), self.doubting.now
        )
        self.time += 1.9
        self.assertIsNotNone(self.doubting.now)
        self.time += 0.1
        self.assertIsNone(self.doubting.now)

    def test_an_outage_too_short_to_explain_it_is_none(self):
        self.outage(8.0)
        self.assertIsNone(self.doubting.now)

    def test_short_outages_with_a_beat_between_them_are_none(self):
        for _ in range(50):
            self.outage(1.0)
            self.assertIsNone(self.doubting.now)
            self.time += 1.5

    def test_outages_without_a_beat_between_them_are_one(self):
        for _ in range(4):
            self.outage(2.0)
            self.time += 1.0
        self.assertEqual(100.0, self.doubting.now.since)

    def test_a_long_outage_renews_it_within_the_limit(self):
        self.outage(9.0)
        self.time += 1.9
        self.outage(9.0)
        self.assertIsNotNone(self.doubting.now)

    def test_outages_that_come_and_go_do_not_renew_it_for_ever(self):
        doubtful = 0.0
        for _ in range(20):
            self.outage(9.0)
            for _ in range(19):
                doubtful += 0.1 if self.doubting.now else 0.0
                self.time += 0.1
        self.assertLessEqual(doubtful, BOUNDS.limit + 0.2)

    def test_a_reader_that_reads_only_after_each_outage_sees_it_end(self):
        seen = []
        for _ in range(10):
            self.outage(9.0)
            seen.append(self.doubting.now is not None)
            self.time += 2.0
        self.assertTrue(seen[0])
        self.assertFalse(seen[-1])

    def test_after_a_calm_an_outage_is_a_new_cause(self):
        self.outage(9.0)
        self.time += BOUNDS.limit
        self.outage(9.0)
        self.assertEqual(
            liveness.Doubt(115.0, 126.0, 'it was away'), self.doubting.now
        )

    def test_there_is_none_while_nothing_can_be_read(self):
        self.outage(9.0)
        self.doubting.lost('it is away again')
        self.assertIsNone(self.doubting.now)

    def test_the_first_of_two_reports_of_an_outage_counts(self):
        self.doubting.lost('one')
        self.time += 5.0
        self.doubting.lost('another')
        self.time += 4.0
        self.doubting.found()
        self.doubting.found()
        self.assertEqual('one', self.doubting.now.why)

    def test_what_explains_it_by_itself_is_doubt_without_an_outage(self):
        self.time += 50.0
        self.doubting.explained('a clock was set')
        self.assertEqual(
            liveness.Doubt(150.0, 152.0, 'a clock was set'), self.doubting.now
        )
        for _ in range(10):
            self.time += 1.0
            self.doubting.explained('it was set again')
        self.assertIsNone(self.doubting.now)

    def test_what_explains_it_may_be_seen_first_after_a_short_outage(self):
        self.doubting.lost('it was away')
        self.time += 1.0
        self.doubting.explained('a clock was set')
        self.doubting.found()
        self.assertEqual('a clock was set', self.doubting.now.why)

    def test_since_when_it_is_is_when_its_cause_began(self):
        # Short outages before, which were none.
        for _ in range(3):
            self.outage(1.0)
            self.time += 2.0
        self.outage(9.0)
        self.assertEqual(109.0, self.doubting.now.since)

    def test_the_limit_counts_from_the_first_doubt_on(self):
        # Two seconds out, one second in, on and on.
        began = None
        for _ in range(20):
            self.outage(2.0)
            if self.doubting.now and began is None:
                began = self.time
            self.time += 1.0
        self.assertIsNone(self.doubting.now)
        self.assertIsNotNone(began)


class TestBounds(base.BaseTestCase):
    def test_no_outage_that_is_tolerable_makes_a_living_service_old(self):
        for interval, down_time in ((10, 60), (1, 3), (5, 15)):
            bounds = doubt.bounds_of(interval, down_time)
            self.assertLessEqual(bounds.tolerable + 2 * interval, down_time)
            self.assertGreater(bounds.beat, interval)
            self.assertGreaterEqual(bounds.limit, bounds.settling)
