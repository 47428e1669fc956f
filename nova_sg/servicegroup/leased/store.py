# SPDX-License-Identifier: Apache-2.0

"""A record store that reads from its mirror, and from the backend without one.

The mirror answers once a process lists often; see :mod:`nova_sg.servicegroup.
mirror`. Whichever of both answers, the process never reads backwards.
"""

import abc
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Unpack

from oslo_config import cfg

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.servicegroup import record
from nova_sg.servicegroup import view as sg_view
from nova_sg.servicegroup.mirror import mirror as sg_mirror
from nova_sg.servicegroup.records import base

Context = sg_context.RequestContext


class Reader(abc.ABC):
    """Reads the records of cells, by their uuid, from the backend itself.

    Each read notes in ``Mirror.positions`` how new it was. Every method
    raises ``ServiceGroupUnavailable`` where the backend cannot be asked.
    """

    @abc.abstractmethod
    def get(self, cell: str, uuid: str) -> record.Record | None:
        """Return the live record with a uuid, None without one."""

    @abc.abstractmethod
    def get_by_id(self, cell: str, service_id: int) -> record.Record | None:
        """Return the live record with an integer id, None without one."""

    @abc.abstractmethod
    def get_by_name(
        self, cell: str, host: str, binary: str
    ) -> record.Record | None:
        """Return the live record of a binary on a host, None without one."""

    @abc.abstractmethod
    def get_by_topic(
        self, cell: str, host: str, topic: str
    ) -> record.Record | None:
        """Return the live record of a topic on a host, None without one."""

    @abc.abstractmethod
    def everything(self, cell: str) -> Sequence[record.Record]:
        """Return all live records of a cell, by id."""

    @abc.abstractmethod
    def of_host(self, cell: str, host: str) -> Sequence[record.Record]:
        """Return the live records of a host, by id."""

    @abc.abstractmethod
    def traces(self, cell: str) -> Sequence[record.Record]:
        """Return the records of all destroyed services of a cell, by id."""

    @abc.abstractmethod
    def known(self, cell: str, uuids: Sequence[str]) -> set[str]:
        """Return those of the uuids that are live services, of any cell.

        :param cell: where most of them are
        """

    @abc.abstractmethod
    def minimum_versions(
        self, cell: str, binaries: Iterable[str]
    ) -> dict[str, int]:
        """Return the lowest version of binaries, but of those forced down."""


class MirroredRecordStore(base.RecordStore):
    """The reading half of a record store with a mirror.

    :param conf: a loaded configuration
    :param mirror: it answers where it can
    :param reader: answers where the mirror cannot
    """

    def __init__(
        self, conf: cfg.ConfigOpts, mirror: sg_mirror.Mirror, reader: Reader
    ) -> None:
        super().__init__(conf)
        self.mirror = mirror
        self._reader = reader

    def watch(self, context: Context) -> None:
        self.mirror.follow(self.cell(context))

    def mirror_over(self, lease: object) -> sg_mirror.Mirror | None:
        return self.mirror if self.mirror.lease is lease else None

    def cell(self, context: Context) -> str:
        """Return the uuid of the cell that a call is for."""
        uuid: str | None = getattr(context, 'cell_uuid', None)
        return uuid or self.conf.servicegroup.cell

    def view(self, context: Context) -> sg_view.View | None:
        cell = self.cell(context)
        self.mirror.note_list(cell)
        return self.mirror.view(cell)

    def known(self, context: Context, uuids: Sequence[str]) -> set[str]:
        """Return those of the uuids that are services, of any cell."""
        cell = self.cell(context)
        view = self.mirror.view(cell)
        known = set() if view is None else view.by_uuid.keys() & set(uuids)
        rest = [uuid for uuid in uuids if uuid not in known]
        return known | self._reader.known(cell, rest)

    def get_by_uuid(self, context: Context, uuid: str) -> record.Record:
        cell = self.cell(context)
        view = self.mirror.view(cell)
        if view is None:
            return _there(self._reader.get(cell, uuid), uuid)
        return _there(view.by_uuid.get(uuid), uuid)

    def get_by_id(self, context: Context, service_id: int) -> record.Record:
        cell = self.cell(context)
        view = self.mirror.view(cell)
        if view is None:
            return _there(self._reader.get_by_id(cell, service_id), service_id)
        return _there(view.by_id.get(service_id), service_id)

    def get_by_host_and_binary(
        self, context: Context, host: str, binary: str
    ) -> record.Record | None:
        cell = self.cell(context)
        view = self.mirror.view(cell)
        if view is not None:
            return view.by_name.get((host, binary))
        return self._reader.get_by_name(cell, host, binary)

    def get_by_host_and_topic(
        self, context: Context, host: str, topic: str
    ) -> record.Record | None:
        cell = self.cell(context)
        view = self.mirror.view(cell)
        if view is not None:
            found = view.by_topic.get((host, topic))
        else:
            found = self._reader.get_by_topic(cell, host, topic)
        return None if found is None or found.disabled else found

    def list(
        self, context: Context, **filters: Unpack[record.Filters]
    ) -> Sequence[record.Record]:
        view = self.view(context)
        if view is not None:
            return view.select(**filters)
        cell = self.cell(context)
        host = filters.get('host')
        if host is not None:
            records = self._reader.of_host(cell, host)
        else:
            records = self._reader.everything(cell)
        return sg_view.select(records, **filters)

    def of_hosts(
        self, context: Context, binary: str, hosts: Iterable[str]
    ) -> Sequence[record.Record]:
        view = self.view(context)
        if view is None:
            records = self._reader.everything(self.cell(context))
            view = sg_view.View({each.uuid: each for each in records})
        return view.of_hosts(binary, hosts)

    def traces(self, context: Context) -> Sequence[record.Record]:
        return self._reader.traces(self.cell(context))

    def minimum_versions(
        self, context: Context, binaries: Iterable[str]
    ) -> dict[str, int]:
        cell = self.cell(context)
        view = self.mirror.view(cell)
        if view is None:
            return self._reader.minimum_versions(cell, binaries)
        return view.minimum_versions(binaries)


def _there(found: record.Record | None, asked: str | int) -> record.Record:
    """Return what was found, or say that there is no such service."""
    if found is None:
        raise exception.ServiceNotFound(service_id=asked)
    return found
