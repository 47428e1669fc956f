# SPDX-License-Identifier: Apache-2.0

"""Service records in the ``services`` table."""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
from typing import Any

from oslo_config import cfg
from oslo_db import exception as db_exc
from oslo_utils import uuidutils
import sqlalchemy as sa

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.db import clock
from nova_sg.db import engine
from nova_sg.db import models
from nova_sg.servicegroup import marker
from nova_sg.servicegroup import record
from nova_sg.servicegroup.records import base

SERVICES = models.services.c
LIVE = SERVICES.deleted == 0

#: What nova's older rows leave NULL.
_DEFAULTS = {
    'disabled': sa.false(),
    'forced_down': sa.false(),
    'version': sa.literal_column('0', sa.Integer),
}

#: The columns of a record, in the order of its fields.
COLUMNS = [
    sa.func.coalesce(SERVICES[name], _DEFAULTS[name]).label(name)
    if name in _DEFAULTS
    else SERVICES[name]
    for name in record.FIELDS
]

#: Rows taken away in one statement.
PURGE_BATCH = 500

# PostgreSQL does not notice when a row brings an id of its own.
LOCK_FOR_IDS = sa.text('LOCK TABLE services IN SHARE ROW EXCLUSIVE MODE')
CONTINUE_IDS = sa.text(
    "SELECT setval(pg_get_serial_sequence('services', 'id'), max(id)) "
    'FROM services'
)


def listing(
    *extra: sa.ColumnElement[Any],
    host: str | None = None,
    binary: str | None = None,
    topic: str | None = None,
    disabled: bool | None = None,
) -> sa.Select[Any]:
    """Return the statement that lists live records, filtered, by id.

    :param extra: columns selected before those of the record
    """
    statement = sa.select(*extra, *COLUMNS).where(LIVE).order_by(SERVICES.id)
    if host is not None:
        statement = statement.where(SERVICES.host == host)
    if binary is not None:
        statement = statement.where(SERVICES.binary == binary)
    if topic is not None:
        statement = statement.where(SERVICES.topic == topic)
    if disabled is not None:
        flag = sa.func.coalesce(SERVICES.disabled, sa.false())
        statement = statement.where(flag == disabled)
    return statement


class SqlRecordStore(base.RecordStore):
    """Rows of ``services``, in the database of ``[database] connection``.

    A record is created and changed by statements which touch neither
    ``last_seen_up`` nor ``report_count``: those belong to the membership.
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__(conf)
        self._database = engine.get(conf)

    @property
    def marker_store(self) -> marker.MarkerStore:
        return SqlMarkerStore(self._database)

    def create(
        self, context: sg_context.RequestContext, values: Mapping[str, Any]
    ) -> record.Record:
        row = {
            'disabled': False,
            'forced_down': False,
            'version': 0,
            'report_count': 0,
            'uuid': uuidutils.generate_uuid(),
            **values,
        }
        statement = models.services.insert().values(
            created_at=clock.utcnow(), deleted=0, **row
        )

        def work(connection: sa.Connection) -> record.Record:
            connection.execute(statement)
            return self._get(connection, SERVICES.uuid == row['uuid'])

        while True:
            try:
                return self._database.write(work)
            except db_exc.DBDuplicateEntry as error:
                mine = self._first(
                    sa.select(*COLUMNS).where(SERVICES.uuid == row['uuid'])
                )
                if mine is not None and 'uuid' not in values:
                    # The first attempt was committed, its answer was lost.
                    return mine
                if mine is not None:
                    raise exception.ServiceExists(
                        service_id=mine.id, uuid=mine.uuid
                    ) from error
                taken = self._taken(row)
                if taken is not None:
                    raise taken from error
                # Who had the names was destroyed since: they are free.

    def get_by_uuid(
        self, context: sg_context.RequestContext, uuid: str
    ) -> record.Record:
        return self._get_live(SERVICES.uuid == uuid, uuid)

    def get_by_id(
        self, context: sg_context.RequestContext, service_id: int
    ) -> record.Record:
        if not 0 < service_id <= record.MAX_ID:
            # Not every driver can put it into a statement.
            raise exception.ServiceNotFound(service_id=service_id)
        return self._get_live(SERVICES.id == service_id, service_id)

    def get_by_host_and_binary(
        self, context: sg_context.RequestContext, host: str, binary: str
    ) -> record.Record | None:
        return self._first(listing(host=host, binary=binary))

    def get_by_host_and_topic(
        self, context: sg_context.RequestContext, host: str, topic: str
    ) -> record.Record | None:
        return self._first(listing(host=host, topic=topic, disabled=False))

    def list(
        self,
        context: sg_context.RequestContext,
        *,
        host: str | None = None,
        binary: str | None = None,
        topic: str | None = None,
        disabled: bool | None = None,
    ) -> Sequence[record.Record]:
        statement = listing(
            host=host, binary=binary, topic=topic, disabled=disabled
        )
        rows = self._database.read(lambda c: c.execute(statement).all())
        return [record.Record.from_row(row) for row in rows]

    def traces(
        self, context: sg_context.RequestContext
    ) -> Sequence[record.Record]:
        statement = (
            sa.select(*COLUMNS)
            .where(SERVICES.deleted != 0)
            .order_by(SERVICES.id)
        )
        rows = self._database.read(lambda c: c.execute(statement).all())
        return [record.Record.from_row(row) for row in rows]

    def update(
        self,
        context: sg_context.RequestContext,
        uuid: str,
        changes: Mapping[str, Any],
    ) -> record.Record:
        mine = sa.and_(SERVICES.uuid == uuid, LIVE)
        statement = (
            models.services.update()
            .where(mine)
            .values(updated_at=clock.utcnow(), **changes)
        )

        def work(connection: sa.Connection) -> record.Record:
            if not connection.execute(statement).rowcount:
                raise exception.ServiceNotFound(service_id=uuid)
            return self._get(connection, mine)

        try:
            return self._database.write(work)
        except db_exc.DBDuplicateEntry as error:
            now = self.get_by_uuid(context, uuid)._asdict()
            taken = self._taken({**now, **changes})
            if taken is None:
                return self.update(context, uuid, changes)
            raise taken from error

    def destroy(self, context: sg_context.RequestContext, uuid: str) -> None:
        statement = (
            models.services.update()
            .where(SERVICES.uuid == uuid, LIVE)
            .values(deleted=SERVICES.id, deleted_at=clock.utcnow())
        )
        if not self._database.change(statement):
            raise exception.ServiceNotFound(service_id=uuid)

    def minimum_versions(
        self, context: sg_context.RequestContext, binaries: Iterable[str]
    ) -> dict[str, int]:
        forced = sa.func.coalesce(SERVICES.forced_down, sa.false())
        statement = (
            sa.select(SERVICES.binary, sa.func.min(SERVICES.version))
            .where(LIVE, forced == sa.false())
            .where(SERVICES.binary.in_(sorted(binaries)))
            .group_by(SERVICES.binary)
        )
        rows = self._database.read(lambda c: c.execute(statement).all())
        return {binary: version or 0 for binary, version in rows}

    def restore(
        self, context: sg_context.RequestContext, restored: record.Record
    ) -> None:
        row = restored._asdict()
        existing = sa.select(*COLUMNS).where(
            sa.or_(SERVICES.id == restored.id, SERVICES.uuid == restored.uuid)
        )

        def work(connection: sa.Connection) -> None:
            if connection.dialect.name == 'postgresql':
                # Nobody may take an id while the sequence is set.
                connection.execute(LOCK_FOR_IDS)
            connection.execute(models.services.insert().values(**row))
            if connection.dialect.name == 'postgresql':
                connection.execute(CONTINUE_IDS)

        try:
            self._database.write(work)
        except db_exc.DBDuplicateEntry as error:
            rows = self._database.read(lambda c: c.execute(existing).all())
            there = [record.Record.from_row(row) for row in rows]
            if len(there) == 1 and not record.differences(there[0], restored):
                return
            if there:
                raise exception.ServiceExists(
                    service_id=restored.id, uuid=restored.uuid
                ) from error
            taken = self._taken(row)
            if taken is None:
                return self.restore(context, restored)
            raise taken from error

    def purge(
        self, context: sg_context.RequestContext, uuids: Sequence[str]
    ) -> None:
        batches = [
            models.services.delete().where(
                SERVICES.uuid.in_(uuids[start : start + PURGE_BATCH])
            )
            for start in range(0, len(uuids), PURGE_BATCH)
        ]

        def work(connection: sa.Connection) -> None:
            for statement in batches:
                connection.execute(statement)

        self._database.write(work)

    def _get_live(
        self, condition: sa.ColumnElement[bool], service_id: object
    ) -> record.Record:
        found = self._first(sa.select(*COLUMNS).where(condition, LIVE))
        if found is None:
            raise exception.ServiceNotFound(service_id=service_id)
        return found

    def _first(self, statement: sa.Select[Any]) -> record.Record | None:
        row = self._database.read(
            lambda c: c.execute(statement.limit(1)).first()
        )
        return None if row is None else record.Record.from_row(row)

    @staticmethod
    def _get(
        connection: sa.Connection, condition: sa.ColumnElement[bool]
    ) -> record.Record:
        row = connection.execute(sa.select(*COLUMNS).where(condition)).one()
        return record.Record.from_row(row)

    def _taken(self, row: Mapping[str, Any]) -> exception.Conflict | None:
        """Tell which of its names a row collided with.

        Databases name the key in different ways, and by the wrong one where
        both collide; asking again is the same everywhere.

        :returns: None where the names are free by now
        """
        host, binary, topic = row['host'], row['binary'], row.get('topic')
        same = SERVICES.binary == binary
        names = (
            same if topic is None else sa.or_(same, SERVICES.topic == topic)
        )
        others = sa.select(same).where(
            LIVE, SERVICES.host == host, names, SERVICES.uuid != row['uuid']
        )
        found = self._database.read(
            lambda c: c.execute(others).scalars().all()
        )
        if any(found):
            return exception.ServiceBinaryExists(host=host, binary=binary)
        if found:
            return exception.ServiceTopicExists(host=host, topic=topic)
        return None


#: What tells, in the last column, whether a connection is encrypted.
_TLS = {
    'mysql': sa.text("SHOW SESSION STATUS LIKE 'Ssl_cipher'"),
    'postgresql': sa.text(
        'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()'
    ),
}


class SqlMarkerStore(marker.MarkerStore):
    """One row of ``nova_sg_deployment``.

    :param database: the database that is marked
    """

    def __init__(self, database: engine.Database) -> None:
        self._database = database

    @property
    def name(self) -> str:  # type: ignore[override]
        return self._database.name

    def read(self) -> marker.Marker | None:
        table = models.deployment.c
        statement = sa.select(table.driver, table.records, table.format)
        row = self._database.read(lambda c: c.execute(statement).first())
        return None if row is None else marker.Marker(*row)

    def claim(self, ours: marker.Marker) -> marker.Marker:
        theirs = self.read()
        if theirs is not None:
            return theirs
        statement = models.deployment.insert().values(
            id=1, **dataclasses.asdict(ours)
        )
        try:
            self._database.write(lambda c: c.execute(statement))
        except db_exc.DBDuplicateEntry:
            theirs = self.read()
        return theirs or ours

    def move(self, theirs: marker.Marker, ours: marker.Marker) -> bool:
        table = models.deployment.c
        statement = (
            models.deployment.update()
            .where(
                table.driver == theirs.driver,
                table.records == theirs.records,
                table.format == theirs.format,
            )
            .values(**dataclasses.asdict(ours))
        )
        return self._database.change(statement)

    def facts(self) -> dict[str, str | int]:
        return self._database.read(_facts)


def _facts(connection: sa.Connection) -> dict[str, str | int]:
    """Return the version of a server, and whether it is spoken to by TLS."""
    dialect = connection.dialect
    name = 'mariadb' if getattr(dialect, 'is_mariadb', False) else dialect.name
    version = getattr(dialect, 'server_version_info', None) or ()
    facts: dict[str, str | int] = {
        'database_version': f'{name} {".".join(str(each) for each in version)}'
    }
    if dialect.name in _TLS:
        encrypted = connection.execute(_TLS[dialect.name]).first()
        facts['tls'] = 'yes' if encrypted and encrypted[-1] else 'no'
    return facts
