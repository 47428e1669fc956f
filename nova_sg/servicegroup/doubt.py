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
import math
import threading
import time
from typing import NamedTuple

from nova_sg import forks
from nova_sg.servicegroup import liveness


class Bounds(NamedTuple):
    """How much doubt a cause is worth; all in seconds.

    :param beat: the time in which every living service beats once
    :param tolerable: the longest outage that no living service is called
        down for; a longer one explains a missing beat
    :param settling: how long doubt lasts after an outage that explains it
    :param limit: how long doubt lasts at most, from when a cause first gave
        it, whatever happens meanwhile. Only outages that explain a missing
        beat do not count: nothing could be read in them. Also how long a
        backend must answer until an outage counts as a new cause.
    """

    beat: float
    tolerable: float
    settling: float
    limit: float


def bounds_of(interval: float, down_time: float) -> Bounds:
    """Return the bounds for services that beat into one backend.

    A service beats within an interval, and its beat needs time to arrive:
    half an interval, but not less than a laden machine takes. Its last beat
    may be an interval old when an outage begins, and the next one comes up
    to an interval after its end: what is left of the down time is tolerable.

    :param interval: ``[servicegroup] report_interval``
    :param down_time: ``[servicegroup] service_down_time``
    """
    settling = interval + max(interval / 2, 1.0)
    return Bounds(
        beat=settling,
        tolerable=max(down_time - 2 * interval, interval / 2),
        settling=settling,
        limit=2 * settling,
    )


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
        self._lock = forks.renewed(self, '_lock', threading.Lock)
        self._lost_at: float | None = None
        self._found_at = clock()
        # Of the present cause: when it began, what it was, how much of its
        # doubt is used up, and how much it has; 0.0 for none.
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
            if self._lost_at is None:
                self._lose(why, since)

    def found(self) -> None:
        """Note that the backend answers; again is as good as once."""
        if self._lost_at is None:
            return
        with self._lock:
            if self._lost_at is not None:
                self._find()

    def explained(self, why: str) -> None:
        """Note what explains a missing beat by itself, other than an outage.

        A clock that was set forward, say: every beat looks too old.

        :param why: the cause, in words for an operator
        """
        with self._lock:
            if self._lost_at is not None:
                # The first answer after an outage has shown it.
                self._why = why
                self._began_at = -math.inf
                return
            self._lose(why, None)
            self._began_at = -math.inf
            self._find()

    def _lose(self, why: str, since: float | None) -> None:
        now = self._clock() if since is None else since
        answered = max(0.0, now - self._found_at)
        if (
            self._since is None
            or answered >= self.bounds.limit
            or (not self._granted and answered >= self.bounds.beat)
        ):
            self._since = self._began_at = now
            self._spent = self._granted = 0.0
        else:
            if self._granted:
                self._spent += answered
            if answered >= self.bounds.beat:
                self._began_at = now
        self._lost_at = now
        self._why = why

    def _find(self) -> None:
        now = self._clock()
        outage = now - (now if self._lost_at is None else self._lost_at)
        self._lost_at = None
        self._found_at = now
        if self._granted and outage <= self.bounds.tolerable:
            self._spent += outage
        if now - self._began_at > self.bounds.tolerable:
            self._granted = min(
                self._spent + self.bounds.settling, self.bounds.limit
            )

    @property
    def now(self) -> liveness.Doubt | None:
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
            return liveness.Doubt(self._since, until, self._why)
