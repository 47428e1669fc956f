# SPDX-License-Identifier: Apache-2.0

"""Service records in the ``services`` table."""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import Unpack

from oslo_config import cfg
from oslo_db import exception as db_exc
import sqlalchemy as sa

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.db import beats
from nova_sg.db import copies
from nova_sg.db import engine
from nova_sg.db import galera
from nova_sg.db import models
from nova_sg.servicegroup import marker
from nova_sg.servicegroup import plugins
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.sql import marker as sql_marker
from nova_sg.servicegroup.backends.sql import names
from nova_sg.servicegroup.backends.sql import rows
from nova_sg.servicegroup.backends.sql import writer
from nova_sg.servicegroup.backends.sql.rows import LIVE
from nova_sg.servicegroup.backends.sql.rows import SERVICES
from nova_sg.servicegroup.history import base as history_base
from nova_sg.servicegroup.history import sql as sql_history
from nova_sg.servicegroup.records import base
from nova_sg.servicegroup.records import change

Context = sg_context.RequestContext

#: Live records, and the first of them.
_ALL = rows.Listing()
_ONE = rows.Listing(limit=1)

#: Reads little of the table.
_LAST = sa.select(sa.func.max(SERVICES.id))


class SqlRecordStore(base.RecordStore):
    """Rows of ``services``, in the database of ``[database] connection``.

    A record is created and changed by statements which touch neither
    ``last_seen_up`` nor ``report_count``: those belong to the membership.
    """

    uses_database = True

    #: The marker's row is locked in the transaction of each change.
    fence = 0.0

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__(conf)
        self.ours = plugins.our_marker(conf)
        self._database = engine.get(conf)
        self._names = names.Names(self._database)
        self._marker_store = sql_marker.SqlMarkerStore(self._database)
        self._writer = writer.Writer(
            self._database, self._marker_store, self.ours
        )

    @property
    def marker_store(self) -> marker.MarkerStore:
        return self._marker_store

    @property
    def history(self) -> sql_history.SqlHistory:
        return sql_history.SqlHistory(
            lambda _context: self._database,
            history_base.Limits.of(self.conf),
            lambda connection: self._marker_store.fence(connection, self.ours),
        )

    def settle(self) -> None:
        """Wait for what another node of a Galera cluster has committed.

        The node that has moved the marker may show what was committed before
        it on another node a moment later than the move.
        """
        self._database.read(lambda c: galera.read(c, _LAST))

    def create(
        self, context: Context, values: Mapping[str, Any]
    ) -> record.Record:
        return self._writer.create(values, change.token_of(context))

    def get_by_uuid(self, context: Context, uuid: str) -> record.Record:
        return self._get_live(SERVICES.uuid == uuid, uuid)

    def get_by_id(self, context: Context, service_id: int) -> record.Record:
        if not 0 < service_id <= record.MAX_ID:
            # Not every driver can put it into a statement.
            raise exception.ServiceNotFound(service_id=service_id)
        return self._get_live(SERVICES.id == service_id, service_id)

    def get_by_host_and_binary(
        self, context: Context, host: str, binary: str
    ) -> record.Record | None:
        return self._found(host=host, binary=binary)

    def get_by_host_and_topic(
        self, context: Context, host: str, topic: str
    ) -> record.Record | None:
        return self._found(host=host, topic=topic, disabled=False)

    def list(
        self, context: Context, **filters: Unpack[record.Filters]
    ) -> Sequence[record.Record]:
        found = self._database.read(lambda c: _ALL.execute(c, **filters).all())
        return [record.Record.from_row(row) for row in found]

    def traces(self, context: Context) -> Sequence[record.Record]:
        return self._all(
            rows.ALL.where(SERVICES.deleted != 0).order_by(SERVICES.id)
        )

    def update(
        self, context: Context, uuid: str, changes: Mapping[str, Any]
    ) -> record.Record:
        return self._writer.update(uuid, changes, change.token_of(context))

    def destroy(self, context: Context, uuid: str) -> None:
        self._writer.destroy(uuid, change.token_of(context))

    def made(
        self, context: Context, uuid: str | None = None
    ) -> record.Record | None:
        return self._writer.made(uuid, change.token_of(context))

    def minimum_versions(
        self, context: Context, binaries: Iterable[str]
    ) -> dict[str, int]:
        forced = sa.func.coalesce(SERVICES.forced_down, sa.false())
        statement = (
            sa.select(SERVICES.binary, sa.func.min(SERVICES.version))
            .where(LIVE, forced == sa.false())
            .where(SERVICES.binary.in_(sorted(binaries)))
            .group_by(SERVICES.binary)
        )
        found = self._database.read(lambda c: c.execute(statement).all())
        return {binary: version or 0 for binary, version in found}

    def restore(self, context: Context, restored: record.Record) -> None:
        row = restored._asdict()
        existing = rows.ALL.where(
            sa.or_(SERVICES.id == restored.id, SERVICES.uuid == restored.uuid)
        )

        def work(connection: sa.Connection) -> None:
            copies.insert(connection, models.services, row)

        def attempt() -> None:
            try:
                self._database.write(work)
            except db_exc.DBDuplicateEntry as error:
                there = self._all(existing)
                if not there:
                    raise
                if len(there) > 1 or record.differences(there[0], restored):
                    raise exception.ServiceExists(
                        service_id=restored.id, uuid=restored.uuid
                    ) from error

        self._names.run(attempt, lambda: row)

    def purge(self, context: Context, uuids: Sequence[str]) -> None:
        def work(connection: sa.Connection) -> None:
            for batch in beats.batches(uuids):
                copies.purge(connection, models.services, batch)

        self._database.write(work)

    def _get_live(
        self, condition: sa.ColumnElement[bool], service_id: object
    ) -> record.Record:
        found = self._database.read(lambda c: rows.first(c, condition, LIVE))
        if found is None:
            raise exception.ServiceNotFound(service_id=service_id)
        return found

    def _found(self, **filters: Any) -> record.Record | None:
        row = self._database.read(lambda c: _ONE.execute(c, **filters).first())
        return None if row is None else record.Record.from_row(row)

    def _all(self, statement: sa.Select[Any]) -> Sequence[record.Record]:
        found = self._database.read(lambda c: c.execute(statement).all())
        return [record.Record.from_row(row) for row in found]
