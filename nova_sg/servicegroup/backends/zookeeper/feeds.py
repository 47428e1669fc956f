# SPDX-License-Identifier: Apache-2.0

"""What ZooKeeper tells a mirror: the log of a cell, the names in the shards.

A handful of watches tell of all changes: one for the log of each cell that is
followed, and one for each shard of the members. kazoo forgets its watches
with the connection; what was missed meanwhile is read when it is back.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import functools
import threading

from kazoo import exceptions

from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.zookeeper import changelog
from nova_sg.servicegroup.backends.zookeeper import layout
from nova_sg.servicegroup.backends.zookeeper import members
from nova_sg.servicegroup.backends.zookeeper import multiread
from nova_sg.servicegroup.backends.zookeeper import requests
from nova_sg.servicegroup.backends.zookeeper import session as sg_session
from nova_sg.servicegroup.mirror import feed
from nova_sg.servicegroup.records import codec

#: Changes read at once, at most, by a reader that has fallen back.
BATCH = 256


class ZooKeeperSource(feed.Source):
    """Opens feeds over a session.

    :param session: the session to read over
    """

    def __init__(self, session: sg_session.Session) -> None:
        self._session = session

    def records(
        self, cell: str, changed: Callable[[], None]
    ) -> feed.ChangeFeed:
        return CellFeed(
            self._session, self._session.layout.cell(cell), changed
        )

    def members(self, changed: Callable[[], None]) -> feed.MemberFeed:
        return ShardFeed(self._session, changed)


class CellFeed(feed.ChangeFeed):
    """The log of a cell.

    One watch waits for the change after the latest one that was read.

    :param session: the session to read over
    :param cell: which cell
    :param changed: see :meth:`feed.Source.records`
    """

    def __init__(
        self,
        session: sg_session.Session,
        cell: layout.CellLayout,
        changed: Callable[[], None],
    ) -> None:
        self._session = session
        self._cell = cell
        self._changed = changed

    def snapshot(self) -> tuple[Mapping[str, record.Record], int]:
        position = self._next()
        services = self._cell.services
        (names,) = self._session.ask([requests.children(services)])
        if isinstance(names, exceptions.NoNodeError):
            names = []
        paths = [f'{services}/{name}' for name in names]
        values = multiread.read(self._session, paths)
        records = (
            codec.decode(value.data, path, value.stat.mtime).record
            for path, value in zip(paths, values, strict=True)
            if value is not None
        )
        return {each.uuid: each for each in records}, position

    def changes(self, position: int) -> tuple[Sequence[feed.Change], int]:
        changes: list[feed.Change] = []
        size = 1
        missing = -1
        while True:
            found, has_more = self._read(position, size)
            changes += [
                feed.Change(
                    *changelog.decode(value.data, value.stat.mtime, path)
                )
                for path, value in found
            ]
            position += len(found)
            if len(found) < size:
                if has_more:
                    # What was read at once is no snapshot: a change may be
                    # there since. One that is missing still, after a later
                    # one was seen, was trimmed.
                    if missing == position:
                        raise feed.FallenBack
                    missing = position
                    continue
                # The watch is for a change further on.
                if not self._watch(position):
                    return changes, position
                size = 1
            elif not has_more:
                return changes, position
            else:
                size = min(size * 4, BATCH)

    def check(self, position: int) -> None:
        if position:
            path = self._cell.change(position - 1)
            (latest,) = self._session.ask([requests.exists(path)])
            there = latest is not None
        else:
            there = self._next() == 0
        if not there:
            raise feed.FallenBack

    def _next(self) -> int:
        """Return the number of the next change."""
        (log,) = self._session.ask([changelog.ask_position(self._cell)])
        return changelog.position_of(log)[1]

    def _read(
        self, position: int, size: int
    ) -> tuple[list[tuple[str, multiread.Value]], bool]:
        """Read changes, and watch for the one behind them.

        :returns: those there are, up to the first that is not there; and
            whether there is one behind
        """
        paths = [self._cell.change(position + n) for n in range(size)]
        watch = requests.exists(
            self._cell.change(position + size), self._fired
        )
        if size == 1:
            answer, behind = self._session.ask([requests.get(paths[0]), watch])
            values = [
                multiread.Value(*answer) if isinstance(answer, tuple) else None
            ]
        else:
            values = multiread.read(self._session, paths)
            (behind,) = self._session.ask([watch])
        changes: list[tuple[str, multiread.Value]] = []
        for path, value in zip(paths, values, strict=True):
            if value is None:
                break
            changes.append((path, value))
        later = values[len(changes) :]
        return changes, behind is not None or any(later)

    def _watch(self, number: int) -> bool:
        """Watch for a change; returns whether it is there already."""
        (stat,) = self._session.ask(
            [requests.exists(self._cell.change(number), self._fired)]
        )
        return stat is not None

    def _fired(self, event: object) -> None:
        self._changed()


class ShardFeed(feed.MemberFeed):
    """The names in the shards, which say all there is of members.

    :param session: the session to read over
    :param changed: see :meth:`feed.Source.members`
    """

    def __init__(
        self, session: sg_session.Session, changed: Callable[[], None]
    ) -> None:
        self._session = session
        self._changed = changed
        # kazoo calls a watch once, however often it was left.
        self._watches = {
            shard: functools.partial(self._fired, shard)
            for shard in layout.SHARDS
        }
        self._names: dict[str, frozenset[str]] = {}
        self._lock = threading.Lock()
        self._unread = set(layout.SHARDS)

    def changes(self) -> Mapping[str, tuple[liveness.Member, ...] | None]:
        with self._lock:
            shards = sorted(self._unread)
            self._unread.clear()
        try:
            found = self._read(shards)
        except BaseException:
            self._mark(shards)
            raise
        changes: dict[str, tuple[liveness.Member, ...] | None] = {}
        for shard, names in found.items():
            # Most are as they were.
            before = self._names.get(shard, frozenset())
            changed = {members.uuid_of(name) for name in names ^ before}
            changes.update(dict.fromkeys(changed))
            changes.update(
                members.collect(
                    name
                    for name in sorted(names)
                    if members.uuid_of(name) in changed
                )
            )
            self._names[shard] = names
        return changes

    def touch(self, uuids: Iterable[str]) -> None:
        self._mark(layout.shard_of(uuid) for uuid in uuids)

    def audit(self) -> None:
        self._mark(layout.SHARDS)

    def _mark(self, shards: Iterable[str]) -> None:
        with self._lock:
            self._unread.update(shards)

    def _read(self, shards: list[str]) -> dict[str, frozenset[str]]:
        paths = self._session.layout
        answers = self._session.ask(
            [
                requests.children(paths.shard(shard), self._watches[shard])
                for shard in shards
            ]
        )
        found = {}
        for shard, names in zip(shards, answers, strict=True):
            if isinstance(names, exceptions.NoNodeError):
                self._watch_for(shard)
                names = []
            found[shard] = frozenset(names)
        return found

    def _watch_for(self, shard: str) -> None:
        """Watch for a shard that does not exist yet."""
        path = self._session.layout.shard(shard)
        watch = self._watches[shard]
        (stat,) = self._session.ask([requests.exists(path, watch)])
        if stat is not None:
            watch(None)

    def _fired(self, shard: str, event: object) -> None:
        self._mark([shard])
        self._changed()
