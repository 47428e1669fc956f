# SPDX-License-Identifier: Apache-2.0

"""The benefit of the doubt after an outage: since when, until when, and why.

While a backend is out of reach, living services cannot beat, so that for a
while afterwards a missing beat proves nothing. A reader that saw the outage
lets such services stand as they did. That must end, though, or a dead service
stays up for as long as reads fail now and then::

    t=0    agent A dies; its last beat was a moment ago
    t=2    a read fails, and the next one a moment later works
    t=4    again, and so on every two seconds
    t=3    A has been silent for the service down time, and is down: the
           failures were too short to explain a missing beat

and with an outage that does explain it::

    t=0    the backend is gone; agent A dies, agent B lives
    t=60   it is back; A and B are both older than the service down time
    t=60+  both stand as they did, for the settling time
    t=62   B beats
    t=75   the settling time is over: A is down

Every driver uses this one model.
"""

from collections.abc import Callable
import threading
import time
from typing import NamedTuple


class Doubt(NamedTuple):
    """Why a silent service is not called down yet.

    :param since: ``time.monotonic()`` of the first cause
    :param until: ``time.monotonic()`` when it ends, if the backend answers
        until then
    :param why: the cause, in words for an operator
    """

    since: float
    until: float
    why: str


class Bounds(NamedTuple):
    """How much doubt an outage is worth; all in seconds.

    :param beat: the time in which every living service beats once
    :param tolerable: the longest outage that no living service is called
        down for; a longer one explains a missing beat
    :param settling: how long doubt lasts after an outage that explains it
    :param limit: how long doubt lasts at most, from its first cause on, not
        counting the time in which the backend was out of reach; also how
        long a backend must answer until an outage counts as a new cause
    """

    beat: float
    tolerable: float
    settling: float
    limit: float


class Doubting:
    """What one reader saw of the outages of one backend. Thread safe.

    :param bounds: see there
    :param clock: returns seconds, and never runs backwards
    :ivar bounds: may be replaced, where the backend has others than asked for
    """

    def __init__(
        self, bounds: Bounds, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.bounds = bounds
        self._clock = clock
        self._lock = threading.Lock()
        self._lost_at: float | None = None
        self._found_at = clock()
        # Of the present cause: when it began, what it was, how long the
        # backend has answered since, and how much of that is doubt.
        self._since: float | None = None
        self._why = ''
        self._spent = 0.0
        self._granted = 0.0
        # When the present outage began. One that follows another within less
        # than a beat is its continuation: nobody is sure to have beaten.
        self._began_at = 0.0

    def lost(self, why: str, since: float | None = None) -> None:
        """Note that the backend is out of reach; again is as good as once.

        :param why: the cause, in words for an operator
        :param since: when it last answered for sure, by the clock; None for
            now
        """
        with self._lock:
            if self._lost_at is not None:
                return
            now = self._clock() if since is None else since
            answered = max(0.0, now - self._found_at)
            if self._since is None or answered >= self.bounds.limit:
                self._since = now
                self._spent = self._granted = 0.0
                self._began_at = now
            else:
                self._spent += answered
                if answered >= self.bounds.beat:
                    self._began_at = now
            self._lost_at = now
            self._why = why

    def found(self) -> None:
        """Note that the backend answers; again is as good as once."""
        if self._lost_at is None:
            return
        with self._lock:
            if self._lost_at is None:
                return
            now = self._clock()
            self._lost_at = None
            self._found_at = now
            if now - self._began_at > self.bounds.tolerable:
                self._granted = min(
                    self._spent + self.bounds.settling, self.bounds.limit
                )

    @property
    def now(self) -> Doubt | None:
        """The doubt that holds at this moment, None without any.

        While the backend is out of reach there is nothing to be doubted:
        what was known before stands.
        """
        with self._lock:
            if self._lost_at is not None or self._since is None:
                return None
            until = self._found_at + self._granted - self._spent
            if self._clock() >= until:
                return None
            return Doubt(self._since, until, self._why)
