# SPDX-License-Identifier: Apache-2.0

"""The schema's revision: what a database has, what this code needs.

Alembic keeps the revision in a table of our own, so that a database can
hold nova's schema beside ours. Every process looks there before its first
statement, without alembic, which takes long to import: what changes the
schema is :mod:`nova_sg.db.migration`.
"""

import sqlalchemy as sa

from nova_sg import exception
from nova_sg.db import models

VERSION_TABLE = f'{models.PREFIX}alembic_version'

#: The revisions of ``migrations/versions``, the newest last.
REVISIONS = ('0001', '0002', '0003', '0004', '0005')

_version = sa.table(VERSION_TABLE, sa.column('version_num', sa.String))


def head() -> str:
    """Return the revision this code needs."""
    return REVISIONS[-1]


def current(bind: sa.Engine | sa.Connection) -> str | None:
    """Return the revision a database is at, None without a schema."""
    if isinstance(bind, sa.Engine):
        with bind.connect() as connection:
            return current(connection)
    if not sa.inspect(bind).has_table(VERSION_TABLE):
        return None
    found = bind.scalars(sa.select(_version.c.version_num)).all()
    # Only one by our code; of several none is known.
    return ', '.join(sorted(found)) or None


def check(engine: sa.Engine, name: str) -> None:
    """Refuse a database with a schema that this code does not know.

    :param name: the database in messages
    :raises SchemaNotReady: there is no schema yet
    :raises SchemaVersionMismatch: it is older or newer than this code
    """
    found = current(engine)
    if found is None:
        raise exception.SchemaNotReady(backend=name)
    if found != head():
        raise mismatch(name, found)


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


def mismatch(name: str, found: str) -> exception.SchemaVersionMismatch:
    """Return the error for a schema of another revision.

    :param name: the database in messages
    :param found: its revision
    """
    return exception.SchemaVersionMismatch(
        backend=name,
        found=found,
        expected=head(),
        advice='run "nova-sg-manage db sync"'
        if found in REVISIONS
        else 'this revision is unknown here, upgrade nova_sg on this host',
    )
