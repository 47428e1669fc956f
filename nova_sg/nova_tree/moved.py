# SPDX-License-Identifier: Apache-2.0

"""Services that have moved away from nova's own table.

nova's database bears no mark of who uses it: it is there without nova_sg. But
a move of services marks it. Who is still configured for nova's table after
that would read and write what nobody else does, and is refused.
"""

from typing import Any

from nova.db.main import api as db
import sqlalchemy as sa

from nova_sg import exception
from nova_sg.db import models
from nova_sg.nova_tree import cells
from nova_sg.servicegroup import marker

_OURS = marker.Marker(driver='db', records='sql')

_seen: set[str | None] = set()


def refuse(context: Any) -> None:
    """Refuse to use nova's table where services have moved away from it.

    A process looks once into each cell: those that run are stopped before
    services move.

    :param context: leads to the database of the cell
    :raises DeploymentMismatch: saying where they are
    """
    cell = cells.targeted(context)
    if cell in _seen:
        return
    theirs = _read(context)
    if theirs not in (None, _OURS):
        raise exception.DeploymentMismatch(
            backend="nova's database", theirs=theirs, ours=_OURS
        )
    _seen.add(cell)


@db.pick_context_manager_reader
def _read(context: Any) -> marker.Marker | None:
    """Return the marker; None where nothing has ever moved."""
    connection = context.session.connection()
    table = models.deployment
    if not sa.inspect(connection).has_table(table.name):
        return None
    row = connection.execute(
        sa.select(table.c.driver, table.c.records, table.c.format)
    ).first()
    return None if row is None else marker.Marker(*row)
