# SPDX-License-Identifier: Apache-2.0

"""The living workers of all services, as their changes make them."""

from collections.abc import Callable
from collections.abc import Iterable
import time

from nova_sg.servicegroup import lease as sg_lease
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup.mirror import feed
from nova_sg.servicegroup.mirror import part

#: Seconds, at least, between two readings: a rack that goes is one change.
PAUSE = 0.05

#: The share of the time that is spent on reading: of a deployment in which
#: all restart, a reader sees a part more seldom.
SHARE = 0.1

#: Seconds, at most, between two readings, however slow the last one was: a
#: crash must show all the same.
LONGEST_PAUSE = 1.0


class AllMembers(part.Part):
    """The living workers of all services, kept fresh by the member feed.

    :param lease: what the feed is read over
    :param wake: see :class:`part.Part`
    :param source: opens the feed
    """

    def __init__(
        self,
        lease: sg_lease.Lease,
        wake: Callable[[], None],
        source: feed.Source,
    ) -> None:
        super().__init__(lease, wake)
        self._feed = source.members(self.mark)
        self._touched = 0
        self._seen = 0
        self._living: liveness.Members | None = None

    @property
    def latest(self) -> liveness.Members | None:
        """The living workers as they were read last, None before that."""
        return self._living

    def living(self, timeout: float) -> liveness.Members | None:
        """Return the living workers, or None where they are not here yet.

        What this process has changed itself is in it, see :meth:`touch`.

        :param timeout: seconds to wait for it
        """
        touched = self._touched

        def is_there() -> bool:
            return self._living is not None and self._seen >= touched

        return self._living if self.wait(is_there, timeout) else None

    def touch(self, uuids: Iterable[str]) -> None:
        """Note that this process has changed members of services."""
        # In this order: a refresh that sees the count reads them.
        self._feed.touch(uuids)
        with self._changed:
            self._touched += 1
        self.mark(now=True)

    def audit(self) -> None:
        self._feed.audit()
        super().audit()

    def refresh(self) -> None:
        touched = self._touched
        living = dict(self._living or {})
        for uuid, workers in self._feed.changes().items():
            if workers is None:
                living.pop(uuid, None)
            else:
                living[uuid] = workers
        self._living = living
        self._seen = touched

    def next_time(self, began: float) -> float:
        now = time.monotonic()
        wanted = (now - began) / SHARE
        return now + min(max(PAUSE, wanted), LONGEST_PAUSE)
