# SPDX-License-Identifier: Apache-2.0

import datetime

from oslotest import base

from nova_sg import times

MOMENT = datetime.datetime(2026, 3, 1, 8, 0, 5, 120, tzinfo=datetime.UTC)


class TestTime(base.BaseTestCase):
    def test_it_is_written_with_its_fraction_and_without_an_offset(self):
        self.assertEqual('2026-03-01T08:00:05.000120', times.text(MOMENT))

    def test_a_fraction_of_zero_is_written_too(self):
        whole = MOMENT.replace(microsecond=0)
        self.assertEqual('2026-03-01T08:00:05.000000', times.text(whole))

    def test_an_early_year_has_four_digits(self):
        early = MOMENT.replace(year=7)
        self.assertEqual('0007-03-01T08:00:05.000120', times.text(early))

    def test_no_time_is_none(self):
        self.assertIsNone(times.text(None))
