# SPDX-License-Identifier: Apache-2.0

"""nova's own table as a record store: ``records = sql`` inside a tree.

For the drivers which keep only liveness elsewhere (``zk`` and ``mc`` with
``records = sql``), and for moving services from one driver to another. The
statements are those of nova's own functions, or of :mod:`.novas_table`, in the
cell that nova's context leads to.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import functools
from typing import Any
from typing import Unpack

from nova import context as nova_context
from nova import exception as nova_exception
from nova import objects
from nova.objects import base as objects_base
from oslo_db import exception as db_exc
from oslo_utils import uuidutils

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.db import beats
from nova_sg.nova_tree import errors
from nova_sg.nova_tree import novas_table
from nova_sg.nova_tree import once
from nova_sg.nova_tree import originals
from nova_sg.nova_tree import rows
from nova_sg.nova_tree import transitions
from nova_sg.servicegroup import marker
from nova_sg.servicegroup import plugins
from nova_sg.servicegroup import record
from nova_sg.servicegroup import view
from nova_sg.servicegroup.history import sql as sql_history
from nova_sg.servicegroup.records import base
from nova_sg.servicegroup.records import change

#: Hosts that a statement may name: those of a page of servers, as long as
#: nova's ``max_limit``. SQLite takes no more than some thousands.
NAMED = 1000

#: What nova raises for a name that is another service's.
_NAMES_TAKEN = (
    nova_exception.ServiceBinaryExists,
    nova_exception.ServiceTopicExists,
)


class NovaRecordStore(base.RecordStore):
    """Rows of ``services``, through nova's own functions."""

    @functools.cached_property
    def ours(self) -> marker.Marker:
        """How the deployment of this process is marked."""
        return plugins.our_marker(self.conf)

    @property
    def marker_store(self) -> marker.MarkerStore:
        return NoMarkerStore()

    @property
    def history(self) -> sql_history.SqlHistory:
        return transitions.of_novas_table(self.ours)

    @errors.as_ours()
    def create(
        self, context: sg_context.RequestContext, values: Mapping[str, Any]
    ) -> record.Record:
        values = {'uuid': uuidutils.generate_uuid(), **values}
        create = originals.get('service_create')
        try:
            return _record(once.create(self._change(context), create, values))
        except _NAMES_TAKEN as error:
            # nova takes everything that collides for a name.
            for there in novas_table.same(_nova(context), uuid=values['uuid']):
                raise exception.ServiceExists(
                    service_id=there.id, uuid=there.uuid
                ) from error
            raise

    @errors.as_ours()
    def get_by_uuid(
        self, context: sg_context.RequestContext, uuid: str
    ) -> record.Record:
        if _remote():
            return _record(objects.Service.get_by_uuid(_nova(context), uuid))
        get = originals.get('service_get_by_uuid')
        return _record(get(_nova(context), uuid))

    @errors.as_ours()
    def get_by_id(
        self, context: sg_context.RequestContext, service_id: int
    ) -> record.Record:
        get = originals.get('service_get')
        return _record(get(_nova(context), service_id))

    @errors.as_ours()
    def get_by_host_and_binary(
        self, context: sg_context.RequestContext, host: str, binary: str
    ) -> record.Record | None:
        get = originals.get('service_get_by_host_and_binary')
        try:
            return _record(get(_nova(context), host, binary))
        except nova_exception.HostBinaryNotFound:
            return None

    @errors.as_ours()
    def get_by_host_and_topic(
        self, context: sg_context.RequestContext, host: str, topic: str
    ) -> record.Record | None:
        get = originals.get('service_get_by_host_and_topic')
        row = get(_nova(context), host, topic)
        return None if row is None else _record(row)

    @errors.as_ours()
    def list(
        self,
        context: sg_context.RequestContext,
        **filters: Unpack[record.Filters],
    ) -> Sequence[record.Record]:
        nova = _nova(context)
        if _remote():
            found = list(map(_record, objects.ServiceList.get_all(nova)))
        else:
            found = novas_table.listed(nova, **filters)
        # The names exactly, which MySQL compares without regard to case.
        return view.select(view.in_order(found), **filters)

    @errors.as_ours()
    def of_hosts(
        self,
        context: sg_context.RequestContext,
        binary: str,
        hosts: Iterable[str],
    ) -> Sequence[record.Record]:
        """Have the database choose them, of as many hosts as it may name."""
        wanted = sorted(set(hosts))
        if _remote() or len(wanted) > NAMED:
            return super().of_hosts(context, binary, wanted)
        return novas_table.of_hosts(_nova(context), binary, wanted)

    @errors.as_ours()
    def traces(
        self, context: sg_context.RequestContext
    ) -> Sequence[record.Record]:
        return [_record(row) for row in novas_table.destroyed(_nova(context))]

    @errors.as_ours()
    def update(
        self,
        context: sg_context.RequestContext,
        uuid: str,
        changes: Mapping[str, Any],
    ) -> record.Record:
        try:
            mine = self.get_by_uuid(context, uuid)
        except exception.ServiceNotFound:
            # A service destroyed since this change was made answers it.
            gone = novas_table.same(_nova(context), uuid=uuid)
            if not gone:
                raise
            mine = _record(gone[0])
        update = originals.get('service_update')
        wanted = mine._replace(**changes)
        with self._unique(context, wanted):
            return _record(
                once.update(self._change(context), update, mine.id, changes)
            )

    @errors.as_ours()
    def destroy(self, context: sg_context.RequestContext, uuid: str) -> None:
        # A service that an earlier attempt of this change took away as well.
        for mine in novas_table.same(_nova(context), uuid=uuid):
            destroy = originals.get('service_destroy')
            once.destroy(self._change(context), destroy, mine.id)
            return
        raise exception.ServiceNotFound(service_id=uuid)

    @errors.as_ours()
    def made(
        self, context: sg_context.RequestContext, uuid: str | None = None
    ) -> record.Record | None:
        row = once.made(self._change(context))
        if row is None or uuid not in (None, row.uuid):
            return None
        return _record(row)

    def _change(self, context: sg_context.RequestContext) -> once.Change:
        return once.Change(_nova(context), change.token_of(context), self.ours)

    @errors.as_ours()
    def minimum_versions(
        self, context: sg_context.RequestContext, binaries: Iterable[str]
    ) -> dict[str, int]:
        versions = originals.get('service_get_minimum_version')(
            _nova(context), list(binaries)
        )
        return {binary: low or 0 for binary, low in versions.items()}

    @errors.as_ours()
    def restore(
        self, context: sg_context.RequestContext, restored: record.Record
    ) -> None:
        nova = _nova(context)
        with self._unique(context, restored):
            try:
                novas_table.insert(nova, rows.Row(restored))
            except db_exc.DBDuplicateEntry:
                there = [
                    _record(row)
                    for row in novas_table.same(
                        nova, id=restored.id, uuid=restored.uuid
                    )
                ]
                if len(there) == 1 and not record.differences(
                    there[0], restored
                ):
                    return
                if there:
                    raise exception.ServiceExists(
                        service_id=restored.id, uuid=restored.uuid
                    ) from None
                raise

    @errors.as_ours()
    def purge(
        self, context: sg_context.RequestContext, uuids: Sequence[str]
    ) -> None:
        for batch in beats.batches(uuids):
            novas_table.purge(_nova(context), batch)

    @contextlib.contextmanager
    def _unique(
        self, context: sg_context.RequestContext, wanted: record.Record
    ) -> Iterator[None]:
        """Say which name a record collided with."""
        try:
            yield
        except db_exc.DBDuplicateEntry as error:
            for each in self.list(context, host=wanted.host):
                if each.uuid != wanted.uuid and each.binary == wanted.binary:
                    raise exception.ServiceBinaryExists(
                        host=wanted.host, binary=wanted.binary
                    ) from error
            raise exception.ServiceTopicExists(
                host=wanted.host, topic=wanted.topic
            ) from error


class NoMarkerStore(marker.MarkerStore):
    """nova's table has no place for a marker: it is there without nova_sg."""

    name = "nova's database"

    def read(self) -> marker.Marker | None:
        return None

    def claim(self, ours: marker.Marker) -> marker.Marker:
        return ours

    def move(self, theirs: marker.Marker, ours: marker.Marker) -> bool:
        return True


def _nova(context: sg_context.RequestContext) -> Any:
    """Return nova's context of a call, one of this process without one."""
    return getattr(context, 'nova', None) or nova_context.get_admin_context()


def _remote() -> bool:
    """Whether this process has no database, and asks the conductor."""
    return objects_base.NovaObject.indirection_api is not None


_record = rows.record_of
