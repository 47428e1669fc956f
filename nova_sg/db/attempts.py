# SPDX-License-Identifier: Apache-2.0

"""Statements and transactions that are attempted again.

What does no harm when it is done twice is only repeated, by :func:`repeat`.
A change is attempted until its outcome is known::

    t=0  attempt 1 commits; the answer to the COMMIT is lost
    t=1  attempt 2 finds the token of attempt 1, and changes nothing

Its work finds out by itself what became of an earlier attempt: see
:mod:`.writes`.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
import time
from typing import Any
from typing import TypeVar

from oslo_db import exception as db_exc
import sqlalchemy as sa
import tenacity

from nova_sg.db import refusals

T = TypeVar('T')

#: What may pass by itself: the statement is tried again, within a bound.
TRANSIENT = (db_exc.DBDeadlock, db_exc.DBConnectionError)


def repeat(
    attempt: Callable[[], T], retrying: tenacity.Retrying, seconds: float
) -> T:
    """Do what does no harm when it is done twice, until it is done.

    The first attempt after a lost connection is made at once, with a new one.
    Where a deadlock came first it waits, as the other side begins again, too.

    :param retrying: what is waited between two attempts
    :param seconds: no attempt begins later than this
    """
    began = time.monotonic()
    try:
        return attempt()
    except TRANSIENT as error:
        left = began + seconds - time.monotonic()
        if left <= 0:
            raise
        failed = [error]

    def again() -> T:
        if failed and isinstance(error := failed.pop(), db_exc.DBDeadlock):
            raise error
        return attempt()

    return retrying.copy(stop=tenacity.stop_before_delay(left))(again)


class Attempts:
    """The attempts of one change.

    :param transaction: begins a transaction, and commits it; its value is
        given to the work
    :param retrying: which errors another attempt follows, when, and until
        when. Where the outcome of the last one is not known, there is one
        more, which looks for it.
    """

    def __init__(
        self,
        transaction: Callable[[], AbstractContextManager[Any]],
        retrying: tenacity.Retrying,
    ) -> None:
        self._transaction = transaction
        self._retrying = retrying
        self._attempts = 0
        # The number of the latest attempt whose outcome is not known.
        self._lost = 0
        self._looked = False

    @property
    def unsure(self) -> bool:
        """Whether one of the attempts may have been committed."""
        return bool(self._lost)

    def run(self, work: Callable[[Any], T]) -> T:
        """Run work in a transaction, and commit it at most once.

        :returns: what ``work`` returned
        :raises DBConnectionError: the connection was lost; where
            :attr:`unsure`, the work may be committed
        """
        stop = self._retrying.stop

        def stops(state: tenacity.RetryCallState) -> bool:
            if not stop(state):  # type: ignore[operator]
                return False
            if self._lost < self._attempts or self._looked:
                return True
            self._looked = True
            return False

        return self._retrying.copy(stop=stops)(self._attempt, work)

    def _attempt(self, work: Callable[[Any], T]) -> T:
        self._attempts += 1
        done = False
        try:
            with self._transaction() as connection:
                result = work(connection)
                done = True
        except db_exc.DBDeadlock:
            # At the commit, too, that is an answer: it is not done.
            raise
        except (db_exc.DBError, sa.exc.SQLAlchemyError) as error:
            if not done:
                raise
            self._lost = self._attempts
            raise db_exc.DBConnectionError(refusals.cause_of(error)) from error
        return result
