# SPDX-License-Identifier: Apache-2.0

"""The records of a cell, as the change log makes them."""

from collections.abc import Callable

from kazoo import exceptions
from oslo_log import log as logging

from nova_sg import exception
from nova_sg.servicegroup.backends.zookeeper import changelog
from nova_sg.servicegroup.backends.zookeeper import layout
from nova_sg.servicegroup.backends.zookeeper import multiread
from nova_sg.servicegroup.backends.zookeeper import part
from nova_sg.servicegroup.backends.zookeeper import positions
from nova_sg.servicegroup.backends.zookeeper import requests
from nova_sg.servicegroup.backends.zookeeper import session as sg_session
from nova_sg.servicegroup.backends.zookeeper import stored
from nova_sg.servicegroup.records import view as sg_view

LOG = logging.getLogger(__name__)

#: Changes read at once, at most, by a reader that has fallen back.
BATCH = 256

#: How often in a row a reader that has fallen back reads all records.
LOADS = 3


class _FallenBack(Exception):
    """The log does not reach back to what was read last."""

    def __str__(self) -> str:
        return 'the log does not reach back'


class CellRecords(part.Part):
    """The records of a cell, kept fresh by one watch.

    The watch waits for the change after the latest one that was read.

    :param session: the session to read over
    :param wake: see :class:`part.Part`
    :param cell: which cell
    """

    def __init__(
        self,
        session: sg_session.Session,
        wake: Callable[[], None],
        cell: layout.CellLayout,
    ) -> None:
        super().__init__(session, wake)
        self._cell = cell
        self._audit = False
        self._view: sg_view.View | None = None

    @property
    def latest(self) -> sg_view.View | None:
        """The records as they were read last, None before the first time."""
        return self._view

    def view(self, seen: int, timeout: float) -> sg_view.View | None:
        """Return the records, or None where they are not here yet.

        :param seen: the number of the first change that need not be in it
        :param timeout: seconds to wait for it
        """

        def is_there() -> bool:
            return self._view is not None and self._view.following >= seen

        return self._view if self.wait(is_there, timeout) else None

    def audit(self) -> None:
        with self._changed:
            self._audit = True
        self.mark(now=True)

    def refresh(self) -> None:
        view = self._view
        with self._changed:
            audit, self._audit = self._audit, False
        if view is None or audit:
            self.session.vouch()
        if view is not None and audit and not self._is_in_log(view):
            view = None
        if view is not None:
            try:
                self._view = self._catch_up(view)
                return
            except (_FallenBack, exception.RecordUnreadable) as error:
                # The records themselves may well be readable.
                LOG.debug('Reading %s anew: %s', self._cell.path, error)
        for _ in range(LOADS):
            try:
                self._view = self._catch_up(self._load())
                return
            except _FallenBack as error:
                LOG.debug('Reading %s anew: %s', self._cell.path, error)
        raise self.session.unavailable(f'{self._cell.log} moves on too fast')

    def _is_in_log(self, view: sg_view.View) -> bool:
        """Return whether the log still holds what the view has seen last."""
        if view.following:
            (latest,) = self.session.ask(
                [requests.exists(self._cell.change(view.following - 1))]
            )
            return latest is not None
        return self._following() == 0

    def _following(self) -> int:
        """Return the number of the next change."""
        (log,) = self.session.ask([positions.ask(self._cell)])
        return positions.following(log)

    def _load(self) -> sg_view.View:
        """Read all records, which are at least as new as the log now is."""
        following = self._following()
        services = self._cell.services
        (names,) = self.session.ask([requests.children(services)])
        if isinstance(names, exceptions.NoNodeError):
            names = []
        paths = [f'{services}/{name}' for name in names]
        values = multiread.read(self.session, paths)
        records = (
            stored.decode(value.data, value.stat.mtime, path).record
            for path, value in zip(paths, values, strict=True)
            if value is not None
        )
        return sg_view.View({each.uuid: each for each in records}, following)

    def _catch_up(self, view: sg_view.View) -> sg_view.View:
        """Return the view with all changes since, and watch for the next.

        :raises _FallenBack: some of them are not in the log any more
        """
        records = dict(view.by_uuid)
        following, size = view.following, 1
        missing = -1
        while True:
            changes, has_more = self._read(following, size)
            for path, value in changes:
                uuid, changed = changelog.decode(
                    value.data, value.stat.mtime, path
                )
                if changed is None:
                    records.pop(uuid, None)
                else:
                    records[uuid] = changed
            following += len(changes)
            if len(changes) < size:
                if has_more:
                    # What was read at once is no snapshot: a change may be
                    # there since. One that is missing still, after a later
                    # one was seen, was trimmed.
                    if missing == following:
                        raise _FallenBack
                    missing = following
                    continue
                # The watch is for a change further on.
                if not self._watch(following):
                    return sg_view.View(records, following)
                size = 1
            elif not has_more:
                return sg_view.View(records, following)
            else:
                size = min(size * 4, BATCH)

    def _read(
        self, following: int, size: int
    ) -> tuple[list[tuple[str, multiread.Value]], bool]:
        """Read changes, and watch for the one behind them.

        :returns: those there are, up to the first that is not there; and
            whether there is one behind
        """
        paths = [self._cell.change(following + n) for n in range(size)]
        watch = requests.exists(
            self._cell.change(following + size), self._fired
        )
        if size == 1:
            answer, behind = self.session.ask([requests.get(paths[0]), watch])
            values = [
                multiread.Value(*answer) if isinstance(answer, tuple) else None
            ]
        else:
            values = multiread.read(self.session, paths)
            (behind,) = self.session.ask([watch])
        changes: list[tuple[str, multiread.Value]] = []
        for path, value in zip(paths, values, strict=True):
            if value is None:
                break
            changes.append((path, value))
        later = values[len(changes) :]
        return changes, behind is not None or any(later)

    def _watch(self, number: int) -> bool:
        """Watch for a change; returns whether it is there already."""
        (stat,) = self.session.ask(
            [requests.exists(self._cell.change(number), self._fired)]
        )
        return stat is not None

    def _fired(self, event: object) -> None:
        self.mark()
