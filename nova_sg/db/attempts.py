# SPDX-License-Identifier: Apache-2.0

"""A transaction that is attempted until its outcome is known.

::

    t=0  attempt 1 commits; the answer to the COMMIT is lost
    t=1  attempt 2 finds the token of attempt 1, and changes nothing

The work finds out by itself what became of an earlier attempt: see
:mod:`.writes`.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from typing import TypeVar

from oslo_db import exception as db_exc
import sqlalchemy as sa
import tenacity

from nova_sg.db import refusals

T = TypeVar('T')


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
