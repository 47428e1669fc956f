# SPDX-License-Identifier: Apache-2.0


"""What the sides meet: servers, and a deployment of so many services.

nova and nova_sg read the same rows of the same ``services`` table. What else
they read (zones, hypervisors, keys of memcached) each has in its own place,
filled alike.
"""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from concurrent import futures
import contextlib
import functools
import os
import pathlib
import random
from typing import Any
import uuid

import fixtures
import sqlalchemy as sa

from benchmarks import processes
from benchmarks import sides
from nova_sg import conf as sg_conf
from nova_sg import context as sg_context
from nova_sg import servicegroup
from nova_sg.db import clock
from nova_sg.db import engine
from nova_sg.db import models
from nova_sg.inventory import base as inventory_base
from nova_sg.servicegroup import heartbeat
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.zookeeper import session
from nova_sg.servicegroup.membership import base as membership_base
from nova_sg.tests.fixtures import conductor
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

#: Services which are no computes.
CONTROLLERS = ('nova-scheduler', 'nova-conductor')

#: What services of nova 34 write into ``version``: it refuses older computes.
NOVA_VERSION = 74

#: The host that nova's conductor is on.
NOVA_CONDUCTOR = 'nova-conductor-host'

ZONES = 10

#: Seconds. Nobody is to go down while something slow is measured.
NEVER_DOWN = 3600

#: More than there is of anything.
NO_PAGES = 1_000_000

DISABLES = 10

#: Computes which are not disabled.
SPARED = 2


#: How many a database takes: eighty processes that end keep two or three each.
CONNECTIONS = 400

#: Services that join in one go.
JOINING = 20_000


class World(fixtures.Fixture):
    """A deployment, empty at first.

    :param backend: one of :data:`BACKENDS`
    :param nova: a child in stock nova's environment, which keeps nova's own
        part of it; None without nova
    :param down_time: seconds without a beat after which a service is down
    :ivar environment: the options of nova_sg, as variables
    :ivar nova_conf: the options of nova, as a file
    :ivar hosts: the computes
    :ivar ports: of memcached or ZooKeeper
    """

    def __init__(
        self,
        backend: str,
        nova: sides.Side | None,
        down_time: int = NEVER_DOWN,
    ) -> None:
        super().__init__()
        self._down_time = down_time
        self.backend = backend
        self._driver, self._database = BACKENDS[backend]
        self._nova = nova

    def _setUp(self) -> None:
        self.size = 0
        self._next_id = 1
        self.hosts: list[str] = []
        self.ports: list[int] = []
        self._handles: list[membership_base.Handle] = []
        self._disabled: list[str] = []
        self._zoned = False
        self._conducted = False
        self._random = random.Random(34)
        self._nova_beats = False
        self._start_servers()
        self.environment = self._make_environment()
        for name, value in self.environment.items():
            self.useFixture(fixtures.EnvironmentVariable(name, value))
        self._conf = sg_conf.load([])
        self.nova_conf = self._write_nova_conf()
        self._nova_once(
            'make_tables', cell0=self._urls[2], cell1=self._urls[0]
        )
        self._engine = engine.get(self._conf)
        self.addCleanup(self._engine.release)
        self._engine.upgrade()
        self._api = servicegroup.setup(self._conf)
        self._context = sg_context.get_admin_context()

    @property
    def spared(self) -> Sequence[str]:
        """The uuids of services which are never disabled here."""
        return [handle.uuid for handle in self._handles[-SPARED:]]

    def log(self, name: str) -> pathlib.Path:
        """Return where a process of this deployment writes its log."""
        return self._directory / f'{name}.log'

    def options(self) -> dict[str, Any]:
        """Return what a side is told of this deployment."""
        return {
            'environment': {**self.environment, **self._remote},
            'remote': bool(self._remote),
            'database': self._url,
            'nova_conf': str(self.nova_conf),
            'memcached': self._memcached,
            'key_prefix': self._conf.memcached.key_prefix,
        }

    def grow(self, size: int) -> None:
        """Add services until there are so many, all of them up.

        All but a few are computes, and each of these has a hypervisor.
        """
        hosts = [
            f'compute-{number:06d}.example.org'
            for number in range(len(self.hosts), size - len(CONTROLLERS))
        ]
        names = [(host, 'nova-compute') for host in hosts]
        if not self.size:
            # Through the front door, once: it marks the deployment.
            first = self._api.create(
                self._context,
                {'host': 'control', 'binary': 'nova-console'},
            )
            self._api.destroy(self._context, first.uuid)
            self._next_id = first.id + 1
            names[:0] = [('control', binary) for binary in CONTROLLERS]
        added = [
            _service(number, host, binary)
            for number, (host, binary) in enumerate(names, self._next_id)
        ]
        self._next_id += len(added)
        self._store(added)
        for start in range(0, len(added), JOINING):
            self._handles += self._api.join_many(
                self._context, added[start : start + JOINING]
            )
        self.size += len(added)
        self.hosts += hosts
        if self._driver == 'db':
            self._api.inventory.report(_compute_node(host) for host in hosts)
        self._nova_once('add_hypervisors', hosts=hosts)
        if self._zoned:
            self._put_into_zones()
        if self._driver == 'mc' and self._nova is not None:
            self._keep_beating(self._nova)
        if self._remote and not self._conducted:
            self._conducted = True
            self._start_conductors()

    def set_zoned(self, zoned: bool) -> None:
        """Put all computes into zones, or all into the default one."""
        if zoned != self._zoned:
            self._zoned = zoned
            self._put_into_zones()

    def churn(self) -> None:
        """Have all services beat, disable some, and enable them again later.

        So no cache of anybody answers for free.
        """
        membership = self._api.driver.membership
        for start in range(0, len(self._handles), heartbeat.BATCH):
            membership.beat_many(
                self._context, self._handles[start : start + heartbeat.BATCH]
            )
        if self._nova is not None and self._nova_beats:
            self._nova.tell('measure')
        update = self._api.driver.records.update
        for each in self._disabled:
            update(self._context, each, {'disabled': False})
        self._disabled = [
            handle.uuid
            for handle in self._random.sample(
                self._handles[len(CONTROLLERS) : -SPARED], DISABLES
            )
        ]
        for each in self._disabled:
            update(self._context, each, {'disabled': True})

    def _start_servers(self) -> None:
        made = self.useFixture(fixtures.TempDir()).path
        self._directory = pathlib.Path(made)
        self._urls = self._make_databases()
        self._memcached = self._zookeeper = None
        self._remote: dict[str, str] = {}
        if self.backend == 'rpc':
            broker = self.useFixture(rabbitmq.RabbitmqServer())
            self._remote = {
                'OS_DEFAULT__TRANSPORT_URL': broker.url,
                'OS_SERVICEGROUP__USE_CONDUCTOR': 'true',
            }
        if self._driver == 'mc':
            server = self.useFixture(memcached.MemcachedServer(['-m', '1024']))
            self._memcached = server.hosts
            self.ports.append(server.port)
        if self._driver == 'zk':
            # The tick of an ensemble as it is shipped.
            keeper = self.useFixture(zookeeper.ZookeeperServer(tick_time=2000))
            self._zookeeper = keeper.hosts
            self.ports.append(keeper.port)
            self.addCleanup(session.close_all)

    def _start_conductors(self) -> None:
        """Start one conductor of each kind, with one worker each."""
        ours = conductor.Conductor(
            {
                **os.environ,
                **self.environment,
                'OS_DEFAULT__TRANSPORT_URL': self._transport_url,
                'OS_CONDUCTOR__WORKERS': '1',
            }
        )
        self.useFixture(ours).wait_until_serving()
        if self._nova is None:
            return
        argv = processes.nova_conductor(
            self._nova.python, self.nova_conf, NOVA_CONDUCTOR
        )
        log = self.log(NOVA_CONDUCTOR)
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        stack.enter_context(
            processes.running(argv, self._nova.environment, log)
        )
        # Its first beat comes when it serves.
        self._nova_once('watch', hosts=[NOVA_CONDUCTOR], up=True, beaten=True)

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

    def _make_environment(self) -> dict[str, str]:
        """Return the options of nova_sg, as variables."""
        environment = {
            'OS_SERVICEGROUP__DRIVER': self._driver,
            'OS_SERVICEGROUP__SERVICE_DOWN_TIME': str(self._down_time),
            'OS_DEFAULT__STATE_PATH': str(self._directory),
            'OS_API__AUTH_STRATEGY': 'noauth2',
            # Nobody is to answer with a page.
            'OS_API__MAX_LIMIT': str(NO_PAGES),
        }
        if self._driver != 'zk':
            environment['OS_DATABASE__CONNECTION'] = self._url
        if self._memcached is not None:
            environment['OS_MEMCACHED__SERVERS'] = self._memcached
            # As where every process has been upgraded.
            environment['OS_MEMCACHED__MEMBER_FORMAT'] = '2'
            environment['OS_INVENTORY__BACKEND'] = 'sql'
        if self._zookeeper is not None:
            environment['OS_ZOOKEEPER__HOSTS'] = self._zookeeper
        return environment

    @property
    def _url(self) -> str:
        """The database of nova_sg, which is the cell's of nova."""
        url = self._urls[0]
        if self.backend == 'mysqlclient':
            return url.replace('mysql+pymysql', 'mysql+mysqldb')
        return url

    @property
    def _transport_url(self) -> str:
        return self._remote.get('OS_DEFAULT__TRANSPORT_URL', 'fake://')

    def _write_nova_conf(self) -> pathlib.Path:
        lines = [
            '[DEFAULT]',
            f'transport_url = {self._transport_url}',
            f'log_file = {self.log("nova")}',
            'host = control',
            f'state_path = {self._directory}',
            f'service_down_time = {self._down_time}',
            f'servicegroup_driver = {"mc" if self._memcached else "db"}',
            '[api]',
            f'max_limit = {NO_PAGES}',
            '[conductor]',
            'workers = 1',
            '[placement]',
            'auth_type = none',
            'endpoint_override = http://127.0.0.1:9',
            '[database]',
            f'connection = {self._urls[0]}',
            '[api_database]',
            f'connection = {self._urls[1]}',
        ]
        if self._memcached is not None:
            lines += [
                '[cache]',
                'enabled = true',
                'backend = dogpile.cache.pymemcache',
                f'memcache_servers = {self._memcached}',
            ]
        path = self._directory / 'nova.conf'
        path.write_text('\n'.join(lines) + '\n')
        return path

    def _store(self, added: Sequence[record.Record]) -> None:
        if self._driver == 'zk':
            restore = self._api.driver.records.restore
            with futures.ThreadPoolExecutor(8) as pool:
                list(
                    pool.map(lambda each: restore(self._context, each), added)
                )
            return
        rows = [each._asdict() for each in added]
        for row in rows:
            del row['id']
        statement = models.services.insert().values(created_at=clock.utcnow())
        self._engine.write(lambda c: c.execute(statement, rows))

    def _put_into_zones(self) -> None:
        zones: dict[str, list[str]] = {}
        if self._zoned:
            for number, host in enumerate(self.hosts):
                zones.setdefault(f'zone-{number % ZONES}', []).append(host)
        self._engine.write(lambda c: _set_zones(c, zones))
        self._nova_once('set_zones', zones=zones)

    def _nova_once(self, operation: str, **arguments: Any) -> None:
        if self._nova is None:
            return
        if self._nova_beats:
            self._nova.end()
            self._nova_beats = False
        self._nova.once(self._keeper_options(), operation, **arguments)

    def _keeper_options(self) -> dict[str, Any]:
        """Return the options of who keeps nova's part: it has a database."""
        return {**self.options(), 'remote': False}

    def _keep_beating(self, nova: sides.Side) -> None:
        """Have nova's own keys written at each churn."""
        nova.begin(self._keeper_options())
        nova.tell('prepare', operation='beat', arguments={'number': self.size})
        self._nova_beats = True


def _service(number: int, host: str, binary: str) -> record.Record:
    return record.Record(
        id=number,
        uuid=f'00000000-0000-4000-8000-{number:012d}',
        host=host,
        binary=binary,
        topic=binary.removeprefix('nova-'),
        version=NOVA_VERSION,
    )


def _compute_node(host: str) -> inventory_base.ComputeNode:
    return inventory_base.ComputeNode(
        host=host,
        hypervisor_hostname=host,
        hypervisor_type='QEMU',
        hypervisor_version=8002000,
        vcpus=64,
        memory_mb=262144,
        local_gb=2000,
        vcpus_used=20,
        memory_mb_used=65536,
        local_gb_used=400,
        running_vms=5,
        host_ip='192.0.2.1',
        disk_available_least=1500,
        cpu_info='{"arch": "x86_64", "model": "EPYC", "vendor": "AMD", '
        '"topology": {"sockets": 2, "cores": 16, "threads": 2}, '
        '"features": ["aes", "avx", "avx2", "sse4.2", "vmx"]}',
    )


def _set_zones(
    connection: sa.Connection, zones: Mapping[str, Sequence[str]]
) -> None:
    connection.execute(models.aggregate_hosts.delete())
    connection.execute(models.aggregates.delete())
    for number, (zone, hosts) in enumerate(zones.items(), 1):
        connection.execute(
            models.aggregates.insert().values(
                id=number,
                uuid=str(uuid.uuid4()),
                name=zone,
                availability_zone=zone,
                created_at=clock.utcnow(),
            )
        )
        connection.execute(
            models.aggregate_hosts.insert(),
            [{'aggregate_id': number, 'host': host} for host in hosts],
        )
