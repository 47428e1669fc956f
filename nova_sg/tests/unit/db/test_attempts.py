# SPDX-License-Identifier: Apache-2.0

"""Statements are repeated, and changes attempted until they are known."""

import contextlib

from oslo_db import exception as db_exc
from oslotest import base
import sqlalchemy as sa
import tenacity

from nova_sg.db import attempts

LOST = db_exc.DBConnectionError('reset by peer')
DEADLOCK = db_exc.DBDeadlock('lock wait timeout')


class TestRepeat(base.BaseTestCase):
    def waits(self, *errors):
        """Return how often attempts wait that end with these errors first."""
        left, waits = list(errors), []

        def attempt():
            if left:
                raise left.pop(0)
            return 'done'

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(attempts.TRANSIENT),
            wait=tenacity.wait_fixed(0),
            sleep=waits.append,
            reraise=True,
        )
        self.assertEqual('done', attempts.repeat(attempt, retrying, 60))
        return len(waits)

    def test_a_lost_connection_is_made_anew_at_once(self):
        self.assertEqual(0, self.waits())
        self.assertEqual(0, self.waits(LOST))
        self.assertEqual(1, self.waits(LOST, LOST))

    def test_the_other_side_of_a_deadlock_goes_first(self):
        self.assertEqual(1, self.waits(DEADLOCK))
        self.assertEqual(2, self.waits(DEADLOCK, LOST))


class TestAttempts(base.BaseTestCase):
    """One attempt is enough, unless its outcome is not known."""

    def run_with(self, *commits):
        """Run work, whose commits end with these errors, None for none."""
        waiting = list(commits)
        self.worked = 0

        @contextlib.contextmanager
        def transaction():
            yield None
            error = waiting.pop(0)
            if error is not None:
                raise error

        def work(_connection):
            self.worked += 1
            return self.worked

        self.tried = attempts.Attempts(
            transaction,
            tenacity.Retrying(
                retry=tenacity.retry_if_exception_type(attempts.TRANSIENT),
                stop=tenacity.stop_after_attempt(1),
                reraise=True,
            ),
        )
        return self.tried.run(work)

    def test_a_lost_answer_is_looked_for_once_more(self):
        self.assertEqual(2, self.run_with(LOST, None))

    def test_a_lost_answer_is_looked_for_only_once_more(self):
        self.assertRaises(
            db_exc.DBConnectionError, self.run_with, LOST, LOST, None
        )
        self.assertEqual((2, True), (self.worked, self.tried.unsure))

    def test_whatever_breaks_a_commit_loses_its_answer(self):
        error = sa.exc.ResourceClosedError('closed')
        self.assertEqual(2, self.run_with(error, None))

    def test_a_deadlock_at_the_commit_is_an_answer(self):
        self.assertRaises(db_exc.DBDeadlock, self.run_with, DEADLOCK, None)
        self.assertEqual((1, False), (self.worked, self.tried.unsure))

    def test_a_deadlock_after_a_lost_answer_leaves_it_unknown(self):
        self.assertRaises(
            db_exc.DBDeadlock, self.run_with, LOST, DEADLOCK, None
        )
        self.assertEqual((2, True), (self.worked, self.tried.unsure))
