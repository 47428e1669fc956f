# SPDX-License-Identifier: Apache-2.0

"""Notices that a loop of this process no longer beats for its services.

Where nothing but the loop speaks for a service, one that hangs looks from
elsewhere like a crash. Another thread of its process sees the difference::

    t=0   A joins, with a report interval of 10 s and a service down time of
          60 s; from now on a thread looks at what A's loop does
    t=20  the loop beats for the last time, and then hangs
    t=70  the thread notes in the backend that A is wedged: one write
    t=80  A is down by its age, and whatever asks why finds the note
    t=95  the loop goes on: its beat is later than the note

    t=0   B joins
    t=20  its whole process is suspended, and goes on at t=200
    t=200 the thread was suspended, too: it looks again an interval later,
          when the loop has beaten

The note is written while the service still counts as up: no reader asks for
its reason before it is down.
"""

from collections.abc import Callable
from collections.abc import Hashable
from collections.abc import Iterable
from collections.abc import Sequence
import math
import threading
import time
from typing import Any
from typing import Generic
from typing import TypeVar

from oslo_log import log as logging

from nova_sg import exception
from nova_sg import forks
from nova_sg.servicegroup import loop
from nova_sg.servicegroup import record

LOG = logging.getLogger(__name__)

#: Up to so many services are named in a message.
FEW = 10

#: The name of the loop, and of its thread.
NAME = 'watchdog'
THREAD = loop.PREFIX + NAME

T = TypeVar('T', bound=Hashable)

#: The share of the service down time after which a loop may have stopped,
#: where less than an interval is left until then.
SHARE = 3 / 4


def patience(interval: float, down_time: float) -> float:
    """Return after how many seconds without a beat a loop has stopped.

    Before the service is down: what is told of it then does not change.

    :param interval: seconds between two beats
    :param down_time: seconds without one until a service is down
    """
    return max(down_time * SHARE, down_time - interval)


class Watchdog(Generic[T]):
    """Looks at what beats, in a thread of its own.

    :param interval: seconds between two beats; 0 where nothing beats
    :param down_time: seconds without one until a service is down
    :param service_of: returns the service of one, with ``binary`` and ``host``
    :param note: called with those that have stopped, once until they beat
        again; it may raise ``ServiceGroupUnavailable``
    """

    def __init__(
        self,
        interval: float,
        down_time: float,
        service_of: Callable[[T], Any],
        note: Callable[[Sequence[T]], None],
    ) -> None:
        self._interval = interval
        self._patience = patience(interval, down_time)
        self._service_of = service_of
        self._note = note
        # ``time.monotonic()`` of the last beat of each.
        self._beaten: dict[T, float] = forks.renewed(self, '_beaten', dict)
        self._noted: set[T] = forks.renewed(self, '_noted', set)
        self._warned: set[T] = forks.renewed(self, '_warned', set)
        self._lock = forks.renewed(self, '_lock', threading.Lock)
        #: When it is to look again.
        self._due = math.inf
        self._loop = loop.Loop(NAME, self._look, self._again)

    def joined(self, joined: Iterable[T]) -> None:
        """Look at these from now on."""
        if not self._interval:
            return
        now = time.monotonic()
        with self._lock:
            self._beaten.update(dict.fromkeys(joined, now))
            watched = bool(self._beaten)
        if watched:
            self._loop.start()

    def beating(self, beating: Iterable[T]) -> None:
        """Note that the loops of these turn, whether their beats arrive."""
        now = time.monotonic()
        with self._lock:
            for each in beating:
                if each in self._beaten:
                    self._beaten[each] = now
                    self._noted.discard(each)
                    self._warned.discard(each)

    def left(self, leaving: Iterable[T]) -> None:
        """Look at these no more."""
        with self._lock:
            for each in leaving:
                self._beaten.pop(each, None)
                self._noted.discard(each)
                self._warned.discard(each)
            over = not self._beaten
        if over:
            # Its thread ends.
            self._loop.wake()

    def stop(self) -> None:
        """Look at nothing any more; it is of no use afterwards."""
        with self._lock:
            self._beaten.clear()
        self._loop.stop()

    def _look(self) -> float | None:
        """Note what has stopped; returns seconds until the next look."""
        now = time.monotonic()
        if now > self._due + self._interval / 2:
            # This process was suspended, and the loop with it.
            return self._again(self._interval)
        with self._lock:
            if not self._beaten:
                self._due = math.inf
                return None
            last = now - self._patience
            stopped = [
                each
                for each, at in self._beaten.items()
                if at < last and each not in self._noted
            ]
            silent = [each for each in stopped if each not in self._warned]
            self._warned.update(silent)
        if silent:
            LOG.warning(
                'No heartbeat for %(seconds)d s, the loop of this process '
                'may hang: %(named)s',
                {
                    'seconds': self._patience,
                    'named': record.named(
                        [self._service_of(each) for each in silent], FEW
                    ),
                },
            )
        if stopped:
            try:
                self._note(stopped)
            except exception.ServiceGroupUnavailable:
                raise
            except Exception as error:
                # It would fail the next time, too.
                LOG.warning('Not noting that a loop has stopped: %s', error)
            with self._lock:
                self._noted.update(
                    each
                    for each in stopped
                    if self._beaten.get(each, now) < last
                )
        return self._again(self._until_next())

    def _until_next(self) -> float:
        """Return the seconds until the next loop may have stopped."""
        with self._lock:
            first = min(
                (
                    at
                    for each, at in self._beaten.items()
                    if each not in self._noted
                ),
                default=math.inf,
            )
        return first + self._patience - time.monotonic()

    def _again(self, seconds: float = 0.0) -> float:
        """Return the seconds until the next look, and expect it then.

        :param seconds: of that, where it is more than a part of an interval
            and less than all loops may hang for
        """
        seconds = min(max(seconds, self._interval / 4), self._patience)
        self._due = time.monotonic() + seconds
        return seconds
