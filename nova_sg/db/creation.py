# SPDX-License-Identifier: Apache-2.0

"""What the revisions of the schema make, where it is not there yet.

Some databases commit each statement that makes a table. An upgrade that was
cut off has left a part there, and the next one makes the rest.
"""

from typing import Any

from alembic import op
import sqlalchemy as sa

from nova_sg.db import models


def table(name: str, *parts: Any) -> None:
    """Make a table, unless it is there.

    :param parts: its columns and constraints
    """
    if not sa.inspect(op.get_bind()).has_table(name):
        op.create_table(name, *parts, **models.MYSQL_OPTIONS)


def index(of: str, *columns: str) -> None:
    """Make an index of a table, unless it is there.

    :param of: the table
    """
    name = '_'.join(['ix', of, *columns])
    indexes = sa.inspect(op.get_bind()).get_indexes(of)
    if name not in {each['name'] for each in indexes}:
        op.create_index(name, of, columns)
