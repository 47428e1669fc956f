# SPDX-License-Identifier: Apache-2.0

"""What only one dialect of SQL has, imported when it is used.

To import the dialects that a process does not speak takes longer than its
first statement.
"""

import importlib
from typing import Any

import sqlalchemy as sa


def insert(dialect: str, table: sa.Table) -> Any:
    """Return the INSERT of a dialect, which copes with a row that is there.

    :param dialect: ``mysql``, ``mariadb``, ``postgresql`` or ``sqlite``
    """
    name = 'mysql' if dialect == 'mariadb' else dialect
    module = importlib.import_module(f'sqlalchemy.dialects.{name}')
    return module.insert(table)


def insert_new(dialect: str, table: sa.Table) -> Any:
    """Return an INSERT that does nothing where the row is there.

    An error would end the transaction on PostgreSQL. MySQL cuts what is too
    long for a column instead of refusing it.
    """
    if dialect == 'postgresql':
        return insert(dialect, table).on_conflict_do_nothing()
    word = 'OR IGNORE' if dialect == 'sqlite' else 'IGNORE'
    return table.insert().prefix_with(word)
