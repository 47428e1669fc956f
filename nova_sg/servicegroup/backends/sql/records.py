# SPDX-License-Identifier: Apache-2.0

"""Service records in the ``services`` table."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import time
from typing import Any
from typing import TypeVar

from oslo_config import cfg
from oslo_db import exception as db_exc
from oslo_utils import uuidutils
import sqlalchemy as sa

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.db import clock
from nova_sg.db import engine
from nova_sg.db import models
from nova_sg.db import writes
from nova_sg.servicegroup import marker
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.sql import marker as sql_marker
from nova_sg.servicegroup.records import base
from nova_sg.servicegroup.records import change

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

#: How often a name that is taken is tried, where nobody is found to have it.
_TRIES = 5

#: Seconds between two such tries.
_PAUSE = 0.05

T = TypeVar('T')

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

    uses_database = True

    #: The marker's row is locked in the transaction of each change.
    fence = 0.0

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__(conf)
        self._database = engine.get(conf)
        self._marker_store = sql_marker.SqlMarkerStore(self._database)

    @property
    def marker_store(self) -> marker.MarkerStore:
        return self._marker_store

    def settle(self) -> None:
        """Wait for what another node of a Galera cluster has committed.

        The node that has moved the marker may show what was committed before
        it on another node a moment later than the move.
        """
        if self._database.dialect in ('mysql', 'mariadb'):
            self._database.read(_catch_up)

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
            return self._get(connection, row['uuid'])

        write = writes.Write(
            change.token_of(context), writes.CREATE, str(row['uuid'])
        )

        def attempt() -> record.Record:
            try:
                return self._make(write, work, self._get)
            except db_exc.DBDuplicateEntry as error:
                same = sa.select(*COLUMNS).where(SERVICES.uuid == row['uuid'])
                there = self._first(same) if 'uuid' in values else None
                if there is None:
                    raise
                raise exception.ServiceExists(
                    service_id=there.id, uuid=there.uuid
                ) from error

        return self._named(attempt, lambda: row)

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
        statement = (
            models.services.update()
            .where(SERVICES.uuid == uuid, LIVE)
            .values(updated_at=clock.utcnow(), **changes)
        )

        def work(connection: sa.Connection) -> record.Record:
            if not connection.execute(statement).rowcount:
                raise exception.ServiceNotFound(service_id=uuid)
            return self._get(connection, uuid)

        write = writes.Write(change.token_of(context), 'update', uuid)
        return self._named(
            lambda: self._make(write, work, self._get),
            lambda: {**self.get_by_uuid(context, uuid)._asdict(), **changes},
        )

    def destroy(self, context: sg_context.RequestContext, uuid: str) -> None:
        statement = (
            models.services.update()
            .where(SERVICES.uuid == uuid, LIVE)
            .values(deleted=SERVICES.id, deleted_at=clock.utcnow())
        )

        def work(connection: sa.Connection) -> None:
            if not connection.execute(statement).rowcount:
                raise exception.ServiceNotFound(service_id=uuid)

        write = writes.Write(change.token_of(context), 'destroy', uuid)
        self._make(write, work, lambda _connection, _uuid: None)

    def made(
        self, context: sg_context.RequestContext, uuid: str | None = None
    ) -> record.Record | None:
        token = change.token_of(context)

        def work(connection: sa.Connection) -> record.Record | None:
            noted = writes.noted(connection, token)
            if noted is None or uuid not in (None, noted.uuid):
                return None
            return self._get(connection, noted.uuid)

        return self._database.read(work)

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

        def attempt() -> None:
            try:
                self._database.write(work)
            except db_exc.DBDuplicateEntry as error:
                rows = self._database.read(lambda c: c.execute(existing).all())
                there = [record.Record.from_row(row) for row in rows]
                if not there:
                    raise
                if len(there) > 1 or record.differences(there[0], restored):
                    raise exception.ServiceExists(
                        service_id=restored.id, uuid=restored.uuid
                    ) from error

        self._named(attempt, lambda: row)

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

    def _make(
        self,
        write: writes.Write,
        work: Callable[[sa.Connection], T],
        again: Callable[[sa.Connection, str], T],
    ) -> T:
        """Make a change once, and only while the deployment is here."""

        def fenced(connection: sa.Connection) -> T:
            self._marker_store.fence(connection, self.ours)
            return work(connection)

        return writes.make(self._database, write, fenced, again)

    @staticmethod
    def _get(connection: sa.Connection, uuid: str) -> record.Record:
        """Return a record that this change made or changed.

        Of a change that was made before, also one destroyed since then.

        :raises ServiceNotFound: it was purged since then
        """
        row = connection.execute(
            sa.select(*COLUMNS).where(SERVICES.uuid == uuid)
        ).first()
        if row is None:
            raise exception.ServiceNotFound(service_id=uuid)
        return record.Record.from_row(row)

    def _named(
        self, attempt: Callable[[], T], row: Callable[[], Mapping[str, Any]]
    ) -> T:
        """Do what may collide with the names of another record.

        :param attempt: done again where the others are gone by then
        :param row: returns the row that collides, as it would be
        :raises ServiceBinaryExists, ServiceTopicExists: it collides
        """
        names: Mapping[str, Any] = {}
        for _attempt in range(_TRIES):
            try:
                return attempt()
            except db_exc.DBDuplicateEntry as error:
                names = row()
                taken = self._taken(names)
                if taken is not None:
                    raise taken from error
            time.sleep(_PAUSE)
        # Others come and go, or the database calls equal what we do not.
        raise exception.ServiceBinaryExists(
            host=names['host'], binary=names['binary']
        )

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
        # A row that a nova before 16 has left may have no uuid.
        another = sa.or_(SERVICES.uuid.is_(None), SERVICES.uuid != row['uuid'])
        others = sa.select(same).where(
            LIVE, SERVICES.host == host, names, another
        )
        found = self._database.read(
            lambda c: c.execute(others).scalars().all()
        )
        if any(found):
            return exception.ServiceBinaryExists(host=host, binary=binary)
        if found:
            return exception.ServiceTopicExists(host=host, topic=topic)
        return None


def _catch_up(connection: sa.Connection) -> None:
    """Have a node of a Galera cluster apply what others have committed."""
    known = connection.exec_driver_sql(
        "SHOW SESSION VARIABLES LIKE 'wsrep_sync_wait'"
    ).first()
    if known is None:
        return
    setting = 'SET SESSION wsrep_sync_wait = {}'
    connection.exec_driver_sql(setting.format(1))
    try:
        connection.execute(sa.select(sa.func.max(SERVICES.id))).all()
    finally:
        connection.exec_driver_sql(setting.format(int(known[1])))
