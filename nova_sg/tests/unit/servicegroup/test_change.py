# SPDX-License-Identifier: Apache-2.0

"""The token of a change, and how it travels."""

from oslotest import base

from nova_sg import context
from nova_sg import exception
from nova_sg.db import writes
from nova_sg.servicegroup.records import change


class TestTokens(base.BaseTestCase):
    def test_each_change_has_its_own(self):
        mine = context.RequestContext(cell_uuid='a-cell', user_id='u1')
        one, another = change.for_one(mine), change.for_one(mine)
        self.assertNotEqual(change.token_of(one), change.token_of(another))
        self.assertIsNone(mine.change)
        self.assertEqual(('a-cell', 'u1'), (one.cell_uuid, one.user_id))

    def test_what_came_from_another_process_keeps_that_of_its_caller(self):
        theirs = context.RequestContext(change='theirs')
        self.assertEqual('theirs', change.token_of(change.for_one(theirs)))

    def test_a_change_that_nobody_made_one_for_gets_one(self):
        mine = context.RequestContext()
        self.assertNotEqual(change.token_of(mine), change.token_of(mine))

    def test_what_cannot_be_one_is_refused(self):
        for theirs in (' ', 'a' * 65, "'; --", 'é', 7, ['a']):
            self.assertRaises(
                exception.InvalidInput,
                change.token_of,
                context.RequestContext(change=theirs),
            )

    def test_a_database_keeps_it_as_long_as_every_store(self):
        self.assertGreaterEqual(writes.KEPT, change.KEPT)
