# SPDX-License-Identifier: Apache-2.0

"""Reads that wait for what other nodes of a Galera cluster have committed.

A node shows a transaction of another one a moment after that was committed,
unless ``wsrep_sync_wait`` is set for the read. MySQL and MariaDB alone have
nothing to wait for.
"""

from collections.abc import Iterator
import contextlib
from typing import Any

import sqlalchemy as sa

#: Waits before each SELECT; any other bit is for other statements.
_READS = 1

#: Where it is noted of a connection whether it leads to a cluster.
_CLUSTER = 'nova_sg.cluster'


def is_cluster(connection: sa.Connection) -> bool:
    """Whether a connection leads to a node of a Galera cluster.

    A server is asked once for each connection to it.
    """
    if connection.dialect.name not in ('mysql', 'mariadb'):
        return False
    if _CLUSTER not in connection.info:
        connection.info[_CLUSTER] = _variable(connection, 'wsrep_on') == 'ON'
    return bool(connection.info[_CLUSTER])


@contextlib.contextmanager
def waiting(connection: sa.Connection) -> Iterator[None]:
    """Read what every node had committed when a statement began.

    The look at which tables there are waits, too.
    """
    if not is_cluster(connection):
        yield
        return
    before = int(_variable(connection, 'wsrep_sync_wait') or 0)
    _wait(connection, before | _READS)
    try:
        yield
    finally:
        _wait(connection, before)


def read(connection: sa.Connection, statement: sa.Select[Any]) -> Any:
    """Execute a SELECT as within :func:`waiting`.

    :returns: its first row, None where there is none
    """
    with waiting(connection):
        return connection.execute(statement).first()


def _wait(connection: sa.Connection, bits: int) -> None:
    connection.exec_driver_sql(f'SET SESSION wsrep_sync_wait = {bits}')


def _variable(connection: sa.Connection, name: str) -> str | None:
    row = connection.exec_driver_sql(
        f"SHOW SESSION VARIABLES LIKE '{name}'"
    ).first()
    return None if row is None else row[1]
