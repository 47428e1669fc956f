# SPDX-License-Identifier: Apache-2.0

"""Records read from ZooKeeper itself, in a constant number of round trips.

Each read has the server catch up with the leader first, so that it sees what
was acknowledged before, by whichever server.
"""

from collections.abc import Iterable
from collections.abc import Sequence
from typing import NamedTuple

from kazoo import exceptions

from nova_sg.servicegroup import record
from nova_sg.servicegroup.zookeeper import layout
from nova_sg.servicegroup.zookeeper import multiread
from nova_sg.servicegroup.zookeeper import requests
from nova_sg.servicegroup.zookeeper import session as sg_session
from nova_sg.servicegroup.zookeeper import stored

#: Names of more znodes than these are read as a whole.
MANY = 100


class Found(NamedTuple):
    """A record, and the version of its znode for compare-and-set."""

    stored: stored.Stored
    version: int

    @property
    def record(self) -> record.Record:
        return self.stored.record


class Lookup:
    """Reads the records of cells.

    Every method raises ``ServiceGroupUnavailable`` where ZooKeeper cannot be
    asked.

    :param session: the session to ask over
    """

    def __init__(self, session: sg_session.Session) -> None:
        self._session = session
        self._sync = requests.sync(session.layout.root)

    def get(self, path: str, deadline: float | None = None) -> Found | None:
        """Return the record in a znode, None where there is none."""
        _, answer = self._session.ask(
            [self._sync, requests.get(path)], deadline
        )
        if isinstance(answer, exceptions.NoNodeError):
            return None
        value, stat = answer
        return Found(stored.decode(value, stat.mtime, path), stat.version)

    def get_record(
        self, cell: layout.CellLayout, uuid: str
    ) -> record.Record | None:
        """Return the live record with a uuid, None without one."""
        found = self.get(cell.service(uuid))
        return None if found is None else found.record

    def uuid_in(self, path: str) -> str | None:
        """Return the uuid an entry leads to, None where there is none."""
        _, answer = self._session.ask([self._sync, requests.get(path)])
        if isinstance(answer, exceptions.NoNodeError):
            return None
        value: bytes = answer[0]
        return value.decode()

    def follow(
        self, cell: layout.CellLayout, entry: str
    ) -> record.Record | None:
        """Return the live record that an entry leads to, None without one.

        :param entry: a path of the layout whose value is a uuid
        """
        uuid = self.uuid_in(entry)
        if uuid is None:
            return None
        return self.get_record(cell, uuid)

    def everything(self, cell: layout.CellLayout) -> list[record.Record]:
        """Return all live records of a cell, by id."""
        return self._below(cell.services)

    def traces(self, cell: layout.CellLayout) -> list[record.Record]:
        """Return the records of all destroyed services of a cell, by id."""
        return self._below(cell.deleted)

    def of_host(
        self, cell: layout.CellLayout, host: str
    ) -> list[record.Record]:
        """Return the live records of a host, by id.

        Only names are read of the others.
        """
        prefix = layout.quote(host) + ':'
        entries = [
            f'{cell.names}/{name}'
            for name in self._names(cell.names)
            if name.startswith(prefix)
        ]
        uuids = [
            value.data.decode()
            for value in multiread.read(self._session, entries)
            if value is not None
        ]
        return self._read([cell.service(uuid) for uuid in uuids])

    def known(self, cell: layout.CellLayout, uuids: Sequence[str]) -> set[str]:
        """Return those of the uuids that are live services, of any cell.

        :param cell: where most of them are
        """
        if not uuids:
            return set()
        there = self._known_in([cell], uuids)
        rest = [uuid for uuid in uuids if uuid not in there]
        if not rest:
            return there
        cells = self._session.layout.cells
        others = [
            layout.CellLayout(f'{cells}/{name}') for name in self._names(cells)
        ]
        return there | self._known_in(others, rest)

    def minimum_versions(
        self, cell: layout.CellLayout, binaries: Iterable[str]
    ) -> dict[str, int]:
        """Return the lowest version of binaries, but of those forced down."""
        wanted = sorted(set(binaries))
        _, *answers = self._session.ask(
            [
                self._sync,
                *(requests.children(cell.versions_of(b)) for b in wanted),
            ]
        )
        versions = [
            (binary, int(name))
            for binary, names in zip(wanted, answers, strict=True)
            if isinstance(names, list)
            for name in names
        ]
        stats = self._session.ask(
            [requests.exists(cell.version(*each)) for each in versions]
        )
        lowest: dict[str, int] = {}
        for (binary, version), stat in zip(versions, stats, strict=True):
            if stat is not None and stat.numChildren:
                lowest[binary] = min(version, lowest.get(binary, version))
        return lowest

    def _known_in(
        self, cells: Sequence[layout.CellLayout], uuids: Sequence[str]
    ) -> set[str]:
        if len(uuids) > MANY:
            answers = self._session.ask(
                [requests.children(cell.services) for cell in cells]
            )
            there = {
                layout.unquote(name)
                for names in answers
                if isinstance(names, list)
                for name in names
            }
            return there.intersection(uuids)
        asked = [(cell, uuid) for cell in cells for uuid in uuids]
        stats = self._session.ask(
            [requests.exists(cell.service(uuid)) for cell, uuid in asked]
        )
        return {
            uuid
            for (_, uuid), stat in zip(asked, stats, strict=True)
            if stat is not None
        }

    def _below(self, path: str) -> list[record.Record]:
        return self._read([f'{path}/{name}' for name in self._names(path)])

    def _names(self, path: str) -> list[str]:
        _, answer = self._session.ask([self._sync, requests.children(path)])
        if isinstance(answer, exceptions.NoNodeError):
            return []
        names: list[str] = answer
        return names

    def _read(self, paths: Sequence[str]) -> list[record.Record]:
        """Return the records in znodes, without those gone meanwhile."""
        values = multiread.read(self._session, paths)
        found = [
            stored.decode(value.data, value.stat.mtime, path).record
            for path, value in zip(paths, values, strict=True)
            if value is not None
        ]
        found.sort(key=lambda each: each.id)
        return found
