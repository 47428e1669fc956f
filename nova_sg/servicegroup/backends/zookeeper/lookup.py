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
from nova_sg.servicegroup import view
from nova_sg.servicegroup.backends.zookeeper import changelog
from nova_sg.servicegroup.backends.zookeeper import layout
from nova_sg.servicegroup.backends.zookeeper import multiread
from nova_sg.servicegroup.backends.zookeeper import requests
from nova_sg.servicegroup.backends.zookeeper import session as sg_session
from nova_sg.servicegroup.leased import store
from nova_sg.servicegroup.mirror import positions as sg_positions
from nova_sg.servicegroup.records import codec

#: Names of more znodes than these are read as a whole.
MANY = 100


class Found(NamedTuple):
    """A record, and the version of its znode for compare-and-set."""

    stored: codec.Stored
    version: int

    @property
    def record(self) -> record.Record:
        return self.stored.record


class Lookup(store.Reader):
    """Reads the records of cells.

    :param session: the session to ask over
    :param positions: where to note how new is what was read
    """

    def __init__(
        self, session: sg_session.Session, positions: sg_positions.Positions
    ) -> None:
        self._session = session
        self._sync = requests.sync(session.layout.root)
        self.positions = positions

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
                read = codec.decode(value, path, stat.mtime)
                return Found(read, stat.version)
        return None

    def get(self, cell: str, uuid: str) -> record.Record | None:
        return self._get(self._session.layout.cell(cell), uuid)

    def get_by_id(self, cell: str, service_id: int) -> record.Record | None:
        paths = self._session.layout.cell(cell)
        return self._follow(paths, paths.id(service_id))

    def get_by_name(
        self, cell: str, host: str, binary: str
    ) -> record.Record | None:
        paths = self._session.layout.cell(cell)
        return self._follow(paths, paths.name(host, binary))

    def get_by_topic(
        self, cell: str, host: str, topic: str
    ) -> record.Record | None:
        paths = self._session.layout.cell(cell)
        return self._follow(paths, paths.topic(host, topic))

    def everything(self, cell: str) -> list[record.Record]:
        paths = self._session.layout.cell(cell)
        return self._below(paths, paths.services)

    def traces(self, cell: str) -> list[record.Record]:
        paths = self._session.layout.cell(cell)
        return self._below(paths, paths.deleted)

    def of_host(self, cell: str, host: str) -> list[record.Record]:
        """Return the live records of a host, by id.

        Only names are read of the others.
        """
        paths = self._session.layout.cell(cell)
        prefix = layout.quote(host) + ':'
        entries = [
            f'{paths.names}/{name}'
            for name in self._names(paths, paths.names)
            if name.startswith(prefix)
        ]
        uuids = [
            value.data.decode()
            for value in multiread.read(self._session, entries)
            if value is not None
        ]
        return self._read(paths, [paths.service(uuid) for uuid in uuids])

    def known(self, cell: str, uuids: Sequence[str]) -> set[str]:
        if not uuids:
            return set()
        deployment = self._session.layout
        paths = deployment.cell(cell)
        there = self._known_in([paths], list(uuids))
        rest = [uuid for uuid in uuids if uuid not in there]
        if not rest:
            return there
        others = [
            deployment.cell(layout.unquote(name))
            for name in self._names(paths, deployment.cells)
        ]
        return there | self._known_in(others, rest)

    def minimum_versions(
        self, cell: str, binaries: Iterable[str]
    ) -> dict[str, int]:
        paths = self._session.layout.cell(cell)
        wanted = sorted(set(binaries))
        answers = self._ask(
            paths, [requests.children(paths.versions_of(b)) for b in wanted]
        )
        versions = [
            (binary, int(name))
            for binary, names in zip(wanted, answers, strict=True)
            if isinstance(names, list)
            for name in names
        ]
        stats = self._ask(
            paths, [requests.exists(paths.version(*each)) for each in versions]
        )
        lowest: dict[str, int] = {}
        for (binary, version), stat in zip(versions, stats, strict=True):
            if stat is not None and stat.numChildren:
                lowest[binary] = min(version, lowest.get(binary, version))
        return lowest

    def _get(self, cell: layout.CellLayout, uuid: str) -> record.Record | None:
        path = cell.service(uuid)
        (answer,) = self._ask(cell, [requests.get(path)])
        if isinstance(answer, exceptions.NoNodeError):
            return None
        value, stat = answer
        return codec.decode(value, path, stat.mtime).record

    def _follow(
        self, cell: layout.CellLayout, entry: str
    ) -> record.Record | None:
        """Return the live record that an entry leads to, None without one.

        :param entry: a path of the layout whose value is a uuid
        """
        (answer,) = self._ask(cell, [requests.get(entry)])
        if isinstance(answer, exceptions.NoNodeError):
            return None
        value: bytes = answer[0]
        return self._get(cell, value.decode())

    def _known_in(
        self, cells: Sequence[layout.CellLayout], uuids: list[str]
    ) -> set[str]:
        logs = [changelog.ask_position(cell) for cell in cells]
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
            self._learn(cell, log)
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
            self._session, paths, [changelog.ask_position(cell)]
        )
        self._learn(cell, log)
        return view.in_order(
            codec.decode(value.data, path, value.stat.mtime).record
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
            [self._sync, *asked, changelog.ask_position(cell)], deadline
        )
        self._learn(cell, log)
        return answers

    def _learn(self, cell: layout.CellLayout, log: Any) -> None:
        self.positions.learn(cell.uuid, *changelog.position_of(log))
