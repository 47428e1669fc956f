# SPDX-License-Identifier: Apache-2.0

"""How records are created, changed and destroyed in SQL, once each.

Each change is one transaction. It notes the token of the change first, so
that a change which is sent again finds it, and then locks the marker, so that
no change is made in a database that the deployment has left.
"""

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any
from typing import TypeVar

from oslo_db import exception as db_exc
from oslo_utils import uuidutils
import sqlalchemy as sa

from nova_sg import exception
from nova_sg.db import clock
from nova_sg.db import engine
from nova_sg.db import models
from nova_sg.db import writes
from nova_sg.servicegroup import marker
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.sql import marker as sql_marker
from nova_sg.servicegroup.backends.sql import names
from nova_sg.servicegroup.backends.sql import rows
from nova_sg.servicegroup.backends.sql.rows import LIVE
from nova_sg.servicegroup.backends.sql.rows import SERVICES

T = TypeVar('T')


class Writer:
    """Makes the changes of operators, and of services that register.

    :param database: where the records are
    :param markers: where the deployment is marked
    :param ours: how this process is configured
    """

    def __init__(
        self,
        database: engine.Database,
        markers: sql_marker.SqlMarkerStore,
        ours: marker.Marker,
    ) -> None:
        self._database = database
        self._names = names.Names(database)
        self._markers = markers
        self._ours = ours

    def create(self, values: Mapping[str, Any], token: str) -> record.Record:
        """See ``RecordStore.create``.

        :param token: of the change
        """
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
            return _there(connection, row['uuid'])

        write = writes.Write(token, writes.CREATE, str(row['uuid']))

        def attempt() -> record.Record:
            try:
                return self._make(write, work, _there)
            except db_exc.DBDuplicateEntry as error:
                there = None
                if 'uuid' in values:
                    there = self._first(SERVICES.uuid == row['uuid'])
                if there is None:
                    raise
                raise exception.ServiceExists(
                    service_id=there.id, uuid=there.uuid
                ) from error

        return self._names.run(attempt, lambda: row)

    def update(
        self, uuid: str, changes: Mapping[str, Any], token: str
    ) -> record.Record:
        """See ``RecordStore.update``.

        :param token: of the change
        """
        statement = (
            models.services.update()
            .where(SERVICES.uuid == uuid, LIVE)
            .values(updated_at=clock.utcnow(), **changes)
        )

        def work(connection: sa.Connection) -> record.Record:
            if not connection.execute(statement).rowcount:
                raise exception.ServiceNotFound(service_id=uuid)
            return _there(connection, uuid)

        write = writes.Write(token, 'update', uuid)
        return self._names.run(
            lambda: self._make(write, work, _there),
            lambda: self._renamed(uuid, changes),
        )

    def destroy(self, uuid: str, token: str) -> None:
        """See ``RecordStore.destroy``.

        :param token: of the change
        """
        statement = (
            models.services.update()
            .where(SERVICES.uuid == uuid, LIVE)
            .values(deleted=SERVICES.id, deleted_at=clock.utcnow())
        )

        def work(connection: sa.Connection) -> None:
            if not connection.execute(statement).rowcount:
                raise exception.ServiceNotFound(service_id=uuid)

        write = writes.Write(token, 'destroy', uuid)
        self._make(write, work, lambda _connection, _uuid: None)

    def made(self, uuid: str | None, token: str) -> record.Record | None:
        """See ``RecordStore.made``.

        :param token: of the change
        """

        def work(connection: sa.Connection) -> record.Record | None:
            noted = writes.noted(connection, token)
            if noted is None or uuid not in (None, noted.uuid):
                return None
            return _there(connection, noted.uuid)

        return self._database.read(work)

    def _renamed(
        self, uuid: str, changes: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """Return the row of a live record as it would be."""
        there = self._first(SERVICES.uuid == uuid, LIVE)
        if there is None:
            raise exception.ServiceNotFound(service_id=uuid)
        return {**there._asdict(), **changes}

    def _first(
        self, *conditions: sa.ColumnElement[bool]
    ) -> record.Record | None:
        return self._database.read(lambda c: rows.first(c, *conditions))

    def _make(
        self,
        write: writes.Write,
        work: Callable[[sa.Connection], T],
        again: Callable[[sa.Connection, str], T],
    ) -> T:
        """Make a change once, and only while the deployment is here."""

        def fenced(connection: sa.Connection) -> T:
            self._markers.fence(connection, self._ours)
            return work(connection)

        made = writes.make(self._database, write, fenced, again)
        self._markers.confirm(self._ours)
        return made


def _there(connection: sa.Connection, uuid: str) -> record.Record:
    """Return a record that this change made or changed.

    Of a change that was made before, also one destroyed since then.

    :raises ServiceNotFound: it was purged since then
    """
    found = rows.first(connection, SERVICES.uuid == uuid)
    if found is None:
        raise exception.ServiceNotFound(service_id=uuid)
    return found
