# SPDX-License-Identifier: Apache-2.0

"""What the sides meet: a deployment of so many services.

nova and nova_sg read the same rows of the same ``services`` table. What else
they read (zones, hypervisors, keys of memcached) each has in its own place,
filled alike.
"""

from collections.abc import Sequence
from concurrent import futures
import contextlib
import os
import pathlib
import random
from typing import Any

import fixtures

from benchmarks import processes
from benchmarks import rows
from benchmarks import servers
from benchmarks import sides
from nova_sg import conf as sg_conf
from nova_sg import context as sg_context
from nova_sg import sequences
from nova_sg import servicegroup
from nova_sg.db import clock
from nova_sg.db import engine
from nova_sg.db import models
from nova_sg.servicegroup import heartbeat
from nova_sg.servicegroup import record
from nova_sg.servicegroup.membership import base as membership_base
from nova_sg.tests.fixtures import conductor

#: Services which are no computes.
CONTROLLERS = ('nova-scheduler', 'nova-conductor')

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

#: Services that join in one go.
JOINING = 20_000


class World(fixtures.Fixture):
    """A deployment, empty at first.

    :param backend: one of :data:`.servers.BACKENDS`
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
        self._nova = nova

    def _setUp(self) -> None:
        self.size = 0
        self._next_id = 1
        self.hosts: list[str] = []
        self._handles: list[membership_base.Handle] = []
        self._disabled: list[str] = []
        self._zoned = False
        self._conducted = False
        self._random = random.Random(34)
        self._nova_beats = False
        self._directory = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path
        )
        self._servers = self.useFixture(servers.Servers(self.backend))
        self.ports = self._servers.ports
        self.environment = {
            **self._servers.environment,
            'OS_SERVICEGROUP__SERVICE_DOWN_TIME': str(self._down_time),
            'OS_DEFAULT__STATE_PATH': str(self._directory),
            'OS_API__AUTH_STRATEGY': 'noauth2',
            # Nobody is to answer with a page.
            'OS_API__MAX_LIMIT': str(NO_PAGES),
            # What is measured is what a user starts.
            'NOVA_SG_NEW_INTERPRETERS': '1',
        }
        for name, value in self.environment.items():
            self.useFixture(fixtures.EnvironmentVariable(name, value))
        self._conf = sg_conf.load([])
        self.nova_conf = self._write_nova_conf()
        cell1, _api, cell0 = self._servers.urls
        self._nova_once('make_tables', cell0=cell0, cell1=cell1)
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
        environment = dict(self.environment)
        if self._remote:
            environment['OS_DEFAULT__TRANSPORT_URL'] = self._transport_url
            environment['OS_SERVICEGROUP__USE_CONDUCTOR'] = 'true'
        return {
            'environment': environment,
            'remote': self._remote,
            'database': self._servers.url,
            'nova_conf': str(self.nova_conf),
            'memcached': self._servers.memcached,
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
            rows.service(number, host, binary)
            for number, (host, binary) in enumerate(names, self._next_id)
        ]
        self._next_id += len(added)
        self._store(added)
        for batch in sequences.batched(added, JOINING):
            self._handles += self._api.join_many(self._context, batch)
        self.size += len(added)
        self.hosts += hosts
        if self._servers.driver == 'db':
            self._api.inventory.report(map(rows.compute_node, hosts))
        self._nova_once('add_hypervisors', hosts=hosts)
        if self._zoned:
            self._put_into_zones()
        if self._servers.driver == 'mc' and self._nova is not None:
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
        for batch in sequences.batched(self._handles, heartbeat.BATCH):
            membership.beat_many(self._context, batch)
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

    @property
    def _remote(self) -> bool:
        """Whether the sides have no database, and call a conductor."""
        return self._servers.transport_url is not None

    @property
    def _transport_url(self) -> str:
        return self._servers.transport_url or 'fake://'

    def _write_nova_conf(self) -> pathlib.Path:
        cell1, api, _cell0 = self._servers.urls
        driver = 'mc' if self._servers.memcached else 'db'
        lines = [
            '[DEFAULT]',
            f'transport_url = {self._transport_url}',
            f'log_file = {self.log("nova")}',
            'host = control',
            f'state_path = {self._directory}',
            f'service_down_time = {self._down_time}',
            f'servicegroup_driver = {driver}',
            '[api]',
            f'max_limit = {NO_PAGES}',
            '[conductor]',
            'workers = 1',
            '[placement]',
            'auth_type = none',
            'endpoint_override = http://127.0.0.1:9',
            '[database]',
            f'connection = {cell1}',
            '[api_database]',
            f'connection = {api}',
        ]
        if self._servers.memcached is not None:
            lines += [
                '[cache]',
                'enabled = true',
                'backend = dogpile.cache.pymemcache',
                f'memcache_servers = {self._servers.memcached}',
            ]
        path = self._directory / 'nova.conf'
        path.write_text('\n'.join(lines) + '\n')
        return path

    def _store(self, added: Sequence[record.Record]) -> None:
        if self._servers.driver == 'zk':
            restore = self._api.driver.records.restore
            with futures.ThreadPoolExecutor(8) as pool:
                list(
                    pool.map(lambda each: restore(self._context, each), added)
                )
            return
        values = [each._asdict() for each in added]
        for row in values:
            del row['id']
        statement = models.services.insert().values(created_at=clock.utcnow())
        self._engine.write(lambda c: c.execute(statement, values))

    def _put_into_zones(self) -> None:
        zones: dict[str, list[str]] = {}
        if self._zoned:
            for number, host in enumerate(self.hosts):
                zones.setdefault(f'zone-{number % ZONES}', []).append(host)
        self._engine.write(lambda c: rows.set_zones(c, zones))
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
