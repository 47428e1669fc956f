# SPDX-License-Identifier: Apache-2.0

"""What servers have cost so far: CPU time, SQL statements, queued messages."""

import contextlib
import threading
import time
from types import TracebackType
from typing import Any
from typing import NamedTuple
from typing import Self

import kombu
import psutil
import sqlalchemy as sa

#: Command line of a PostgreSQL that counts statements.
POSTGRESQL_OPTIONS = (
    *('-c', 'shared_preload_libraries=pg_stat_statements'),
    *('-c', 'pg_stat_statements.track=all'),
)

_POSTGRESQL = """
SELECT
    COALESCE(SUM(calls) FILTER (
        WHERE query ~* '^(select|insert|update|delete)'), 0),
    COALESCE(SUM(calls) FILTER (WHERE query ~* '^(commit|rollback)'), 0)
FROM pg_stat_statements
WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

_MARIADB = """
SELECT
    SUM(IF(VARIABLE_NAME IN (
        'COM_SELECT', 'COM_INSERT', 'COM_UPDATE', 'COM_DELETE'),
        VARIABLE_VALUE, 0)),
    SUM(IF(VARIABLE_NAME IN ('COM_COMMIT', 'COM_ROLLBACK'),
        VARIABLE_VALUE, 0))
FROM information_schema.GLOBAL_STATUS
"""

#: Seconds between two looks at the queues.
_LOOK = 0.5


class Costs(NamedTuple):
    """What has been spent up to a moment, or between two.

    :ivar elapsed: seconds
    :ivar cpu: seconds of CPU, by server
    :ivar statements: SELECT, INSERT, UPDATE and DELETE
    :ivar transactions: ended ones
    """

    elapsed: float
    cpu: dict[str, float]
    statements: int
    transactions: int

    def since(self, before: Self) -> Self:
        """Return what was spent since an earlier moment."""
        return type(self)(
            self.elapsed - before.elapsed,
            {name: self.cpu[name] - before.cpu[name] for name in self.cpu},
            self.statements - before.statements,
            self.transactions - before.transactions,
        )


class Meter:
    """Reads what the servers have spent.

    :param watched: the first process of each server
    :param engine: leads to the database
    """

    def __init__(
        self, watched: dict[str, psutil.Process], engine: sa.Engine
    ) -> None:
        self._watched = watched
        self._engine = engine
        self._count = _MARIADB
        if engine.dialect.name == 'postgresql':
            self._count = _POSTGRESQL
            with engine.begin() as connection:
                connection.exec_driver_sql(
                    'CREATE EXTENSION pg_stat_statements'
                )

    def read(self) -> Costs:
        with self._engine.connect() as connection:
            statements, transactions = connection.execute(
                sa.text(self._count)
            ).one()
        return Costs(
            time.monotonic(),
            {name: _cpu(each) for name, each in self._watched.items()},
            int(statements),
            int(transactions),
        )


def _cpu(process: psutil.Process) -> float:
    """Return the seconds of CPU of a process and of what it started.

    A connection to PostgreSQL is a process, which may have ended.
    """
    total = 0.0
    for each in (process, *process.children(recursive=True)):
        # One may end while it is looked at.
        with contextlib.suppress(psutil.NoSuchProcess):
            times = each.cpu_times()
            total += times.user + times.system
            total += times.children_user + times.children_system
    return total


class Queues:
    """Watches how many messages wait in queues, while it is entered.

    :param url: the broker's, as oslo.messaging has it
    :param names: of the queues
    :ivar most: the most messages that waited at one time
    """

    def __init__(self, url: str, names: list[str]) -> None:
        self._url = url.replace('rabbit://', 'amqp://', 1)
        self._names = names
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.most = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        with kombu.Connection(self._url) as connection:
            channel: Any = connection.channel()
            while not self._stop.wait(_LOOK):
                waiting = sum(
                    channel.queue_declare(name, passive=True).message_count
                    for name in self._names
                )
                self.most = max(self.most, waiting)
