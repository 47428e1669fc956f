# SPDX-License-Identifier: Apache-2.0

"""A copy of records and members in memory, for who reads them often.

It is kept fresh by a handful of watches: one for the log of each cell that
is read, and one for each shard of the members. kazoo forgets its watches
with the connection; what was missed meanwhile is read when it is back.
"""

from collections.abc import Container
from collections.abc import Sequence
import math
import threading
import time

from oslo_log import log as logging

from nova_sg import exception
from nova_sg.servicegroup import lease
from nova_sg.servicegroup import loop
from nova_sg.servicegroup.backends.zookeeper import layout
from nova_sg.servicegroup.backends.zookeeper import mirrored_members
from nova_sg.servicegroup.backends.zookeeper import mirrored_records
from nova_sg.servicegroup.backends.zookeeper import part
from nova_sg.servicegroup.backends.zookeeper import session as sg_session
from nova_sg.servicegroup.records import view as sg_view

LOG = logging.getLogger(__name__)

#: How often a process reads a cell from ZooKeeper itself before a mirror is
#: worth it: a command reads it once or twice.
LISTS_BEFORE = 3

#: How many services it asks for one by one, within so many seconds.
VERDICTS_BEFORE = 20
VERDICTS_WITHIN = 10.0

#: Seconds between two audits, more or less.
AUDIT_EVERY = 60.0


class Mirror(lease.Listener):
    """What this process knows of records and members without asking.

    :param session: the session it is kept fresh over
    """

    def __init__(self, session: sg_session.Session) -> None:
        self._session = session
        self._loop = loop.Loop(
            'zookeeper-mirror', self._update, lambda: part.RETRY_AFTER
        )
        self._begin()
        session.add_listener(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._cells: dict[str, mirrored_records.CellRecords] = {}
        self._members: mirrored_members.AllMembers | None = None
        self._lists: dict[str, int] = {}
        self._asked: dict[str, float] = {}
        self._audit_at = 0.0

    @property
    def staleness(self) -> float:
        """Seconds by which a view may be behind what was acknowledged."""
        return max(self._session.timeout, self._session.request_timeout)

    def view(self, cell: layout.CellLayout, seen: int) -> sg_view.View | None:
        """Return the records of a cell, None where they are to be asked for.

        While there is no connection they are the last that were known, until
        they may be older than :attr:`staleness`.

        :param cell: which cell
        :param seen: the number of the first change that need not be in it
        """
        followed = self._cells.get(cell.path)
        if followed is None:
            return None
        found = followed.view(seen, self._session.request_timeout)
        return found if followed.age <= self.staleness else None

    def services(self) -> Container[str]:
        """Return the uuids of the services in all cells that are followed."""
        views = [each.latest for each in list(self._cells.values())]
        return {uuid for view in views if view for uuid in view.by_uuid}

    def living(self) -> mirrored_members.Living | None:
        """Return the living workers, None where they are to be asked for.

        While there is no connection they are the last that were known.
        """
        followed = self._members
        if followed is None:
            return None
        return followed.living(self._session.request_timeout)

    def latest_living(self) -> mirrored_members.Living | None:
        """Return the living workers as they were read last, if ever."""
        followed = self._members
        return None if followed is None else followed.latest

    def touch(self, uuids: Sequence[str]) -> None:
        """Note that this process has changed members of services."""
        followed = self._members
        if followed is not None:
            followed.touch(uuids)

    def note_list(self, cell: layout.CellLayout) -> None:
        """Note that a whole cell is about to be read, and maybe follow it."""
        count = self._lists.get(cell.path, 0)
        self._lists[cell.path] = count + 1
        if count >= LISTS_BEFORE:
            self.follow(cell)

    def note_verdicts(self, uuids: Sequence[str]) -> None:
        """Note whose verdicts are about to be read, and maybe follow them.

        Who asks for one service again and again needs no mirror, but has to
        notice when ZooKeeper stands still between two of its questions.
        """
        self._session.watch()
        if self._members is not None:
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

    def follow(self, cell: layout.CellLayout | None) -> None:
        """Keep the members, and the records of a cell, from now on."""
        self._session.watch()
        with self._lock:
            if self._members is None:
                self._members = mirrored_members.AllMembers(
                    self._session, self._loop.wake
                )
            if cell is not None and cell.path not in self._cells:
                self._cells[cell.path] = mirrored_records.CellRecords(
                    self._session, self._loop.wake, cell
                )
            if self._loop.running:
                self._loop.wake()
            else:
                self._audit_at = time.monotonic() + AUDIT_EVERY
                self._loop.start()

    def lease_changed(self) -> None:
        if self._session.connected:
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
        members = [] if self._members is None else [self._members]
        return [*members, *list(self._cells.values())]

    def _update(self) -> float:
        """Read what is due; returns seconds until there is more."""
        if self._session.connected:
            self._read()
        return self._patience()

    def _patience(self) -> float:
        """Return for how many seconds there is nothing to do.

        For ever, until there is a connection, which makes all of it due.
        """
        if not self._session.connected:
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
                LOG.log(level, 'Services are not followed: %s', error)
                return
