# SPDX-License-Identifier: Apache-2.0

"""Service records in ZooKeeper, each changed by compare-and-set."""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from oslo_config import cfg

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.servicegroup import loader
from nova_sg.servicegroup import marker
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.zookeeper import fence
from nova_sg.servicegroup.backends.zookeeper import layout
from nova_sg.servicegroup.backends.zookeeper import lookup
from nova_sg.servicegroup.backends.zookeeper import marker as zookeeper_marker
from nova_sg.servicegroup.backends.zookeeper import mirror
from nova_sg.servicegroup.backends.zookeeper import session as sg_session
from nova_sg.servicegroup.backends.zookeeper import writer
from nova_sg.servicegroup.records import base
from nova_sg.servicegroup.records import change
from nova_sg.servicegroup.records import view as sg_view


class ZooKeeperRecordStore(base.RecordStore):
    """Persistent znodes under ``[zookeeper] chroot``.

    A record, the entries that make it unique and findable, and its change
    in the log are written in one transaction.

    :param conf: a loaded configuration
    :raises InvalidConfiguration: an option of ``[zookeeper]`` is no use
    """

    #: The transaction of each change checks the marker.
    fence = 0.0

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__(conf)
        self.session = sg_session.get(conf)
        self._lookup = lookup.Lookup(self.session)
        self._writer = writer.Writer(
            self.session,
            self._lookup,
            fence.Fence(self.session, loader.our_marker(conf)),
        )
        self.mirror = mirror.Mirror(self.session)

    @property
    def marker_store(self) -> marker.MarkerStore:
        return zookeeper_marker.ZooKeeperMarkerStore(self.session)

    def cell(self, context: sg_context.RequestContext) -> layout.CellLayout:
        """Return the paths of the cell that a call is for."""
        uuid = getattr(context, 'cell_uuid', None)
        return self.session.layout.cell(uuid or self.conf.servicegroup.cell)

    def known(
        self, context: sg_context.RequestContext, uuids: Sequence[str]
    ) -> set[str]:
        """Return those of the uuids that are services, of any cell."""
        view = self._view(context)
        known = set() if view is None else view.by_uuid.keys() & set(uuids)
        rest = [uuid for uuid in uuids if uuid not in known]
        return known | self._lookup.known(self.cell(context), rest)

    def _view(self, context: sg_context.RequestContext) -> sg_view.View | None:
        """Return the mirrored records, with all that was read or written here.

        :returns: None where ZooKeeper is to be asked
        """
        cell = self.cell(context)
        return self.mirror.view(cell, self._lookup.positions.seen(cell))

    def create(
        self, context: sg_context.RequestContext, values: Mapping[str, Any]
    ) -> record.Record:
        return self._writer.create(
            self.cell(context), change.token_of(context), values
        )

    def get_by_uuid(
        self, context: sg_context.RequestContext, uuid: str
    ) -> record.Record:
        view = self._view(context)
        if view is not None:
            found = view.by_uuid.get(uuid)
        else:
            found = self._lookup.get_record(self.cell(context), uuid)
        if found is None:
            raise exception.ServiceNotFound(service_id=uuid)
        return found

    def get_by_id(
        self, context: sg_context.RequestContext, service_id: int
    ) -> record.Record:
        view = self._view(context)
        if view is not None:
            found = view.by_id.get(service_id)
        else:
            cell = self.cell(context)
            found = self._lookup.follow(cell, cell.id(service_id))
        if found is None:
            raise exception.ServiceNotFound(service_id=service_id)
        return found

    def get_by_host_and_binary(
        self, context: sg_context.RequestContext, host: str, binary: str
    ) -> record.Record | None:
        view = self._view(context)
        if view is not None:
            return view.by_name.get((host, binary))
        cell = self.cell(context)
        return self._lookup.follow(cell, cell.name(host, binary))

    def get_by_host_and_topic(
        self, context: sg_context.RequestContext, host: str, topic: str
    ) -> record.Record | None:
        view = self._view(context)
        if view is not None:
            found = view.by_topic.get((host, topic))
        else:
            cell = self.cell(context)
            found = self._lookup.follow(cell, cell.topic(host, topic))
        return None if found is None or found.disabled else found

    def list(
        self,
        context: sg_context.RequestContext,
        *,
        host: str | None = None,
        binary: str | None = None,
        topic: str | None = None,
        disabled: bool | None = None,
    ) -> Sequence[record.Record]:
        cell = self.cell(context)
        self.mirror.note_list(cell)
        view = self._view(context)
        if view is not None:
            return view.select(
                host=host, binary=binary, topic=topic, disabled=disabled
            )
        if host is not None:
            records = self._lookup.of_host(cell, host)
        else:
            records = self._lookup.everything(cell)
        return sg_view.select(
            records, host=host, binary=binary, topic=topic, disabled=disabled
        )

    def traces(
        self, context: sg_context.RequestContext
    ) -> Sequence[record.Record]:
        return self._lookup.traces(self.cell(context))

    def update(
        self,
        context: sg_context.RequestContext,
        uuid: str,
        changes: Mapping[str, Any],
    ) -> record.Record:
        return self._writer.update(
            self.cell(context), change.token_of(context), uuid, changes
        )

    def destroy(self, context: sg_context.RequestContext, uuid: str) -> None:
        self._writer.destroy(
            self.cell(context), change.token_of(context), uuid
        )

    def made(
        self, context: sg_context.RequestContext, uuid: str | None = None
    ) -> record.Record | None:
        return self._writer.made(
            self.cell(context), change.token_of(context), uuid
        )

    def minimum_versions(
        self, context: sg_context.RequestContext, binaries: Iterable[str]
    ) -> dict[str, int]:
        view = self._view(context)
        if view is None:
            return self._lookup.minimum_versions(self.cell(context), binaries)
        lowest = view.minimum_versions
        return {each: lowest[each] for each in binaries if each in lowest}

    def restore(
        self, context: sg_context.RequestContext, restored: record.Record
    ) -> None:
        self._writer.restore(self.cell(context), restored)

    def purge(
        self, context: sg_context.RequestContext, uuids: Sequence[str]
    ) -> None:
        self._writer.purge(self.cell(context), uuids)
