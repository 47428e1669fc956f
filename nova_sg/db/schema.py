# SPDX-License-Identifier: Apache-2.0

"""The schema's revision: what a database has, what this code needs.

Alembic keeps the revision in a table of our own, so that a database can
hold nova's schema beside ours.
"""

from collections.abc import Iterator
import contextlib
import os
import time
from typing import Any

import alembic.command
import alembic.config
import alembic.migration
import alembic.script
from oslo_log import log as logging
from oslo_utils import uuidutils
import sqlalchemy as sa

from nova_sg import exception
from nova_sg.db import models

LOG = logging.getLogger(__name__)

VERSION_TABLE = f'{models.PREFIX}alembic_version'

#: Any number; every nova_sg must use the same.
_ADVISORY_LOCK = 6_738_192
_LOCK_WAIT = 60


def head() -> str:
    """Return the revision this code needs."""
    revision = _script().get_current_head()
    assert revision is not None  # noqa: S101
    return revision


def current(engine: sa.Engine) -> str | None:
    """Return the revision a database is at, None without a schema."""
    with engine.connect() as connection:
        return _current(connection)


def upgrade(engine: sa.Engine) -> tuple[str | None, str]:
    """Bring a database to the revision this code needs.

    A ``services`` table that is there, nova's, is adopted as it is; only rows
    of a nova before 16, which have no uuid, are given one. What was cut off
    is taken up where it stopped. Two processes at once wait for each other.

    :returns: the revisions before and after
    :raises SchemaVersionMismatch: it is newer than this code
    :raises Conflict: a ``services`` table is there that is not nova's, or a
        table has been lost
    """
    name = engine.url.set(query={}).render_as_string(hide_password=True)
    with engine.begin() as connection, _exclusive(connection):
        before = _current(connection)
        if before is not None and not _is_known(before):
            raise _mismatch(name, before)
        if missing := missing_columns(connection):
            raise cannot_adopt(name, missing)
        config = alembic.config.Config()
        config.set_main_option('script_location', _location())
        config.attributes['connection'] = connection
        alembic.command.upgrade(config, 'head')
        if lost := _missing_tables(connection):
            raise _incomplete(name, lost)
        _give_uuids(connection)
    return before, head()


def create_if_empty(engine: sa.Engine) -> None:
    """Create the schema in a database that holds no table at all."""
    if not sa.inspect(engine).get_table_names():
        LOG.info('Creating the schema in the new database %s', engine.url)
        upgrade(engine)


def check(engine: sa.Engine, name: str) -> None:
    """Refuse a database whose schema this code does not know.

    :param name: the database in messages
    :raises SchemaNotReady: there is no schema yet
    :raises SchemaVersionMismatch: it is older or newer than this code
    """
    found = current(engine)
    if found is None:
        raise exception.SchemaNotReady(backend=name)
    if found != head():
        raise _mismatch(name, found)


def missing_columns(connection: sa.Connection) -> list[str]:
    """Return which columns a ``services`` table that is there lacks."""
    inspector = sa.inspect(connection)
    if not inspector.has_table(models.services.name):
        return []
    there = {each['name'] for each in inspector.get_columns('services')}
    return sorted(set(models.services.columns.keys()) - there)


def cannot_adopt(name: str, missing: list[str]) -> exception.Conflict:
    """Return the error for a ``services`` table that is not nova's."""
    return exception.Conflict(
        f'The services table of database {name} lacks {", ".join(missing)}: '
        'upgrade the schema of nova first, or use another database.'
    )


def _missing_tables(connection: sa.Connection) -> list[str]:
    there = set(sa.inspect(connection).get_table_names())
    return sorted(models.metadata.tables.keys() - there)


def _incomplete(name: str, lost: list[str]) -> exception.Conflict:
    return exception.Conflict(
        f'The database {name} is at revision {head()}, but has lost '
        f'{", ".join(lost)}: bring it back from a backup. To make it anew and '
        f'empty, drop the table {VERSION_TABLE} and run "nova-sg-manage db '
        'sync".'
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
        LOG.info('Giving a uuid to %d services without', len(values))
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


def _is_known(revision: str) -> bool:
    return revision in {
        script.revision for script in _script().walk_revisions()
    }


def _mismatch(name: str, found: str) -> exception.SchemaVersionMismatch:
    return exception.SchemaVersionMismatch(
        backend=name,
        found=found,
        expected=head(),
        advice='run "nova-sg-manage db sync"'
        if _is_known(found)
        else 'this revision is unknown here, upgrade nova_sg on this host',
    )


def _location() -> str:
    return os.path.join(os.path.dirname(__file__), 'migrations')


def _script() -> alembic.script.ScriptDirectory:
    return alembic.script.ScriptDirectory(_location())


def _current(connection: sa.Connection) -> str | None:
    return alembic.migration.MigrationContext.configure(
        connection, opts={'version_table': VERSION_TABLE}
    ).get_current_revision()


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
