# SPDX-License-Identifier: Apache-2.0

"""The servers that a small nova needs."""

from collections.abc import Iterator
import contextlib
import pathlib
from typing import Any
import urllib.request

import fixtures
import pymysql

from nova_sg.tests.fixtures.servers import directories
from nova_sg.tests.fixtures.servers import mariadb
from nova_sg.tests.fixtures.servers import memcached
from nova_sg.tests.fixtures.servers import ports
from nova_sg.tests.fixtures.servers import rabbitmq
from nova_sg.tests.fixtures.servers import zookeeper
from nova_sg.tests.nova_deployment import configuration
from nova_sg.tests.nova_deployment import processes

_DATABASES = ('nova_api', 'nova_cell0', 'nova_cell1', 'placement')

#: Seconds a ZooKeeper session outlives its process.
SESSION_TIMEOUT = 6


class Servers(fixtures.Fixture):
    """RabbitMQ, MariaDB with empty databases, placement and a backend.

    :param driver: ``[servicegroup] driver``, which says what the backend is
    :ivar directory: where they keep what they keep
    :ivar database: the server of all databases
    :ivar messaging: the broker
    :ivar addresses: where they are
    :ivar backend: the options of nova_sg for the backend, by group
    """

    directory: pathlib.Path
    database: mariadb.MariadbServer
    messaging: rabbitmq.RabbitmqServer
    addresses: configuration.Addresses
    backend: dict[str, dict[str, object]]

    def __init__(self, driver: str) -> None:
        super().__init__()
        self._driver = driver

    def _setUp(self) -> None:
        self.directory = self.useFixture(
            directories.ServerDirectory('nova')
        ).path
        self.database = self.useFixture(mariadb.MariadbServer())
        self.messaging = self.useFixture(rabbitmq.RabbitmqServer())
        self.addresses = configuration.Addresses(
            database=self.database.url.removesuffix('/mysql')
            + '/{name}?charset=utf8mb3',
            messaging=self.messaging.url,
            placement=self.useFixture(ports.Port()).number,
            api=self.useFixture(ports.Port()).number,
        )
        self.backend = self._start_backend()
        with self.cursor() as cursor:
            for name in _DATABASES:
                cursor.execute(f'CREATE DATABASE {name} CHARACTER SET utf8mb3')
        self._start_placement()

    def _start_backend(self) -> dict[str, dict[str, object]]:
        if self._driver == 'zk':
            server = self.useFixture(zookeeper.ZookeeperServer())
            return {
                'zookeeper': {
                    'hosts': server.hosts,
                    'session_timeout': SESSION_TIMEOUT,
                }
            }
        if self._driver == 'mc':
            cache = self.useFixture(memcached.MemcachedServer())
            return {'memcached': {'servers': cache.hosts}}
        return {}

    def _start_placement(self) -> None:
        directory = self.directory / 'placement-api'
        configuration.write_placement(directory, self.addresses)
        file = str(directory / 'placement.conf')
        processes.run(
            [
                processes.program('placement-manage'),
                *('--config-file', file),
                *('db', 'sync'),
            ]
        )
        placement = processes.Process(
            'placement-api',
            [processes.program('gunicorn')],
            directory,
            {'OS_PLACEMENT_CONFIG_DIR': str(directory)},
        )
        self.addCleanup(placement.kill)
        processes.wait_until(
            'placement answers',
            lambda: answers(self.addresses.placement_url),
            [placement],
        )

    @contextlib.contextmanager
    def cursor(self) -> Iterator[Any]:
        """Yield a cursor of MariaDB's administrator."""
        with (
            pymysql.connect(
                host=ports.HOST, port=self.database.port, user='root'
            ) as connection,
            connection.cursor() as cursor,
        ):
            yield cursor


def answers(url: str) -> bool:
    """Whether a server answers."""
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False
