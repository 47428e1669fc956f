# SPDX-License-Identifier: Apache-2.0

"""The history in ZooKeeper: one znode for each service, beside the records.

The time of the newest entry is that of the znode: ZooKeeper tells it of what
is written, and takes none. The next writer puts it into the value.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import datetime

from kazoo import exceptions

from nova_sg import context as sg_context
from nova_sg import sequences
from nova_sg.servicegroup.backends.zookeeper import errors
from nova_sg.servicegroup.backends.zookeeper import fence as sg_fence
from nova_sg.servicegroup.backends.zookeeper import layout
from nova_sg.servicegroup.backends.zookeeper import multiread
from nova_sg.servicegroup.backends.zookeeper import requests
from nova_sg.servicegroup.backends.zookeeper import session as sg_session
from nova_sg.servicegroup.history import base
from nova_sg.servicegroup.history import entry as entry_
from nova_sg.servicegroup.history import value as value_
from nova_sg.servicegroup.records import change
from nova_sg.servicegroup.records import codec

Context = sg_context.RequestContext

#: Histories that are read at once: one of them may have 20 kB.
PART = 500

#: How often entries are added: a directory may be missing, and the marker of
#: the deployment may be written anew.
ATTEMPTS = 3


class ZooKeeperHistory(base.History):
    """Entries in a znode, written where its version is the one read.

    :param session: the session to read and write over
    :param paths: returns the paths of the cell that a call is for
    :param limits: how much is kept
    :param fence: keeps entries out once the deployment has moved
    """

    def __init__(
        self,
        session: sg_session.Session,
        paths: Callable[[Context], layout.CellLayout],
        limits: base.Limits,
        fence: sg_fence.Fence,
    ) -> None:
        super().__init__(limits)
        self._session = session
        self._paths = paths
        self._fence = fence

    def of(
        self, context: Context, question: base.Question
    ) -> Sequence[entry_.Entry]:
        cell = self._paths(context)
        uuids = question.uuids
        if uuids is None:
            uuids = self._all(cell)
        found: Sequence[entry_.Entry] = []
        for histories in self._read(cell, uuids):
            # So that no more is held than is asked for.
            found = question.answer(
                [
                    *found,
                    *(each for h in _there(histories) for each in h.entries),
                ]
            )
        return found

    def last(
        self, context: Context, uuids: Collection[str]
    ) -> Mapping[str, entry_.Entry]:
        return {
            history.uuid: history.entries[-1]
            for histories in self._read(self._paths(context), uuids, 1)
            for history in _there(histories)
            if history.entries
        }

    def record(
        self, context: Context, entries: Sequence[entry_.Entry]
    ) -> Mapping[str, entry_.Entry]:
        cell = self._paths(context)
        wanted = {each.uuid: each for each in entries}
        for _attempt in range(ATTEMPTS):
            failed = self._add(cell, wanted)
            try:
                for each in failed:
                    self._fence.check(each)
            except change.Conflict:
                # The marker was written anew: it is looked at.
                continue
            if not any(map(_lacks_place, failed)):
                break
            self._session.make_directories(
                [self._session.layout.cells, cell.path, cell.history]
            )
        return self.last(context, wanted.keys())

    def prune(self, context: Context, registered: Collection[str]) -> int:
        cell = self._paths(context)
        uuids = self._all(cell)
        if not uuids:
            return 0
        # ZooKeeper tells its time only of what is written.
        (stat,) = self._session.commit(
            [requests.change(cell.history, b'', -1)]
        )
        now = codec.time_of(stat.mtime)
        deleted = 0
        for histories in self._read(cell, uuids):
            changes = []
            for history in _there(histories):
                kept = self.limits.kept(history.entries, now)
                if history.uuid not in registered:
                    kept = [e for e in kept if self.limits.keeps(e, now)]
                if not kept or len(kept) < len(history.entries):
                    deleted += len(history.entries) - len(kept)
                    changes.append(history.changed(cell, kept))
            # Where a watcher has written meanwhile it is done next time.
            self._session.commit_many(changes)
        return deleted

    def _add(
        self, cell: layout.CellLayout, wanted: Mapping[str, entry_.Entry]
    ) -> list[errors.TransactionFailed]:
        """Add entries where they are the next ones.

        :returns: why some were not added
        :raises DeploymentMismatch: the deployment has moved
        """
        failed = []
        guard = self._fence.guard(self._session.deadline())
        for histories in self._read(cell, wanted.keys()):
            transactions = []
            for uuid, history in histories.items():
                entry = wanted[uuid]
                if history is None:
                    if entry.sequence == 1:
                        place = cell.history_of(uuid)
                        value = value_.encode([entry])
                        transactions.append([requests.create(place, value)])
                elif history.precedes(entry):
                    last = history.entries[-1].changed_at
                    kept = self.limits.kept([*history.entries, entry], last)
                    transactions.append(history.changed(cell, kept))
            outcomes = self._session.commit_many(
                [[*guard, *each] for each in transactions]
            )
            failed += [
                each
                for each in outcomes
                if isinstance(each, errors.TransactionFailed)
            ]
        return failed

    def _all(self, cell: layout.CellLayout) -> list[str]:
        """Return the uuids of all services that have a history."""
        (names,) = self._session.ask([requests.children(cell.history)])
        if isinstance(names, exceptions.NoNodeError):
            return []
        return [layout.unquote(each) for each in names]

    def _read(
        self, cell: layout.CellLayout, uuids: Iterable[str], newest: int = 0
    ) -> Iterator[dict[str, '_History | None']]:
        """Yield the histories of services, some at a time; None for none.

        :param newest: see :func:`value.decode`
        """
        for part in sequences.batched(sorted(uuids), PART):
            paths = [cell.history_of(uuid) for uuid in part]
            values = multiread.read(self._session, paths)
            yield {
                uuid: None if value is None else _history(uuid, value, newest)
                for uuid, value in zip(part, values, strict=True)
            }


class _History:
    """The entries of a service, as they were read; none of what is damaged."""

    def __init__(
        self, uuid: str, version: int, entries: list[entry_.Entry]
    ) -> None:
        self.uuid = uuid
        self._version = version
        self.entries = entries

    def precedes(self, entry: entry_.Entry) -> bool:
        """Return whether an entry is the next one."""
        last = self.entries[-1].sequence if self.entries else None
        return last == entry.sequence - 1

    def changed(
        self, cell: layout.CellLayout, entries: Sequence[entry_.Entry]
    ) -> list[requests.Operation]:
        """Return what writes these entries instead."""
        path = cell.history_of(self.uuid)
        if not entries:
            return [requests.delete(path, self._version)]
        return [requests.change(path, value_.encode(entries), self._version)]


def _history(
    uuid: str, value: multiread.Value, newest: int
) -> _History | None:
    """Return a history as it was read, None for one of a later release."""
    written_at: datetime.datetime = codec.time_of(value.stat.mtime)
    entries = value_.decode(value.data, uuid, written_at, newest)
    if entries is None:
        return None
    return _History(uuid, value.stat.version, entries)


def _there(
    histories: Mapping[str, _History | None],
) -> Iterator[_History]:
    return (each for each in histories.values() if each is not None)


def _lacks_place(failed: errors.TransactionFailed) -> bool:
    """Return whether a transaction failed for a missing directory."""
    return isinstance(failed.error, exceptions.NoNodeError)
