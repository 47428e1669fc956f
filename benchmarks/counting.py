# SPDX-License-Identifier: Apache-2.0


"""How many statements and round trips a piece of work costs.

Runs in this project's environment and in nova's.
"""

from collections.abc import Collection
import socket
from typing import Any
from typing import Self

import sqlalchemy as sa

from nova_sg.tests.fixtures import statements


class Counter:
    """Counts while it is entered, over all threads of the process.

    A round trip is a statement, a COMMIT or a ROLLBACK of a database, or
    something sent to memcached or ZooKeeper. SQLite is no server, and is
    counted all the same.

    :param ports: of memcached or ZooKeeper
    """

    def __init__(self, ports: Collection[int]) -> None:
        self._ports = ports
        self._statements = statements.StatementCounter()
        self._others = 0
        self._real = {
            name: getattr(socket.socket, name) for name in ('send', 'sendall')
        }

    @property
    def statements(self) -> int:
        return len(self._statements)

    @property
    def round_trips(self) -> int:
        return self.statements + self._others

    def __enter__(self) -> Self:
        self._statements.__enter__()
        for name in ('commit', 'rollback'):
            sa.event.listen(sa.Engine, name, self._ended)
        for name, real in self._real.items():
            setattr(socket.socket, name, self._counted(real))
        return self

    def __exit__(self, *error: object) -> None:
        for name in self._real:
            delattr(socket.socket, name)
        for name in ('commit', 'rollback'):
            sa.event.remove(sa.Engine, name, self._ended)
        self._statements.__exit__(*error)

    def _ended(self, _connection: sa.Connection) -> None:
        self._others += 1

    def _counted(self, real: Any) -> Any:
        def send(sock: socket.socket, *arguments: Any) -> Any:
            inet = sock.family in (socket.AF_INET, socket.AF_INET6)
            if inet and sock.getpeername()[1] in self._ports:
                self._others += 1
            return real(sock, *arguments)

        return send
