# SPDX-License-Identifier: Apache-2.0

"""The history in memcached, as long as its memory lasts.

One key for each service, on the server of its record. memcached forgets it
when it restarts or needs the memory, and 30 days after the last transition.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence

from nova_sg import context as sg_context
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.memcached import cell as cell_
from nova_sg.servicegroup.backends.memcached import fence as fence_
from nova_sg.servicegroup.history import base
from nova_sg.servicegroup.history import entry as entry_
from nova_sg.servicegroup.history import value as value_

Context = sg_context.RequestContext

#: The longest time for which memcached keeps what it is given for seconds.
MOST_DAYS = 30

_Versioned = tuple[list[entry_.Entry], bytes]


class MemcachedHistory(base.History):
    """Entries in a value, written where it is still the one that was read.

    Times are by the clock of the watcher: memcached has none to ask for.

    :param cell_of: returns the cell that a call is for
    :param services: lists the services of which there may be a history
    :param limits: how much is kept
    :param fence_of: returns what keeps entries of a cell out once the
        deployment has moved
    """

    durable = False

    def __init__(
        self,
        cell_of: Callable[[Context], cell_.Cell],
        services: Callable[[Context], Iterable[record.Record]],
        limits: base.Limits,
        fence_of: Callable[[cell_.Cell], fence_.Fence],
    ) -> None:
        super().__init__(limits)
        self._fence_of = fence_of
        self._cell_of = cell_of
        self._services = services

    def of(
        self, context: Context, question: base.Question
    ) -> Sequence[entry_.Entry]:
        uuids = question.uuids
        if uuids is None:
            uuids = [
                each.uuid
                for each in self._services(context)
                if question.host in (None, each.host)
            ]
        found = self._read(self._cell_of(context), uuids).values()
        return question.answer(each for h, _version in found for each in h)

    def last(
        self, context: Context, uuids: Collection[str]
    ) -> Mapping[str, entry_.Entry]:
        found = self._read(self._cell_of(context), uuids, 1)
        return {
            uuid: entries[-1]
            for uuid, (entries, _) in found.items()
            if entries
        }

    def record(
        self, context: Context, entries: Sequence[entry_.Entry]
    ) -> Mapping[str, entry_.Entry]:
        cell = self._cell_of(context)
        now = cell_.now()
        uuids = [each.uuid for each in entries]
        fence = self._fence_of(cell)
        found = self._found(
            cell, uuids, fence.gets(list(map(cell.keys.history, uuids)))
        )
        fence.check()
        first, next_ = [], []
        for each in entries:
            key = cell.keys.history(each.uuid)
            new = each._replace(time=now)
            if each.uuid not in found:
                if each.sequence == 1:
                    first.append((key, value_.encode([new])))
                continue
            before, version = found[each.uuid]
            if before and before[-1].sequence == each.sequence - 1:
                kept = self.limits.kept([*before, new], now)
                next_.append((key, value_.encode(kept), version))
        # Both may be sent again: what was done is not done twice.
        cell.server.add(first, self._ttl)
        cell.server.cas(next_, self._ttl)
        return self.last(context, uuids)

    def prune(self, context: Context, registered: Collection[str]) -> int:
        cell = self._cell_of(context)
        now = cell_.now()
        uuids = {each.uuid for each in self._services(context)}
        deleted = 0
        for uuid, (entries, version) in self._read(cell, uuids).items():
            kept = self.limits.kept(entries, now)
            if uuid not in registered:
                kept = [e for e in kept if self.limits.keeps(e, now)]
            if not kept or len(kept) < len(entries):
                key = cell.keys.history(uuid)
                ttl = self._ttl if kept else -1
                item = key, value_.encode(kept), version
                if cell.server.cas([item], ttl)[0]:
                    deleted += len(entries) - len(kept)
        return deleted

    @property
    def _ttl(self) -> int:
        return max(1, min(self.limits.days, MOST_DAYS) * 86400)

    def _read(
        self, cell: cell_.Cell, uuids: Collection[str], newest: int = 0
    ) -> dict[str, _Versioned]:
        """Return the entries of services, and versions to write them with.

        :param newest: see :func:`value.decode`
        """
        keys = [cell.keys.history(uuid) for uuid in uuids]
        return self._found(cell, uuids, cell.server.gets(keys), newest)

    @staticmethod
    def _found(
        cell: cell_.Cell,
        uuids: Collection[str],
        values: Mapping[str, tuple[bytes, bytes]],
        newest: int = 0,
    ) -> dict[str, _Versioned]:
        """Return the entries that were read; none of what is damaged."""
        wanted = {cell.keys.history(uuid): uuid for uuid in uuids}
        found = {}
        for key, (value, version) in values.items():
            entries = value_.decode(value, wanted[key], newest=newest)
            if entries is not None:
                found[wanted[key]] = entries, version
        return found
