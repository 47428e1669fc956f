# SPDX-License-Identifier: Apache-2.0

"""The ids that a store without a counter tries for a new record."""

import itertools

from oslotest import base

from nova_sg.servicegroup import record


class TestIdsToTry(base.BaseTestCase):
    def try_some(self, first=None):
        return list(itertools.islice(record.ids_to_try(first), 50))

    def test_a_number_in_time_is_first_and_the_others_lie_above(self):
        first, *others = self.try_some(7)
        self.assertEqual(7, first)
        for each in others:
            self.assertTrue(7 <= each < 7 + record.ABOVE, each)

    def test_ids_are_positive_and_fit_31_bits(self):
        for first in (None, 0, record.MAX_ID - 1, record.MAX_ID + 1):
            for each in self.try_some(first):
                self.assertTrue(0 < each <= record.MAX_ID, each)
