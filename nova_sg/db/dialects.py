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
