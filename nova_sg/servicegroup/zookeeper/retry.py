# SPDX-License-Identifier: Apache-2.0

"""A change that is tried until it is known to be done, or refused."""

from collections.abc import Callable
import random
import time
from typing import TypeVar

from nova_sg import exception
from nova_sg.servicegroup.zookeeper import errors
from nova_sg.servicegroup.zookeeper import session as sg_session

T = TypeVar('T')

#: Seconds, at most, before a change is tried for the second time; they
#: double up to the longest pause.
FIRST_PAUSE = 0.002
LONGEST_PAUSE = 0.1


class Change:
    """One change, however often it has to be tried.

    :param session: the session it is made over
    :param what: what is changed, for messages
    :ivar deadline: ``time.monotonic()`` until when it is tried
    :ivar unsure: an attempt was made whose outcome is not known
    """

    def __init__(self, session: sg_session.Session, what: str) -> None:
        self._session = session
        self._what = what
        self.deadline = session.deadline()
        self.unsure = False

    def run(self, attempt: Callable[[], T]) -> T:
        """Try a change, within the bounds of ``[zookeeper]``.

        :param attempt: raises ``Conflict`` where somebody else was first
        :returns: what it returned
        :raises OutcomeUnknown: the latest attempt may have been done
        :raises ServiceGroupUnavailable: it was not done
        """
        tries = self._session.options.max_retries + 1
        pause = FIRST_PAUSE
        for _ in range(tries):
            try:
                return attempt()
            except exception.OutcomeUnknown:
                self.unsure = True
                if time.monotonic() >= self.deadline:
                    raise
            except exception.ServiceGroupUnavailable as error:
                if not self.unsure:
                    raise
                raise exception.OutcomeUnknown(**error.kwargs) from error
            except errors.Conflict:
                # Random, so that rivals do not meet again.
                time.sleep(random.uniform(0, pause))  # noqa: S311
                pause = min(pause * 2, LONGEST_PAUSE)
        raise self._session.unavailable(
            f'{self._what} was changed by others each of the {tries} times '
            'this was tried'
        )
