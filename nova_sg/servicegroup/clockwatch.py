# SPDX-License-Identifier: Apache-2.0

"""Whether a backend's clock was set, while it ages beats::

    t=0    agent A beats; the database stamps it 12:00:00
    t=1    the database's clock is set forward by 70 s
    t=2    a reader: the beat is 72 s old, and so is that of everybody else

A reader that keeps state has its own monotonic clock, and reads the
database's along with the beats: the two are 70 s further apart than at the
last look. No service has missed a beat for that.
"""

from collections.abc import Callable
import threading

from nova_sg import forks

#: Seconds that are no step: a clock of whole seconds, and one that is slewed.
TOLERANCE = 2.0


class ClockWatch:
    """Compares a backend's clock with this process's own. Thread safe.

    :param tell: called with what happened, in words for an operator
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._lock = forks.renewed(self, '_lock', threading.Lock)
        # How far the backend's clock is ahead of ours: at least, at most.
        self._ahead: tuple[float, float] | None = None
        self._asked_at = 0.0

    @property
    def ahead(self) -> float | None:
        """How far the backend's clock is ahead of ``time.monotonic()``.

        In seconds, at least; None before it was noted.
        """
        ahead = self._ahead
        return None if ahead is None else ahead[0]

    def note(self, now: float, asked_at: float, answered_at: float) -> None:
        """Take in what the backend's clock showed.

        :param now: the backend's time, in seconds since whenever
        :param asked_at: ``time.monotonic()`` before it was asked
        :param answered_at: ``time.monotonic()`` when it had answered
        """
        least, most = now - answered_at, now - asked_at
        with self._lock:
            if asked_at < self._asked_at:
                # A slow thread: what it read is older than what is known.
                return
            self._asked_at = asked_at
            before = self._ahead
            self._ahead = least, most
            if before is None:
                return
            if least - before[1] > TOLERANCE:
                step = f'forward by {least - before[1]:.0f} s'
            elif before[0] - most > TOLERANCE:
                step = f'back by {before[0] - most:.0f} s'
            else:
                least, most = max(least, before[0]), min(most, before[1])
                if least <= most:
                    # A slow answer tells little: keep what was told better.
                    self._ahead = least, most
                return
            # Before another thread judges by the new clock.
            self._tell(step)
