# SPDX-License-Identifier: Apache-2.0

"""What the user of a connection may not do with our tables.

Asked by doing each once to no row, which roles, grants on a whole database
and grants on columns all have their part in. MySQL tells a user nothing of
grants that come to it by a role.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any
from typing import NamedTuple

from oslo_db import exception as db_exc
import sqlalchemy as sa

from nova_sg import exception
from nova_sg.db import models
from nova_sg.db import refusals
from nova_sg.db import schema

_VERSION = sa.table(schema.VERSION_TABLE, sa.column('version_num'))

#: Without these services come and go all the same: reasons and the history
#: are not kept.
OPTIONAL = frozenset({models.departures.name, models.transitions.name})


class Grant(NamedTuple):
    """Rights that are lacking on a table.

    :param table: its name
    :param statement: gives the rights to the user
    """

    table: str
    statement: str


def missing(connection: sa.Connection) -> list[Grant]:
    """Return what would give a user the rights that it lacks, by table.

    A table that is not there is no matter of rights.

    :param connection: of the user; its statements commit themselves
    """
    if connection.dialect.name == 'sqlite':
        return []
    user, place = _user(connection)
    lacking = [
        Grant(
            table,
            f'GRANT {", ".join(rights)} ON {place(table)} TO {user}',
        )
        for table, probes in _probes()
        if (rights := _refused(connection, probes))
    ]
    return [*lacking, *_sequences(connection, user)]


def statements(grants: Iterable[Grant]) -> str:
    """Return what an administrator is to run, in one line."""
    return '; '.join(each.statement for each in grants) + ';'


def refusal(name: str, grants: Iterable[Grant]) -> exception.CredentialRefused:
    """Return the error for a user that lacks rights.

    :param name: the database in messages
    """
    return exception.CredentialRefused(
        backend=name,
        reason='its user lacks rights. As an administrator, run: '
        + statements(grants),
    )


def _probes() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield for each table what would fail, by the right it needs."""
    yield _VERSION.name, {'SELECT': _nothing(_VERSION)}
    for name, table in sorted(models.metadata.tables.items()):
        key, nothing = next(iter(table.primary_key)), sa.false()
        yield (
            name,
            {
                'SELECT': _nothing(table),
                'INSERT': table.insert().from_select(
                    list(table.c), _nothing(table), include_defaults=False
                ),
                'UPDATE': table.update().values({key: key}).where(nothing),
                'DELETE': table.delete().where(nothing),
            },
        )


def _nothing(table: Any) -> Any:
    return sa.select(*table.c).where(sa.false())


def _refused(connection: sa.Connection, probes: dict[str, Any]) -> list[str]:
    """Return the rights that are lacking."""
    found = []
    for right, statement in probes.items():
        try:
            connection.execute(statement)
        except (db_exc.DBError, sa.exc.DBAPIError) as error:
            if refusals.lacks_right(error):
                found.append(right)
            elif not refusals.keeps_out(error):
                raise
    return found


def _user(connection: sa.Connection) -> tuple[str, Any]:
    """Return the user, and how a table is named, as a GRANT has them."""
    quote = connection.dialect.identifier_preparer.quote_identifier
    if connection.dialect.name == 'postgresql':
        return quote(connection.scalar(sa.text('SELECT current_user'))), str
    row = connection.execute(sa.text('SELECT CURRENT_USER(), DATABASE()'))
    account, database = row.one()
    name, _at, host = account.rpartition('@')
    return f"'{name}'@'{host}'", lambda table: f'{quote(database)}.{table}'


def _sequences(connection: sa.Connection, user: str) -> Iterator[Grant]:
    """Yield what is lacking for ids that PostgreSQL counts."""
    if connection.dialect.name != 'postgresql':
        return
    rows = connection.execute(
        sa.text(
            'SELECT t.relname, s.relname FROM pg_class s'
            ' JOIN pg_depend d ON d.objid = s.oid'
            " AND d.classid = CAST('pg_class' AS regclass)"
            ' JOIN pg_class t ON t.oid = d.refobjid'
            " WHERE d.deptype = 'a'"
            ' AND t.relnamespace = CAST(current_schema() AS regnamespace)'
            # In this order: of another relation it is an error.
            " AND CASE WHEN s.relkind = 'S' THEN"
            " NOT has_sequence_privilege(s.oid, 'USAGE') END"
        )
    ).all()
    for table, sequence in sorted(rows):
        if table in models.metadata.tables:
            statement = f'GRANT USAGE ON SEQUENCE {sequence} TO {user}'
            yield Grant(table, statement)
