# SPDX-License-Identifier: Apache-2.0

"""Rows of ``services`` written and taken away as they are, ids and all.

For migration, repair and backup; also in nova's own table, which has columns
of its own.
"""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

# PostgreSQL does not notice when a row brings an id of its own.
_LOCK_FOR_IDS = sa.text('LOCK TABLE services IN SHARE ROW EXCLUSIVE MODE')
_CONTINUE_IDS = sa.text(
    "SELECT setval(pg_get_serial_sequence('services', 'id'), max(id)) "
    'FROM services'
)


def insert(
    connection: sa.Connection, table: sa.Table, row: Mapping[str, Any]
) -> None:
    """Write a row with the id that it has.

    :param connection: in a transaction
    :param table: the ``services`` table, ours or nova's
    :raises DBDuplicateEntry: its id, its uuid or a name of it is taken
    """
    numbered = connection.dialect.name == 'postgresql'
    if numbered:
        # No other writer may take an id while the sequence is set.
        connection.execute(_LOCK_FOR_IDS)
    connection.execute(table.insert().values(dict(row)))
    if numbered:
        connection.execute(_CONTINUE_IDS)


def purge(
    connection: sa.Connection, table: sa.Table, uuids: Sequence[str]
) -> None:
    """Take rows away without a trace, live or destroyed.

    :param uuids: one of ``beats.batches``
    """
    connection.execute(table.delete().where(table.c.uuid.in_(uuids)))
