# SPDX-License-Identifier: Apache-2.0

"""The servers of each backend that is measured."""

from collections.abc import Callable
import functools
from typing import Any

import fixtures

from nova_sg.servicegroup.backends.zookeeper import session
from nova_sg.tests.fixtures import databases
from nova_sg.tests.fixtures.servers import mariadb
from nova_sg.tests.fixtures.servers import memcached
from nova_sg.tests.fixtures.servers import postgresql
from nova_sg.tests.fixtures.servers import rabbitmq
from nova_sg.tests.fixtures.servers import zookeeper

#: Driver, and database, of each backend.
BACKENDS = {
    'sqlite': ('db', 'sqlite'),
    'postgresql': ('db', 'postgresql'),
    'mariadb': ('db', 'mariadb'),
    # Ours and the floor with the client in C.
    'mysqlclient': ('db', 'mariadb'),
    'mc': ('mc', 'sqlite'),
    'zk': ('zk', 'sqlite'),
    # The sides have no database, and call a conductor of their own kind.
    'rpc': ('db', 'postgresql'),
}

#: How many a database takes: eighty processes that end keep two or three each.
CONNECTIONS = 400


class Servers(fixtures.Fixture):
    """What a deployment of a backend needs, empty.

    :param backend: one of :data:`BACKENDS`
    :ivar driver: ``[servicegroup] driver``
    :ivar urls: three databases: a cell's, which nova_sg has as well, nova's
        API's, and cell0's
    :ivar transport_url: the broker, where the sides have no database
    :ivar memcached: its host and port, None where there is none
    :ivar ports: of memcached or ZooKeeper
    :ivar environment: the options of nova_sg that lead there, as variables
    """

    transport_url: str | None = None
    memcached: str | None = None

    def __init__(self, backend: str) -> None:
        super().__init__()
        self._backend = backend
        self.driver, self._database = BACKENDS[backend]

    def _setUp(self) -> None:
        self.ports: list[int] = []
        self.urls = self._make_databases()
        self.environment = {'OS_SERVICEGROUP__DRIVER': self.driver}
        if self.driver != 'zk':
            self.environment['OS_DATABASE__CONNECTION'] = self.url
        if self._backend == 'rpc':
            broker = self.useFixture(rabbitmq.RabbitmqServer())
            self.transport_url = broker.url
        if self.driver == 'mc':
            server = self.useFixture(memcached.MemcachedServer(['-m', '1024']))
            self.memcached = server.hosts
            self.ports.append(server.port)
            self.environment['OS_MEMCACHED__SERVERS'] = server.hosts
            # As where every process has been upgraded.
            self.environment['OS_MEMCACHED__MEMBER_FORMAT'] = '2'
            self.environment['OS_INVENTORY__BACKEND'] = 'sql'
        if self.driver == 'zk':
            # The tick of an ensemble as it is shipped.
            keeper = self.useFixture(zookeeper.ZookeeperServer(tick_time=2000))
            self.ports.append(keeper.port)
            self.environment['OS_ZOOKEEPER__HOSTS'] = keeper.hosts
            self.addCleanup(session.close_all)

    @property
    def url(self) -> str:
        """The database of nova_sg, which is the cell's of nova."""
        if self._backend == 'mysqlclient':
            return self.urls[0].replace('mysql+pymysql', 'mysql+mysqldb')
        return self.urls[0]

    def _make_databases(self) -> list[str]:
        """Return the URLs of three: a cell's, nova's API's, and cell0's.

        The servers sync to the disk at each commit, as in production.
        """
        make: Callable[[], Any]
        match self._database:
            case 'sqlite':
                make = databases.SqliteDatabase
            case 'postgresql':
                server = self.useFixture(
                    postgresql.PostgresqlServer(
                        [
                            *('-c', 'fsync=on'),
                            *('-c', f'max_connections={CONNECTIONS}'),
                        ]
                    )
                )
                make = functools.partial(databases.PostgresqlDatabase, server)
            case 'mariadb':
                server = self.useFixture(
                    mariadb.MariadbServer(
                        [
                            '--innodb-flush-log-at-trx-commit=1',
                            f'--max-connections={CONNECTIONS}',
                        ]
                    )
                )
                make = functools.partial(databases.MariadbDatabase, server)
        return [self.useFixture(make()).url for _ in range(3)]
