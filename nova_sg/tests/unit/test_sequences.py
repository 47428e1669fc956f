# SPDX-License-Identifier: Apache-2.0

"""Sequences in batches."""

from oslotest import base

from nova_sg import sequences


class TestBatched(base.BaseTestCase):
    def test_the_last_batch_may_have_fewer_values(self):
        for values, batches in (
            ([], []),
            ([1], [[1]]),
            ([1, 2], [[1, 2]]),
            ([1, 2, 3, 4, 5], [[1, 2], [3, 4], [5]]),
        ):
            with self.subTest(values=values):
                self.assertEqual(batches, [*sequences.batched(values, 2)])
