# SPDX-License-Identifier: Apache-2.0

"""A part of the mirror: something that is kept as the backend has it."""

import abc
from collections.abc import Callable
import threading
import time

from nova_sg import forks
from nova_sg import instruments
from nova_sg.servicegroup import lease as sg_lease

#: Seconds until a part that could not be read is tried again.
RETRY_AFTER = 1.0


class Part(abc.ABC):
    """Something that is read anew when a watch says it has changed.

    :param lease: what it is read over
    :param wake: called when there is something to read; never waits
    """

    def __init__(
        self, lease: sg_lease.Lease, wake: Callable[[], None]
    ) -> None:
        self.lease = lease
        self._wake = wake
        self._changed = forks.renewed(self, '_changed', threading.Condition)
        self._marks = 1
        self._not_before = 0.0
        self._behind = True
        self._behind_since = time.monotonic()
        self.failed = False
        self._as_of = 0.0
        #: Whether the next reading begins with :meth:`Lease.vouch`. Without
        #: that nothing tells the age of what it reads.
        self._unvouched = True

    @property
    def age(self) -> float:
        """Seconds by which this may be behind what was acknowledged."""
        with self._changed:
            as_of = self._as_of if self._behind else self.lease.vouched_at
        return time.monotonic() - as_of

    @property
    def due_at(self) -> float | None:
        """``time.monotonic()`` when it is to be read; None: not now."""
        return self._not_before if self._behind else None

    def mark(self, *, now: bool = False) -> None:
        """Note that there may be news. May be called in any thread.

        :param now: they are not to wait until the next reading is due
        """
        with self._changed:
            self._marks += 1
            if now:
                self._not_before = 0.0
            if not self._behind:
                self._behind = True
                self._behind_since = time.monotonic()
                self._as_of = self.lease.vouched_at
        self._wake()

    def update(self) -> None:
        """Read what is new; called by the mirror's thread alone.

        :raises NovaSgException: it cannot be read now
        """
        marks = self._marks
        behind_since = self._behind_since
        began = time.monotonic()
        try:
            if self._unvouched:
                self.lease.vouch()
                self._unvouched = False
            vouched_at = self.lease.vouched_at
            self.refresh()
        except BaseException:
            with self._changed:
                self.failed = True
                self._not_before = began + RETRY_AFTER
            raise
        else:
            with self._changed:
                self.failed = False
                self._not_before = self.next_time(began)
                self._as_of = max(self._as_of, vouched_at)
                self._behind = marks != self._marks
                self._behind_since = began
            instruments.current.mirror_read(time.monotonic() - behind_since)
        finally:
            with self._changed:
                self._changed.notify_all()

    @abc.abstractmethod
    def refresh(self) -> None:
        """Read what is new, and leave watches for what will be."""

    def audit(self) -> None:
        """Have the next refresh find out what no watch has told."""
        self._unvouched = True
        self.mark(now=True)

    def next_time(self, began: float) -> float:
        """Return when it may be read again.

        :param began: ``time.monotonic()`` when it was read this time
        """
        return 0.0

    def wait(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Wait for a state of this part.

        :param condition: tells whether it has come
        :param timeout: seconds; what cannot come now is not waited for
        :returns: whether it has come; no where this part cannot be read over
            a connection that there is, so that it may be as old as can be
        """

        def over() -> bool:
            return condition() or self.failed or not self.lease.connected

        if not condition():
            with self._changed:
                self._changed.wait_for(over, timeout)
        return condition() and not (self.failed and self.lease.connected)

    def lost(self) -> None:
        """Note that the connection is lost, and with it every watch."""
        self.mark()
        with self._changed:
            self._changed.notify_all()
