# SPDX-License-Identifier: Apache-2.0

"""Statements that commit themselves, and connections that are not pinged.

What a read and a beat cost on a server, in round trips::

    in a transaction    ping, BEGIN, SELECT, COMMIT
    here                SELECT

Every connection to a server is in autocommit mode. A transaction says BEGIN
and COMMIT itself; a connection that was told to be plain, by :func:`plain`,
says neither. To switch the mode for each use would be a round trip of its own
with MySQL and MariaDB.

A connection that was used within the last second is not pinged. One that died
meanwhile fails the first statement, and ``Database`` repeats that on a new
connection. One that was idle for longer is pinged: a proxy in between may
have dropped it without a word, so that a statement would wait for its timeout.

A connection whose server has become read-only is as good as dead: behind a
proxy or an address that moves, a new one leads to the server that takes
writes, while this one would refuse every heartbeat.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import time
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import plugins

from nova_sg.db import refusals

#: The name of :class:`Autocommit` in a URL.
PLUGIN = 'nova_sg.autocommit'

#: Seconds after its last use for which a connection is not pinged.
TRUSTED = 1.0

#: What is noted of a place in the pool: that statements commit themselves, for
#: each use of it; that it is in a transaction; when it was last used.
_PLAIN = 'nova_sg.plain'
_BEGUN = 'nova_sg.begun'
_USED_AT = 'nova_sg.used_at'

#: Where oslo.db notes that a connection to SQLite needs no BEGIN.
_OSLO_BEGUN = 'in_transaction'


class Autocommit(sa.CreateEnginePlugin):
    """Has transactions begun where one is wanted, and pings idle connections.

    SQLite is asked neither way: a ping of a file is no round trip, and oslo.db
    says BEGIN there.
    """

    def __init__(self, url: sa.URL, kwargs: dict[str, Any]) -> None:
        self._has_server = url.get_backend_name() != 'sqlite'
        kwargs['pool_pre_ping'] = False
        if self._has_server:
            kwargs['isolation_level'] = 'AUTOCOMMIT'

    def update_url(self, url: sa.URL) -> sa.URL:
        return url.difference_update_query(['plugin'])

    def engine_created(self, engine: sa.Engine) -> None:
        if not self._has_server:
            return
        dialect: Any = engine.dialect
        dialect.do_begin = _begin
        dialect.do_commit = _ending('COMMIT')
        dialect.do_rollback = _ending('ROLLBACK')
        sa.event.listen(engine, 'connect', _connected)
        sa.event.listen(engine, 'checkin', _note_use)
        sa.event.listen(engine, 'checkout', _pinging(engine.dialect))
        sa.event.listen(engine, 'handle_error', _look_for_failover)


plugins.register(PLUGIN, __name__, Autocommit.__name__)


@contextlib.contextmanager
def plain(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a connection whose statements commit themselves, each for itself.

    :param engine: with the plugin
    """
    with engine.connect() as connection:
        info = connection.info
        # The pool makes one for each use. Once a statement has lost the
        # connection, its place in the pool may have another user.
        use = connection.connection
        noted = _noted(use)
        noted[_PLAIN, use] = info[_OSLO_BEGUN] = True
        try:
            yield connection
        finally:
            noted.pop((_PLAIN, use), None)
            info.pop(_OSLO_BEGUN, None)


def _noted(connection: Any) -> dict[Any, Any]:
    noted: dict[Any, Any] | None = connection.record_info
    # One that is closed has none.
    return {} if noted is None else noted


def _begin(connection: Any) -> None:
    """Begin a transaction, as SQLAlchemy asks for it before any statement."""
    noted = _noted(connection)
    if (_PLAIN, connection) not in noted:
        _say(connection, 'BEGIN')
        noted[_BEGUN] = True


def _ending(statement: str) -> Callable[[Any], None]:
    def end(connection: Any) -> None:
        if _noted(connection).pop(_BEGUN, False):
            _say(connection, statement)

    return end


def _say(connection: Any, statement: str) -> None:
    cursor = connection.cursor()
    try:
        cursor.execute(statement)
    finally:
        cursor.close()


def _connected(connection: Any, record: Any) -> None:
    # Of the connection before, which was lost in a transaction.
    record.record_info.pop(_BEGUN, None)
    _note_use(connection, record)


def _note_use(_connection: Any, record: Any) -> None:
    record.info[_USED_AT] = time.monotonic()


def _pinging(dialect: sa.Dialect) -> Callable[[Any, Any, Any], None]:
    def look(connection: Any, record: Any, _proxy: Any) -> None:
        """Ping a connection that is given out after a while.

        :raises InvalidatePoolError: it is dead, and others will be
        """
        if time.monotonic() - record.info.get(_USED_AT, 0.0) <= TRUSTED:
            return
        try:
            alive = dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            if not dialect.is_disconnect(error, connection, None):
                raise
            alive = False
        if not alive:
            raise sa.exc.InvalidatePoolError('It is dead')

    return look


def _look_for_failover(context: sa.ExceptionContext) -> None:
    """Drop all connections where a statement finds a read-only server."""
    if refusals.is_read_only(context.original_exception):
        context.is_disconnect = True
