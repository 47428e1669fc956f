# SPDX-License-Identifier: Apache-2.0

"""Services that have moved away from nova's own table.

A database of nova has no deployment marker at first: it exists without
nova_sg. But a move of services marks it. A process that is still configured
for nova's table after the move would read and write a table that nothing else
uses, and is refused.
"""

import functools
import time
from typing import Any

from nova.db.main import api as db
from oslo_db import exception as db_exc
import sqlalchemy as sa

from nova_sg import exception
from nova_sg.db import galera
from nova_sg.db import models
from nova_sg.db import refusals
from nova_sg.nova_tree import cells
from nova_sg.nova_tree import errors
from nova_sg.servicegroup import marker
from nova_sg.servicegroup import plugins

#: The marker of a database in which nova's own functions keep the services.
novas_marker = functools.cache(plugins.novas_marker)

_MARK = sa.select(
    models.deployment.c.driver,
    models.deployment.c.records,
    models.deployment.c.format,
)

#: ``time.monotonic()`` of the latest look at the mark of a cell.
_seen: dict[str | None, float] = {}


def refuse(context: Any, ours: marker.Marker | None = None) -> None:
    """Refuse to use nova's table where services have moved away from it.

    A process looks into each cell before it uses it, and again each
    :data:`marker.READ_TRUSTED` seconds, if it can: it may have been left
    behind.

    :param context: leads to the database of the cell
    :param ours: how this process is configured; None for nova's table alone
    :raises CredentialRefused: the user of the database may not look
    :raises DeploymentMismatch: saying where they are
    """
    cell = cells.targeted(context)
    now = time.monotonic()
    before = _seen.get(cell)
    if before is not None and now - before < marker.READ_TRUSTED:
        return
    ours = ours or novas_marker()
    try:
        theirs = _read(context)
    except (db_exc.DBError, sa.exc.DBAPIError) as error:
        if before is not None:
            # What is asked for says so itself.
            _seen[cell] = now
            return
        if not refusals.lacks_right(error):
            raise
        # Whether they have moved cannot be told.
        raise errors.no_right(error) from error
    if theirs not in (None, ours):
        raise exception.DeploymentMismatch(
            backend="nova's database", theirs=theirs, ours=ours
        )
    _seen[cell] = now


def fence(session: Any, ours: marker.Marker) -> None:
    """Refuse a change where services have moved away.

    :param session: in the transaction of the change. The mark cannot be
        moved before that has ended.
    :param ours: how the deployment of this process is marked
    :raises DeploymentMismatch: naming both sides
    """
    row = session.execute(_MARK.with_for_update(read=True)).first()
    if row is not None and marker.Marker(*row) != ours:
        raise exception.DeploymentMismatch(
            backend="nova's database", theirs=marker.Marker(*row), ours=ours
        )


def check(connection: sa.Connection, ours: marker.Marker) -> None:
    """Refuse what is of no use where services have moved away.

    As :func:`fence`, for an account that may have no right to the mark: then
    nothing is refused.

    :param connection: in a transaction
    :raises DeploymentMismatch: naming both sides
    """
    try:
        with connection.begin_nested():
            row = connection.execute(_MARK).first()
    except (db_exc.DBError, sa.exc.DBAPIError) as error:
        if not refusals.keeps_out(error):
            raise
        return
    if row is not None and marker.Marker(*row) != ours:
        raise exception.DeploymentMismatch(
            backend="nova's database", theirs=marker.Marker(*row), ours=ours
        )


def confirm(session: Any, ours: marker.Marker) -> None:
    """Say so where a move may have left behind what was just committed.

    As ``SqlMarkerStore.confirm``: only a Galera cluster is asked.

    :param session: after the transaction of the change
    :param ours: how the deployment of this process is marked
    :raises OutcomeUnknown: services have moved
    """
    connection = session.connection()
    if not galera.is_cluster(connection):
        return
    row = galera.read(connection, _MARK)
    if row is not None and marker.Marker(*row) != ours:
        raise exception.OutcomeUnknown(
            backend="nova's database",
            reason='it was committed on one node of a cluster, then the '
            f'services moved to {marker.Marker(*row)}',
        )


@db.pick_context_manager_reader
def _read(context: Any) -> marker.Marker | None:
    """Return the marker; None where nothing has ever moved."""
    connection = context.session.connection()
    # A node of a cluster may show a move later than the node that made it.
    with galera.waiting(connection):
        if not sa.inspect(connection).has_table(models.deployment.name):
            return None
        row = connection.execute(_MARK).first()
    return None if row is None else marker.Marker(*row)
