# SPDX-License-Identifier: Apache-2.0

"""The living workers of all services, as the names in the shards tell."""

from collections.abc import Callable
from collections.abc import Iterable
import functools
import time

from kazoo import exceptions

from nova_sg.servicegroup import liveness
from nova_sg.servicegroup.backends.zookeeper import layout
from nova_sg.servicegroup.backends.zookeeper import members
from nova_sg.servicegroup.backends.zookeeper import part
from nova_sg.servicegroup.backends.zookeeper import requests
from nova_sg.servicegroup.backends.zookeeper import session as sg_session

#: Seconds, at least, between two readings: a rack that goes is one change.
PAUSE = 0.05

#: The share of the time that is spent on reading: of a deployment in which
#: all restart, a reader sees a part more seldom.
SHARE = 0.1

#: Seconds, at most, between two readings, however slow the last one was: a
#: crash must show all the same.
LONGEST_PAUSE = 1.0

#: Workers by the uuid of their service.
Living = dict[str, tuple[liveness.Member, ...]]


class AllMembers(part.Part):
    """The living workers of all services, kept fresh by a watch per shard.

    :param session: the session to read over
    :param wake: see :class:`part.Part`
    """

    def __init__(
        self, session: sg_session.Session, wake: Callable[[], None]
    ) -> None:
        super().__init__(session, wake)
        self._watches = {
            shard: functools.partial(self._fired, shard)
            for shard in layout.SHARDS
        }
        self._names: dict[str, frozenset[str]] = {}
        self._unread = set(layout.SHARDS)
        self._touched = 0
        self._seen = 0
        self._living: Living | None = None

    @property
    def latest(self) -> Living | None:
        """The living workers as they were read last, None before that."""
        return self._living

    def living(self, timeout: float) -> Living | None:
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
        with self._changed:
            self._touched += 1
            self._unread.update(layout.shard_of(uuid) for uuid in uuids)
        self.mark(now=True)

    def audit(self) -> None:
        with self._changed:
            self._unread.update(layout.SHARDS)
        self.mark(now=True)

    def refresh(self) -> None:
        with self._changed:
            touched = self._touched
            shards = sorted(self._unread)
            self._unread.clear()
        try:
            found = self._read(shards)
        except BaseException:
            with self._changed:
                self._unread.update(shards)
            raise
        self._learn(found)
        self._seen = touched

    def next_time(self, began: float) -> float:
        now = time.monotonic()
        wanted = (now - began) / SHARE
        return now + min(max(PAUSE, wanted), LONGEST_PAUSE)

    def _read(self, shards: list[str]) -> dict[str, frozenset[str]]:
        paths = self.session.layout
        answers = self.session.ask(
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
        """Watch for a shard that nobody has created yet."""
        path = self.session.layout.shard(shard)
        watch = self._watches[shard]
        (stat,) = self.session.ask([requests.exists(path, watch)])
        if stat is not None:
            watch(None)

    def _learn(self, found: dict[str, frozenset[str]]) -> None:
        """Take in shards, of which most names are as they were."""
        living = dict(self._living or {})
        for shard, names in found.items():
            before = self._names.get(shard, frozenset())
            changed = {members.uuid_of(name) for name in names ^ before}
            for uuid in changed:
                living.pop(uuid, None)
            living.update(
                members.collect(
                    name
                    for name in sorted(names)
                    if members.uuid_of(name) in changed
                )
            )
            self._names[shard] = names
        self._living = living

    def _fired(self, shard: str, event: object) -> None:
        with self._changed:
            self._unread.add(shard)
        self.mark()
