# SPDX-License-Identifier: Apache-2.0

"""The tables of nova_sg beside nova's own, in the database of each cell."""

from collections.abc import Sequence
import itertools
from typing import Any
from typing import NamedTuple

from nova import context as nova_context
from nova import objects
from nova.db.main import api as db
from oslo_db import exception as db_exc
import sqlalchemy as sa

from nova_sg import exception
from nova_sg.db import refusals
from nova_sg.db import rights
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
    """Return whether the database of a context has one of the tables.

    MySQL shows a table only to those with a right to it.
    """
    try:
        with db.get_engine(context=context).connect() as connection:
            found: bool = sa.inspect(connection).has_table(table.name)
    except (db_exc.DBError, sa.exc.DBAPIError) as error:
        if not refusals.keeps_out(error):
            raise
        return False
    return found


def prepare() -> Sequence[Prepared]:
    """Make the tables in the databases of all cells; nova's stay as they are.

    It can be called again at any time.

    :raises CredentialRefused: naming the right that a user lacks: to make
        them, or to use them
    """
    context = nova_context.get_admin_context()
    prepared = []
    lacking: dict[str, list[rights.Grant]] = {}
    for cell in objects.CellMappingList.get_all(context):
        name = cell.name or cell.uuid
        with (
            nova_context.target_cell(context, cell) as targeted,
            errors.as_ours(),
        ):
            engine = db.get_engine(context=targeted)
            found = _upgrade(engine, name)
            if missing := _missing(engine):
                lacking[name] = missing
        prepared.append(Prepared(name, *found))
    if lacking:
        raise rights.refusal(
            _database_of(*lacking), itertools.chain(*lacking.values())
        )
    return prepared


def _upgrade(engine: sa.Engine, cell: str) -> tuple[str | None, str]:
    """Make the tables in a database.

    :param cell: its name
    :returns: the revisions before and after
    :raises CredentialRefused: its user may not make them; or another user has
        made them, and this one may not read them
    """
    # Imported here: alembic takes long, and few need it.
    from nova_sg.db import migration

    try:
        return migration.upgrade(engine)
    except exception.CredentialRefused as refused:
        reason = refused.kwargs['reason']
        if missing := _missing(engine):
            reason += (
                '. If another user has made the tables, run as an '
                f'administrator: {rights.statements(missing)}'
            )
        raise exception.CredentialRefused(
            backend=_database_of(cell), reason=reason
        ) from refused


def _missing(engine: sa.Engine) -> list[rights.Grant]:
    with engine.connect().execution_options(
        isolation_level='AUTOCOMMIT'
    ) as connection:
        return rights.missing(connection)


def _database_of(*cells: str) -> str:
    return f"nova's database of {', '.join(cells)}"
