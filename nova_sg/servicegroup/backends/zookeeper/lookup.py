# SPDX-License-Identifier: Apache-2.0

"""Records read from ZooKeeper itself, in a constant number of round trips.

Each read has the server catch up with the leader first, so that it sees what
was acknowledged before, by whichever server.
"""

from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

from kazoo import exceptions

from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.zookeeper import layout
from nova_sg.servicegroup.backends.zookeeper import multiread
from nova_sg.servicegroup.backends.zookeeper import positions
from nova_sg.servicegroup.backends.zookeeper import requests
from nova_sg.servicegroup.backends.zookeeper import session as sg_session
from nova_sg.servicegroup.backends.zookeeper import stored
from nova_sg.servicegroup.records import view

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
        self.positions = positions.Positions()
        session.add_listener(self.positions)

    def latest(
        self, cell: layout.CellLayout, uuid: str, deadline: float | None = None
    ) -> Found | None:
        """Return the record with a uuid, None where there never was one.

        Where there is no live one it is the trace of a destroyed service.
        """
        paths = [cell.service(uuid), cell.trace(uuid)]
        answers = self._ask(cell, [requests.get(p) for p in paths], deadline)
        for path, answer in zip(paths, answers, strict=True):
            if not isinstance(answer, exceptions.NoNodeError):
                value, stat = answer
                read = stored.decode(value, stat.mtime, path)
                return Found(read, stat.version)
        return None

    def get_record(
        self, cell: layout.CellLayout, uuid: str
    ) -> record.Record | None:
        """Return the live record with a uuid, None without one."""
        path = cell.service(uuid)
        (answer,) = self._ask(cell, [requests.get(path)])
        if isinstance(answer, exceptions.NoNodeError):
            return None
        value, stat = answer
        return stored.decode(value, stat.mtime, path).record

    def follow(
        self, cell: layout.CellLayout, entry: str
    ) -> record.Record | None:
        """Return the live record that an entry leads to, None without one.

        :param entry: a path of the layout whose value is a uuid
        """
        (answer,) = self._ask(cell, [requests.get(entry)])
        if isinstance(answer, exceptions.NoNodeError):
            return None
        value: bytes = answer[0]
        return self.get_record(cell, value.decode())

    def everything(self, cell: layout.CellLayout) -> list[record.Record]:
        """Return all live records of a cell, by id."""
        return self._below(cell, cell.services)

    def traces(self, cell: layout.CellLayout) -> list[record.Record]:
        """Return the records of all destroyed services of a cell, by id."""
        return self._below(cell, cell.deleted)

    def of_host(
        self, cell: layout.CellLayout, host: str
    ) -> list[record.Record]:
        """Return the live records of a host, by id.

        Only names are read of the others.
        """
        prefix = layout.quote(host) + ':'
        entries = [
            f'{cell.names}/{name}'
            for name in self._names(cell, cell.names)
            if name.startswith(prefix)
        ]
        uuids = [
            value.data.decode()
            for value in multiread.read(self._session, entries)
            if value is not None
        ]
        return self._read(cell, [cell.service(uuid) for uuid in uuids])

    def known(self, cell: layout.CellLayout, uuids: Sequence[str]) -> set[str]:
        """Return those of the uuids that are live services, of any cell.

        :param cell: where most of them are
        """
        if not uuids:
            return set()
        there = self._known_in([cell], list(uuids))
        rest = [uuid for uuid in uuids if uuid not in there]
        if not rest:
            return there
        cells = self._session.layout.cells
        others = [
            layout.CellLayout(f'{cells}/{name}')
            for name in self._names(cell, cells)
        ]
        return there | self._known_in(others, rest)

    def minimum_versions(
        self, cell: layout.CellLayout, binaries: Iterable[str]
    ) -> dict[str, int]:
        """Return the lowest version of binaries, but of those forced down."""
        wanted = sorted(set(binaries))
        answers = self._ask(
            cell, [requests.children(cell.versions_of(b)) for b in wanted]
        )
        versions = [
            (binary, int(name))
            for binary, names in zip(wanted, answers, strict=True)
            if isinstance(names, list)
            for name in names
        ]
        stats = self._ask(
            cell, [requests.exists(cell.version(*each)) for each in versions]
        )
        lowest: dict[str, int] = {}
        for (binary, version), stat in zip(versions, stats, strict=True):
            if stat is not None and stat.numChildren:
                lowest[binary] = min(version, lowest.get(binary, version))
        return lowest

    def _known_in(
        self, cells: Sequence[layout.CellLayout], uuids: list[str]
    ) -> set[str]:
        logs = [positions.ask(cell) for cell in cells]
        if len(uuids) > MANY:
            asked = [requests.children(cell.services) for cell in cells]
        else:
            asked = [
                requests.exists(cell.service(uuid))
                for cell in cells
                for uuid in uuids
            ]
        answers = self._session.ask([*asked, *logs])
        for cell, log in zip(cells, answers[len(asked) :], strict=True):
            self.positions.learn(cell, log)
        del answers[len(asked) :]
        if len(uuids) > MANY:
            there = {
                layout.unquote(name)
                for names in answers
                if isinstance(names, list)
                for name in names
            }
            return there.intersection(uuids)
        return {
            uuid
            for uuid, stat in zip(uuids * len(cells), answers, strict=True)
            if stat is not None
        }

    def _below(
        self, cell: layout.CellLayout, path: str
    ) -> list[record.Record]:
        names = self._names(cell, path)
        return self._read(cell, [f'{path}/{name}' for name in names])

    def _names(self, cell: layout.CellLayout, path: str) -> list[str]:
        (answer,) = self._ask(cell, [requests.children(path)])
        if isinstance(answer, exceptions.NoNodeError):
            return []
        names: list[str] = answer
        return names

    def _read(
        self, cell: layout.CellLayout, paths: Sequence[str]
    ) -> list[record.Record]:
        """Return the records in znodes, without those gone meanwhile."""
        values, (log,) = multiread.read_with(
            self._session, paths, [positions.ask(cell)]
        )
        self.positions.learn(cell, log)
        return view.in_order(
            stored.decode(value.data, value.stat.mtime, path).record
            for path, value in zip(paths, values, strict=True)
            if value is not None
        )

    def _ask(
        self,
        cell: layout.CellLayout,
        asked: Sequence[requests.Request],
        deadline: float | None = None,
    ) -> list[Any]:
        """Ask a server that has caught up, and note how far that was."""
        _, *answers, log = self._session.ask(
            [self._sync, *asked, positions.ask(cell)], deadline
        )
        self.positions.learn(cell, log)
        return answers
