# SPDX-License-Identifier: Apache-2.0

"""Service records in memcached, as long as its memory lasts."""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import Unpack

from oslo_config import cfg

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.servicegroup import marker
from nova_sg.servicegroup import plugins
from nova_sg.servicegroup import record
from nova_sg.servicegroup import view as sg_view
from nova_sg.servicegroup.backends.memcached import cell as cell_
from nova_sg.servicegroup.backends.memcached import cluster as cluster_
from nova_sg.servicegroup.backends.memcached import fence
from nova_sg.servicegroup.backends.memcached import history
from nova_sg.servicegroup.backends.memcached import index
from nova_sg.servicegroup.backends.memcached import keeper
from nova_sg.servicegroup.backends.memcached import marker as memcached_marker
from nova_sg.servicegroup.backends.memcached import restorer
from nova_sg.servicegroup.backends.memcached import snapshot as snapshot_
from nova_sg.servicegroup.backends.memcached import writer
from nova_sg.servicegroup.history import base as history_base
from nova_sg.servicegroup.records import base
from nova_sg.servicegroup.records import change
from nova_sg.servicegroup.records import codec
from nova_sg.servicegroup.records import known

Context = sg_context.RequestContext


class MemcachedRecordStore(base.RecordStore):
    """Values under the cell's uuid; nothing here survives a restart.

    Times are by the clock of the process that writes: memcached has none to
    ask for. Tokens of changes are in the value they changed, see
    :mod:`..records.codec`; for the marker see :mod:`..memcached.fence`.
    """

    durable = False

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__(conf)
        self.ours = plugins.our_marker(conf)
        self.cluster = cluster_.get(conf)
        self._keepers = keeper.Keepers(self.cluster)
        self._snapshots: dict[str, snapshot_.Snapshot] = {}
        self._marker_store = memcached_marker.MemcachedMarkerStore(
            self.cluster
        )
        self.fence = max(
            fence.seconds(each.options) for each in self.cluster.servers
        )

    @property
    def marker_store(self) -> marker.MarkerStore:
        return self._marker_store

    @property
    def history(self) -> history.MemcachedHistory:
        return history.MemcachedHistory(
            self.cell,
            lambda context: [*self.list(context), *self.traces(context)],
            history_base.Limits.of(self.conf),
            self._fence_of,
        )

    def cell(self, context: Context) -> cell_.Cell:
        """Return the cell a call is for."""
        uuid = context.cell_uuid or self.conf.servicegroup.cell
        return cell_.Cell(
            uuid, self.cluster.server_of(uuid), self.cluster.keys.cell(uuid)
        )

    def keep(self, context: Context, uuids: Sequence[str]) -> set[str]:
        return self._keepers.keep(self.cell(context), uuids)

    def check_kept(self, uuids: Iterable[str]) -> set[str]:
        return self._keepers.check(uuids)

    def create(
        self, context: Context, values: Mapping[str, Any]
    ) -> record.Record:
        return self._writer(context).create(values, change.token_of(context))

    def get_by_uuid(self, context: Context, uuid: str) -> record.Record:
        found = self.cell(context).live(uuid)
        if found is None:
            raise exception.ServiceNotFound(service_id=uuid)
        return found

    def get_by_id(self, context: Context, service_id: int) -> record.Record:
        cell = self.cell(context)
        found = cell.follow(cell.keys.id(service_id))
        if found is None or found.id != service_id:
            raise exception.ServiceNotFound(service_id=service_id)
        return found

    def get_by_host_and_binary(
        self, context: Context, host: str, binary: str
    ) -> record.Record | None:
        cell = self.cell(context)
        found = cell.follow(cell.keys.binary(host, binary))
        if found is None or (found.host, found.binary) != (host, binary):
            return None
        return found

    def get_by_host_and_topic(
        self, context: Context, host: str, topic: str
    ) -> record.Record | None:
        cell = self.cell(context)
        found = cell.follow(cell.keys.topic(host, topic))
        if found is None or (found.host, found.topic) != (host, topic):
            return None
        return None if found.disabled else found

    def list(
        self, context: Context, **filters: Unpack[record.Filters]
    ) -> Sequence[record.Record]:
        return self.view(context).select(**filters)

    def of_hosts(
        self, context: Context, binary: str, hosts: Iterable[str]
    ) -> Sequence[record.Record]:
        return self.view(context).of_hosts(binary, hosts)

    def known(self, context: Context, uuids: Sequence[str]) -> set[str]:
        if len(uuids) > known.FEW:
            return self.view(context).by_uuid.keys() & set(uuids)
        return known.one_by_one(self.get_by_uuid, context, uuids)

    def traces(self, context: Context) -> Sequence[record.Record]:
        """See the base class: for a week, or for ever if restored."""
        return sg_view.in_order(
            each.record
            for each in index.Index(self.cell(context), index.GONE).read()
            if each.record.deleted
        )

    def update(
        self, context: Context, uuid: str, changes: Mapping[str, Any]
    ) -> record.Record:
        token = change.token_of(context)
        return self._writer(context).update(uuid, changes, token)

    def destroy(self, context: Context, uuid: str) -> None:
        self._writer(context).destroy(uuid, change.token_of(context))

    def made(
        self, context: Context, uuid: str | None = None
    ) -> record.Record | None:
        return self._writer(context).made(uuid, change.token_of(context))

    def minimum_versions(
        self, context: Context, binaries: Iterable[str]
    ) -> dict[str, int]:
        return self.view(context).minimum_versions(binaries)

    def restore(self, context: Context, restored: record.Record) -> None:
        restorer.Restorer(self.cell(context)).restore(codec.Stored(restored))

    def purge(self, context: Context, uuids: Sequence[str]) -> None:
        purging = restorer.Restorer(self.cell(context))
        for uuid in uuids:
            purging.purge(uuid)

    def view(self, context: Context) -> sg_view.View:
        """Return the live records of a cell as they are now."""
        cell = self.cell(context)
        snapshot = self._snapshots.get(cell.uuid)
        if snapshot is None:
            # Of two threads that both make one, the later one's is kept.
            snapshot = snapshot_.Snapshot(cell)
            self._snapshots[cell.uuid] = snapshot
        return snapshot.read()

    def _writer(self, context: Context) -> writer.Writer:
        cell = self.cell(context)
        return writer.Writer(cell, self._fence_of(cell))

    def _fence_of(self, cell: cell_.Cell) -> fence.Fence:
        return fence.Fence(self._marker_store, self.ours, cell.server)
