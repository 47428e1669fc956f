# SPDX-License-Identifier: Apache-2.0

"""What a process knows of records and members without asking.

A process that reads a few times asks the backend. One that reads often begins
to mirror by itself, and one that will read often may say so.
"""

from collections.abc import Callable
from collections.abc import Container
from collections.abc import Sequence
import math
import threading
import time

from oslo_log import log as logging

from nova_sg import exception
from nova_sg.servicegroup import lease as sg_lease
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import loop
from nova_sg.servicegroup import view as sg_view
from nova_sg.servicegroup.mirror import feed
from nova_sg.servicegroup.mirror import members
from nova_sg.servicegroup.mirror import part
from nova_sg.servicegroup.mirror import positions
from nova_sg.servicegroup.mirror import records

LOG = logging.getLogger(__name__)

#: How often a process reads a cell from the backend itself before a mirror is
#: worth it: a command reads it once or twice.
LISTS_BEFORE = 3

#: How many services it asks for one by one, within so many seconds.
VERDICTS_BEFORE = 20
VERDICTS_WITHIN = 10.0

#: Seconds between two audits, more or less.
AUDIT_EVERY = 60.0


class Mirror(sg_lease.Listener):
    """Keeps the members, and the records of cells, once they are followed.

    :param lease: what it is kept fresh over
    :param source: opens the feeds of the backend
    :ivar positions: what this process has seen otherwise, which no view may
        be older than
    """

    def __init__(self, lease: sg_lease.Lease, source: feed.Source) -> None:
        self.lease = lease
        self._source = source
        self.positions = positions.Positions()
        self._loop = loop.Loop(
            'mirror', self._update, lambda: part.RETRY_AFTER
        )
        self._begin()
        lease.add_listener(self.positions)
        lease.add_listener(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._cells: dict[str, records.CellRecords] = {}
        self._members: members.AllMembers | None = None
        self._lists: dict[str, int] = {}
        self._asked: dict[str, float] = {}
        self._audit_at = 0.0
        self._failed_to_start = False

    @property
    def staleness(self) -> float:
        """Seconds by which a view may be behind what was acknowledged."""
        return max(self.lease.timeout, self.lease.request_timeout)

    def view(self, cell: str) -> sg_view.View | None:
        """Return the records of a cell, None where they are to be asked for.

        While there is no connection they are the last that were known, until
        they may be older than :attr:`staleness`.

        :param cell: the uuid of the cell
        """
        followed = self._cells.get(cell)
        if followed is None:
            return None
        found = followed.view(
            self.positions.seen(cell), self.lease.request_timeout
        )
        return found if followed.age <= self.staleness else None

    def services(self) -> Container[str]:
        """Return the uuids of the services in all cells that are followed."""
        views = [each.latest for each in list(self._cells.values())]
        return {uuid for view in views if view for uuid in view.by_uuid}

    def living(self) -> liveness.Members | None:
        """Return the living workers, None where they are to be asked for.

        As for :meth:`view`, none that may be older than :attr:`staleness`.
        """
        followed = self._members
        if followed is None:
            return None
        found = followed.living(self.lease.request_timeout)
        return found if followed.age <= self.staleness else None

    def latest_living(self) -> liveness.Members | None:
        """Return the living workers as they were read last, if ever."""
        followed = self._members
        return None if followed is None else followed.latest

    def touch(self, uuids: Sequence[str]) -> None:
        """Note that this process has changed members of services."""
        followed = self._members
        if followed is not None:
            followed.touch(uuids)

    def note_list(self, cell: str) -> None:
        """Note that a whole cell is about to be read, and maybe follow it."""
        count = self._lists.get(cell, 0)
        self._lists[cell] = count + 1
        if count >= LISTS_BEFORE:
            self.follow(cell)

    def note_verdicts(self, uuids: Sequence[str]) -> None:
        """Note that verdicts are about to be read, and maybe follow members.

        A process that asks for one service again and again needs no mirror,
        but has to notice when the backend stands still between two of its
        questions.

        :param uuids: of the services that are asked for
        """
        if not self._started(self.lease.watch):
            return
        if self._members is not None:
            if not self._loop.running:
                self.follow(None)
            return
        now = time.monotonic()
        recent = {
            uuid: asked_at
            for uuid, asked_at in self._asked.items()
            if asked_at > now - VERDICTS_WITHIN
        }
        if len(uuids) == 1:
            recent[uuids[0]] = now
        self._asked = recent
        if len(recent) > VERDICTS_BEFORE:
            self.follow(None)

    def follow(self, cell: str | None) -> None:
        """Keep the members, and the records of a cell, from now on.

        Where no thread can be started, the next call tries again.
        """
        if not self._started(self.lease.watch, self._start):
            return
        self._failed_to_start = False
        with self._lock:
            if self._members is None:
                self._members = members.AllMembers(
                    self.lease, self._loop.wake, self._source
                )
            if cell is not None and cell not in self._cells:
                self._cells[cell] = records.CellRecords(
                    self.lease, self._loop.wake, self._source, cell
                )
        self._loop.wake()

    def _start(self) -> None:
        """Start the thread, ahead of what it reads."""
        with self._lock:
            if not self._loop.running:
                self._audit_at = time.monotonic() + AUDIT_EVERY
                self._loop.start()

    def _started(self, *starts: Callable[[], None]) -> bool:
        """Start what threads are needed; returns whether they run."""
        try:
            for start in starts:
                start()
        except RuntimeError as error:
            level = logging.DEBUG if self._failed_to_start else logging.WARNING
            self._failed_to_start = True
            LOG.log(level, 'Not following the services yet: %s', error)
            return False
        return True

    def lease_changed(self) -> None:
        if self.lease.connected:
            for each in self._parts():
                each.audit()
            return
        for each in self._parts():
            each.lost()

    def closed(self) -> None:
        self._loop.stop()
        self._begin()

    def forked(self) -> None:
        # The thread has not come along.
        self._begin()

    def _parts(self) -> list[part.Part]:
        first = [] if self._members is None else [self._members]
        return [*first, *list(self._cells.values())]

    def _update(self) -> float:
        """Read what is due; returns seconds until there is more."""
        if self.lease.connected:
            self._read()
        return self._patience()

    def _patience(self) -> float:
        """Return for how many seconds there is nothing to do.

        For ever, until there is a connection, which makes all of it due.
        """
        if not self.lease.connected:
            return math.inf
        due = [each.due_at for each in self._parts()]
        soonest = min(
            (each for each in due if each is not None),
            default=self._audit_at,
        )
        return max(0.0, soonest - time.monotonic())

    def _read(self) -> None:
        now = time.monotonic()
        if now >= self._audit_at:
            self._audit_at = now + AUDIT_EVERY
            for each in self._parts():
                each.audit()
        for each in self._parts():
            due_at = each.due_at
            if due_at is None or due_at > time.monotonic():
                continue
            failed_before = each.failed
            try:
                each.update()
            except exception.NovaSgException as error:
                level = logging.DEBUG if failed_before else logging.WARNING
                LOG.log(level, 'Cannot follow the services: %s', error)
                return
