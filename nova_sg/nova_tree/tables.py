# SPDX-License-Identifier: Apache-2.0

"""The tables of nova_sg beside nova's own, in the database of each cell."""

from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

from nova import context as nova_context
from nova import objects
from nova.db.main import api as db
import sqlalchemy as sa

from nova_sg.nova_tree import errors


class Prepared(NamedTuple):
    """The schema of a cell's database.

    :param cell: its name, or its uuid without one
    :param before: the revision it had, None without tables of nova_sg
    :param after: the revision it has now
    """

    cell: str
    before: str | None
    after: str


def has(context: Any, table: sa.Table) -> bool:
    """Return whether the database of a context has one of the tables."""
    with db.get_engine(context=context).connect() as connection:
        found: bool = sa.inspect(connection).has_table(table.name)
    return found


def prepare() -> Sequence[Prepared]:
    """Make the tables in the databases of all cells; nova's stay as they are.

    It can be called again at any time.

    :raises CredentialRefused: naming the right that a user lacks: to make
        them, or to use them
    """
    # Imported here: alembic takes long, and few need it.
    from nova_sg.db import migration
    from nova_sg.db import rights

    context = nova_context.get_admin_context()
    prepared = []
    lacking: list[rights.Grant] = []
    for cell in objects.CellMappingList.get_all(context):
        with (
            nova_context.target_cell(context, cell) as targeted,
            errors.as_ours(),
        ):
            engine = db.get_engine(context=targeted)
            found = migration.upgrade(engine)
            with engine.connect().execution_options(
                isolation_level='AUTOCOMMIT'
            ) as connection:
                lacking += rights.missing(connection)
        prepared.append(Prepared(cell.name or cell.uuid, *found))
    if lacking:
        raise rights.refusal("nova's database", lacking)
    return prepared
