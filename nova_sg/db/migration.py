# SPDX-License-Identifier: Apache-2.0

"""Bringing the schema of a database to what this code needs, by alembic."""

from collections.abc import Iterator
import contextlib
import os
import time
from typing import Any

import alembic.command
import alembic.config
from oslo_db import exception as db_exc
from oslo_log import log as logging
from oslo_utils import uuidutils
import sqlalchemy as sa

from nova_sg import exception
from nova_sg.db import models
from nova_sg.db import refusals
from nova_sg.db import schema

LOG = logging.getLogger(__name__)

#: Where alembic finds the revisions.
LOCATION = os.path.join(os.path.dirname(__file__), 'migrations')

#: Any number; every nova_sg must use the same.
_ADVISORY_LOCK = 6_738_192
_LOCK_WAIT = 60


def upgrade(engine: sa.Engine) -> tuple[str | None, str]:
    """Bring a database to the revision this code needs.

    A ``services`` table that is there, nova's, is adopted as it is; only rows
    of a nova before 16, which have no uuid, are given one. What was cut off
    is taken up where it stopped. Two processes at once wait for each other.

    :returns: the revisions before and after
    :raises SchemaVersionMismatch: it is newer than this code
    :raises CredentialRefused: its user may make no tables, or not read them
    :raises Conflict: a ``services`` table is there that is not nova's, or a
        table has been lost
    """
    name = engine.url.set(query={}).render_as_string(hide_password=True)
    try:
        return _upgrade(engine, name)
    except (sa.exc.DBAPIError, db_exc.DBError) as error:
        if refusals.lacks_right(error):
            raise _no_right(name, error) from error
        raise


def _upgrade(engine: sa.Engine, name: str) -> tuple[str | None, str]:
    with engine.begin() as connection, _exclusive(connection):
        before = schema.current(connection)
        if before is not None and before not in schema.REVISIONS:
            raise schema.mismatch(name, before)
        if missing := schema.missing_columns(connection):
            raise schema.cannot_adopt(name, missing)
        config = alembic.config.Config()
        config.set_main_option('script_location', LOCATION)
        config.attributes['connection'] = connection
        alembic.command.upgrade(config, 'head')
        if lost := _missing_tables(connection):
            raise _incomplete(name, lost)
        _give_uuids(connection)
    return before, schema.head()


def _no_right(name: str, error: BaseException) -> exception.CredentialRefused:
    return exception.CredentialRefused(
        backend=name,
        reason=f'{refusals.reason_of(error)}. For this command its user needs '
        'CREATE, ALTER, INDEX and REFERENCES there, and what services need; '
        'or run it with a connection of a user that has them',
    )


def _missing_tables(connection: sa.Connection) -> list[str]:
    there = set(sa.inspect(connection).get_table_names())
    return sorted(models.metadata.tables.keys() - there)


def _incomplete(name: str, lost: list[str]) -> exception.Conflict:
    return exception.Conflict(
        f'The database {name} is at revision {schema.head()}, but has lost '
        f'{", ".join(lost)}: bring it back from a backup. To make it anew and '
        f'empty, drop the table {schema.VERSION_TABLE} and run '
        '"nova-sg-manage db sync".'
    )


def _give_uuids(connection: sa.Connection) -> None:
    """Name the services that only have an integer id.

    nova gave them a uuid when it next loaded them.
    """
    services = models.services
    nameless = sa.select(services.c.id).where(services.c.uuid.is_(None))
    values = [
        {'nameless_id': service_id, 'new_uuid': uuidutils.generate_uuid()}
        for service_id in connection.scalars(nameless)
    ]
    if values:
        LOG.info('Giving a uuid to %d services that lack one', len(values))
        connection.execute(
            services.update()
            .where(
                services.c.id == sa.bindparam('nameless_id'),
                services.c.uuid.is_(None),
            )
            .values(
                uuid=sa.bindparam('new_uuid'),
                updated_at=services.c.updated_at,
            ),
            values,
        )


@contextlib.contextmanager
def _exclusive(connection: sa.Connection) -> Iterator[None]:
    """Keep other migrations out for the time of this transaction."""
    match connection.dialect.name:
        case 'postgresql':
            _wait_for(
                connection, sa.func.pg_try_advisory_xact_lock(_ADVISORY_LOCK)
            )
            yield
        case 'mysql' | 'mariadb':
            # Held by the connection: DDL commits the transaction.
            lock = str(_ADVISORY_LOCK)
            _wait_for(connection, sa.func.get_lock(lock, 0))
            try:
                yield
            finally:
                connection.execute(sa.select(sa.func.release_lock(lock)))
        case _:
            # SQLite: the first write of a transaction locks the file.
            connection.exec_driver_sql(
                f'PRAGMA busy_timeout = {_LOCK_WAIT * 1000:.0f}'
            )
            connection.exec_driver_sql('PRAGMA user_version = 0')
            yield


def _wait_for(connection: sa.Connection, lock: sa.ColumnElement[Any]) -> None:
    """Ask for a lock until it is ours.

    Not in one statement, which would be cut off as any that takes longer
    than the report interval.
    """
    deadline = time.monotonic() + _LOCK_WAIT
    while not connection.scalar(sa.select(lock)):
        if time.monotonic() > deadline:
            raise exception.ServiceGroupUnavailable(
                backend=connection.engine.url.render_as_string(),
                reason='another process has been migrating its schema for '
                f'{_LOCK_WAIT} s',
            )
        time.sleep(0.2)
