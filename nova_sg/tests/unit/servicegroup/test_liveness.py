# SPDX-License-Identifier: Apache-2.0

"""The uuids of very many services."""

from oslotest import base

from nova_sg.servicegroup import liveness


class TestUuids(base.BaseTestCase):
    def test_it_holds_what_was_added_for_few_questions_and_for_many(self):
        uuids = liveness.Uuids()
        for part in range(3):
            uuids.add([f'{part}-{number}' for number in range(10)])
        self.assertEqual(30, len(uuids))
        for _ in range(liveness.Uuids.FEW):
            self.assertIn('2-9', uuids)
            self.assertNotIn('2', uuids)
            self.assertNotIn('3-1', uuids)
        self.assertNotIn('', uuids)
