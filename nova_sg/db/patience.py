# SPDX-License-Identifier: Apache-2.0

"""An end to every wait for PostgreSQL.

psycopg2 has no time limit of its own: where a server is frozen, or a router
in between drops packets, a call would never return, and with it the loop
that beats. psycopg2 lets a program do the waiting for all connections of the
process. Only connections of an engine with :class:`Patient` have a limit;
others wait as ever.

The server is told the limit, too, so that a statement that waits for a lock
ends there. PgBouncer refuses a startup parameter ``options``, and in
transaction mode a ``SET`` would stay with a connection that another client
gets next. So each transaction says ``SET LOCAL``, in the same message as its
first statement, which costs no round trip.
"""

import re
import select
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import plugins

#: The name of :class:`Patient` in a URL, and its parameter: milliseconds.
PLUGIN = 'nova_sg.patient'
LIMIT = 'nova_sg_limit'

#: Options are told in either spelling, a time with a unit or without.
_LIMIT = re.compile(r'statement[_-]timeout=(\d+(?:\.\d+)?)(us|ms|s|min|h|d|)')

#: Milliseconds in PostgreSQL's units of time; without one it takes them so.
_UNITS = {
    '': 1,
    'us': 0.001,
    'ms': 1,
    's': 1_000,
    'min': 60_000,
    'h': 3_600_000,
    'd': 86_400_000,
}

#: Milliseconds by which the server itself says sooner that time is over.
_GRACE = 500

#: Whether this transaction of a connection has its limit.
_LIMITED = 'nova_sg.limited'


class Patient(sa.CreateEnginePlugin):
    """Limits each statement of an engine, and each wait for an answer.

    A ``statement_timeout`` among the ``options`` of the URL stands: the
    server has it then, and the wait is a little longer.
    """

    def __init__(self, url: sa.URL, kwargs: dict[str, Any]) -> None:
        options = ' '.join(url.normalized_query.get('options', ()))
        told = told_in(options)
        limit = int(url.normalized_query[LIMIT][0]) if told is None else told
        self._first = (
            f'SET LOCAL statement_timeout = {limit:g}; '
            if told is None
            else None
        )
        kwargs.setdefault('connect_args', {}).update(
            # PostgreSQL takes 0 for no limit.
            connection_factory=_waiting(limit + _GRACE if limit else None)
        )

    def update_url(self, url: sa.URL) -> sa.URL:
        return url.difference_update_query(['plugin', LIMIT])

    def engine_created(self, engine: sa.Engine) -> None:
        if self._first is not None:
            sa.event.listen(engine, 'begin', self._begun)
            sa.event.listen(
                engine, 'before_cursor_execute', self._execute, retval=True
            )

    @staticmethod
    def _begun(connection: sa.Connection) -> None:
        connection.info[_LIMITED] = False

    def _execute(
        self,
        connection: sa.Connection,
        _cursor: Any,
        statement: str,
        parameters: Any,
        *_more: Any,
    ) -> tuple[str, Any]:
        if not connection.info.get(_LIMITED):
            connection.info[_LIMITED] = True
            statement = f'{self._first}{statement}'
        return statement, parameters


plugins.register(PLUGIN, __name__, Patient.__name__)


def told_in(options: str) -> float | None:
    """Return the limit of a statement among libpq's options.

    :param options: those an operator has given
    :returns: milliseconds, 0 for no limit, None where they have none
    """
    found = _LIMIT.search(options)
    return float(found[1]) * _UNITS[found[2]] if found else None


def install() -> None:
    """Wait for no answer longer than a connection says.

    Does nothing if another library does the waiting already (eventlet), or
    without psycopg2.
    """
    try:
        from psycopg2 import extensions
    except ImportError:
        return
    if extensions.get_wait_callback() is None:
        extensions.set_wait_callback(_wait)


def _waiting(limit: float | None) -> Any:
    """Return a class of connections.

    :param limit: milliseconds to wait for an answer, None for ever
    """
    from psycopg2 import extensions

    return type('Waiting', (extensions.connection,), {'nova_sg_limit': limit})


def _wait(connection: Any) -> None:
    """Wait until psycopg2 has its answer.

    :raises psycopg2.OperationalError: the server is silent; psycopg2 then
        closes the connection
    """
    import psycopg2
    from psycopg2 import extensions

    events = {
        extensions.POLL_READ: select.POLLIN,
        extensions.POLL_WRITE: select.POLLOUT,
    }
    limit = getattr(connection, 'nova_sg_limit', None)
    while (state := connection.poll()) != extensions.POLL_OK:
        poll = select.poll()
        poll.register(connection.fileno(), events[state])
        if not poll.poll(limit):
            raise psycopg2.OperationalError('timeout: the server is silent')
