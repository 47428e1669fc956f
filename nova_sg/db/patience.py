# SPDX-License-Identifier: Apache-2.0

"""An end to every wait for PostgreSQL.

psycopg2 has no time limit of its own: where a server is frozen, or a router
in between drops packets, a call would never return, and with it the loop
that beats. psycopg2 lets a program do the waiting, for all connections of
the process; connections that set no ``statement_timeout`` wait as ever.
"""

import re
import select
from typing import Any

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


def limited(options: str, limit: int) -> str:
    """Return libpq's options for a connection, with an end to statements.

    :param options: those an operator has given; a limit of theirs stands
    :param limit: milliseconds
    """
    if _LIMIT.search(options):
        return options
    return f'{options} -c statement_timeout={limit}'.strip()


def of(options: str) -> float | None:
    """Return for how long to wait for an answer.

    :param options: a connection's options
    :returns: milliseconds, None for ever
    """
    found = _LIMIT.search(options)
    limit = float(found[1]) * _UNITS[found[2]] if found else 0
    # PostgreSQL takes 0 for no limit.
    return limit + _GRACE if limit else None


def install() -> None:
    """Wait for no answer longer than the statement may take at the server.

    Does nothing where somebody else does the waiting already (eventlet), or
    without psycopg2.
    """
    try:
        from psycopg2 import extensions
    except ImportError:
        return
    if extensions.get_wait_callback() is None:
        extensions.set_wait_callback(_wait)


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
    limit = of(connection.dsn)
    while (state := connection.poll()) != extensions.POLL_OK:
        poll = select.poll()
        poll.register(connection.fileno(), events[state])
        if not poll.poll(limit):
            raise psycopg2.OperationalError('timeout: the server is silent')
