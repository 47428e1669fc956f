# SPDX-License-Identifier: Apache-2.0

"""The history beside nova's own table, in the database of a cell.

It needs a table of nova_sg's there. A database without it goes without: the
command says so, and a conductor records nothing.
"""

from collections.abc import Callable
from typing import Any
from typing import TypeVar
import weakref

from nova import conf as nova_conf
from nova import context as nova_context
from nova.db.main import api as db
import sqlalchemy as sa

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.db import transitions
from nova_sg.nova_tree import errors
from nova_sg.nova_tree import moved
from nova_sg.servicegroup import marker
from nova_sg.servicegroup.history import base
from nova_sg.servicegroup.history import sql as sql_history

CONF = nova_conf.CONF

T = TypeVar('T')

NO_TABLE = (
    'The database of the cell has no table for the history: run "nova-manage '
    'service prepare".'
)

#: The engines whose database has the table.
_ready: 'weakref.WeakSet[sa.Engine]' = weakref.WeakSet()


class CellDatabase:
    """The database that a context of nova's leads to.

    :param context: nova's
    """

    def __init__(self, context: Any) -> None:
        self._context = context

    def read(self, work: Callable[[sa.Connection], T]) -> T:
        return self._run('reader', work)

    def write(self, work: Callable[[sa.Connection], T]) -> T:
        return self._run('writer', work)

    @errors.as_ours()
    def _run(self, mode: str, work: Callable[[sa.Connection], T]) -> T:
        """Do some work in a transaction.

        :raises SchemaNotReady: there is no table
        :raises ServiceGroupUnavailable: the database does not answer
        """
        context = self._context
        manager = getattr(db.get_context_manager(context), mode)
        with manager.using(context):
            connection = context.session.connection()
            if connection.engine not in _ready:
                _check(connection)
            return work(connection)


def _check(connection: sa.Connection) -> None:
    if not sa.inspect(connection).has_table(transitions.TABLE.name):
        raise exception.SchemaNotReady(NO_TABLE)
    _ready.add(connection.engine)


def _database(context: sg_context.RequestContext) -> CellDatabase:
    """Return the database of the cell that a call is for."""
    novas = getattr(context, 'nova', None)
    return CellDatabase(novas or nova_context.get_admin_context())


def of_novas_table(
    ours: marker.Marker | None = None,
) -> sql_history.SqlHistory:
    """Return the history of services that nova's own table has.

    :param ours: how the deployment of this process is marked; None where
        nova's own functions keep the services
    """
    return sql_history.SqlHistory(
        _database,
        base.Limits.of(CONF),
        lambda connection: moved.check(
            connection, ours or moved.novas_marker()
        ),
    )
