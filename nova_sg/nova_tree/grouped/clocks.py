# SPDX-License-Identifier: Apache-2.0

"""The clock of a database, as a process knows it without asking.

nova hands over service objects with a stamp of the database, and asks whether
the service is up. The reader's own clock has no part in the answer: it may be
an hour off. So a reader asks the database for its time twice a minute, and
counts on by its monotonic clock in between::

    t=0    the reader asks the database of cell1, which says 12:00:00
    t=0.2  the answer is there: the database is between 12:00:00 and 12:00:00.2
           now, and the reader takes the earlier time
    t=20   nova asks for a service that was seen at 11:59:30: 50 s ago
    t=30   the reader asks again with the next service

The database's clock may be set meanwhile. A heartbeat after that has a stamp
which does not fit::

    t=40   the clock is set forward by an hour
    t=45   a service beats, and nova asks for it: it was seen in an hour
    t=45+  the reader asks again at once, and judges by the new time
"""

from collections.abc import Callable
import math
import threading
import time

from nova_sg import exception
from nova_sg import forks
from nova_sg.servicegroup import clockwatch

#: Seconds after which the database is asked again.
REFRESH = 30.0

#: Seconds for which a database is not asked again that could not be asked, nor
#: one that was asked because a stamp does not fit.
PAUSE = 1.0


class DatabaseClock:
    """An estimate of a database's clock. Thread safe.

    It is never ahead of that clock: a service is down late rather than early.

    :param ask: returns the database's time, in seconds since 1970
    :param stepped: called with how far that clock was set, and where to
    """

    def __init__(
        self, ask: Callable[[], float], stepped: Callable[[str], None]
    ) -> None:
        self._ask = ask
        self._watch = clockwatch.ClockWatch(stepped)
        self._asking = forks.renewed(self, '_asking', threading.Lock)
        self._due = 0.0
        self._asked_at = -math.inf
        self._error: exception.ServiceGroupUnavailable | None = None

    def now(self, *, doubted: bool = False) -> float:
        """Return the database's time, in seconds since 1970.

        One thread asks when that is due; others go on with what is known.

        :param doubted: a stamp does not fit: ask at once, but not more often
            than once a second
        :raises ServiceGroupUnavailable: the database cannot be asked, or
            could not a moment ago
        """
        if self._is_due(doubted):
            goes_on = self._watch.ahead is not None and not doubted
            if self._asking.acquire(blocking=not goes_on):
                try:
                    # Another thread may have asked while this one waited.
                    if self._is_due(doubted):
                        self._refresh()
                finally:
                    self._asking.release()
        if self._error is not None:
            raise self._error
        return time.monotonic() + (self._watch.ahead or 0.0)

    def ask_again(self) -> None:
        """Ask with the next question: there was an outage."""
        self._due = 0.0

    def _is_due(self, doubted: bool) -> bool:
        due = self._due
        if doubted:
            due = min(due, self._asked_at + PAUSE)
        return time.monotonic() >= due

    def _refresh(self) -> None:
        asked_at = time.monotonic()
        try:
            found = self._ask()
        except exception.ServiceGroupUnavailable as error:
            self._error = error
            self._asked_at = time.monotonic()
            self._due = self._asked_at + PAUSE
            return
        answered_at = time.monotonic()
        self._watch.note(found, asked_at, answered_at)
        self._error = None
        self._asked_at = answered_at
        self._due = answered_at + REFRESH
