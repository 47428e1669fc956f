# SPDX-License-Identifier: Apache-2.0

"""Services that beat, and readers that watch them, while memcached fails."""

from collections.abc import Callable
from collections.abc import Sequence
import itertools
import time
from typing import Any

import fixtures
from oslo_config import cfg
from oslotest import base

from nova_sg import conf as sg_conf
from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.servicegroup import api as sg_api
from nova_sg.servicegroup import heartbeat
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.memcached import cell
from nova_sg.servicegroup.backends.memcached import cluster
from nova_sg.servicegroup.backends.memcached import keys
from nova_sg.servicegroup.membership import base as membership_base
from nova_sg.servicegroup.testing import environment
from nova_sg.servicegroup.testing import watchdogs
from nova_sg.tests.fixtures import proxy
from nova_sg.tests.fixtures import schemas
from nova_sg.tests.fixtures.servers import memcached
from nova_sg.tests.functional.servicegroup import background
from nova_sg.tests.functional.servicegroup import memcached_deployments

REPORT_INTERVAL = 1
DOWN_TIME = 3
TIMEOUT = 0.3

#: Seconds that a laden machine may be late.
PATIENCE = 15.0

KEYS = keys.Keys('nova-sg')

_numbers = itertools.count()


class Watch(background.Background):
    """A reader that asks all the time, and notes which it saw down.

    :param ask: returns verdicts by uuid, or raises
        ``ServiceGroupUnavailable``
    :ivar seen_down: the uuids that were ever down
    :ivar answers: how often it got an answer
    """

    def __init__(self, ask: Callable[[], dict[str, bool]]) -> None:
        super().__init__(self._look)
        self._ask = ask
        self.seen_down: set[str] = set()
        self.errors: list[str] = []
        self.answers = 0

    def _look(self, _number: int) -> None:
        try:
            answer = self._ask()
        except exception.ServiceGroupUnavailable:
            return
        except Exception as error:
            self.errors.append(repr(error))
            return
        self.answers += 1
        self.seen_down |= {uuid for uuid, up in answer.items() if not up}


class MemcachedCellTest(base.BaseTestCase):
    """A deployment on memcached servers of the test's own.

    :cvar servers_wanted: how many servers
    :cvar records: ``[servicegroup] records``
    :cvar down_time: ``[servicegroup] service_down_time``
    """

    servers_wanted = 1
    records = 'sql'
    down_time = DOWN_TIME

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(fixtures.FakeLogger())
        self.useFixture(environment.Environment())
        self.context = sg_context.get_admin_context()
        self.servers = [
            self.useFixture(memcached.MemcachedServer())
            for _ in range(self.servers_wanted)
        ]
        self.database = self.useFixture(schemas.SqliteSchema())
        self.useFixture(watchdogs.Watchdogs())
        self.api = self.new_api()
        self.settle()

    def settle(self) -> None:
        """Make the servers look as if the deployment were old."""
        for server in self.servers:
            memcached_deployments.look_old(server.port, KEYS)

    def new_api(
        self, route: Sequence[proxy.TcpProxy] = (), **options: Any
    ) -> sg_api.API:
        """Return the API of a process that has never asked anything.

        :param route: proxies which lead to the servers, for this process
        :param options: see :meth:`conf`
        """
        made = sg_api.API(self.conf(**options))
        if route:
            ports = {each.target[1]: each.port for each in route}
            memcached_deployments.reroute(ports, made)
        return made

    def proxies(self) -> list[proxy.TcpProxy]:
        """Return a proxy to each server."""
        return [
            self.useFixture(proxy.TcpProxy(server.port))
            for server in self.servers
        ]

    def register(self, host: str, **values: Any) -> record.Record:
        return self.api.create(
            self.context,
            {'host': host, 'binary': 'nova-compute', **values},
        )

    def register_on_each(self) -> list[record.Record]:
        """Register services until each server has one of them."""
        servers = cluster.get(self.api.conf)
        placed: dict[object, record.Record] = {}
        for number in range(100):
            made = self.register(f'each{number}')
            placed.setdefault(servers.server_of(made.uuid), made)
            if len(placed) == len(self.servers):
                break
        return [placed[each] for each in servers.servers]

    def beat_for(
        self, services: Sequence[record.Record], api: sg_api.API | None = None
    ) -> heartbeat.Heartbeat:
        """Join services and beat for them until the test ends."""
        member = api or self.new_api()
        beats = heartbeat.Heartbeat(
            member.driver.membership, self.context, REPORT_INTERVAL
        )
        handles = member.join_many(self.context, services)
        assert len(handles) == len(services)
        beats.add(handles)
        beats.start()
        self.addCleanup(beats.stop)
        return beats

    def watch(self, services: Sequence[record.Record]) -> Watch:
        """Watch services with a reader that runs for long."""
        api = self.new_api()
        self.verdicts(api, services)
        return self.useFixture(Watch(lambda: self.verdicts(api, services)))

    def watch_anew(self, services: Sequence[record.Record]) -> Watch:
        """Watch services with readers that ask once and know nothing."""
        return self.useFixture(
            Watch(lambda: self.verdicts(self.new_api(), services))
        )

    def verdicts(
        self, api: sg_api.API, services: Sequence[record.Record]
    ) -> dict[str, bool]:
        """Return of which services it is not said that they are down."""
        found = api.liveness(self.context, [each.uuid for each in services])
        return {
            uuid: each.state != liveness.DOWN for uuid, each in found.items()
        }

    def assert_serves(self, api: sg_api.API) -> None:
        """Check that a service registers, beats and is up by a process."""
        service = api.create(
            self.context, {'host': 'host1', 'binary': 'nova-compute'}
        )
        (handle,) = api.join_many(self.context, [service])
        handle.beat(self.context)
        self.assertTrue(api.service_is_up(service))
        self.assertEqual(
            [service.host], [e.host for e in api.list(self.context)[0]]
        )

    def state(self, service: record.Record) -> str:
        """Return what a new process says of a service."""
        found = self.new_api().liveness(self.context, [service.uuid])
        return found[service.uuid].state

    def is_up(self, service: record.Record) -> bool:
        return self.state(service) == liveness.UP

    def is_certain(self, service: record.Record) -> bool:
        """Return whether memcached can tell of a service by itself."""
        alive = self.new_api().driver.membership.alive(
            self.context, [service.uuid]
        )
        return alive[service.uuid].unknown is None

    def eventually(self, condition: Callable[[], object], what: str) -> None:
        """Wait for a state, and fail where it does not come."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                if condition():
                    return
            except exception.ServiceGroupUnavailable:
                pass
            time.sleep(0.05)
        self.fail(f'{what}: not within {PATIENCE:g} s')

    def eventually_down(self, service: record.Record) -> None:
        self.eventually(
            lambda: self.state(service) == liveness.DOWN,
            f'{service.host} is down',
        )

    def assert_never_down(
        self, watch: Watch, services: Sequence[record.Record]
    ) -> None:
        watch.stop()
        self.assertEqual([], watch.errors)
        self.assertGreater(watch.answers, 0)
        for service in services:
            self.assertNotIn(service.uuid, watch.seen_down, service.host)

    def conf(self, **options: Any) -> cfg.ConfigOpts:
        """Return the configuration of another process.

        :param options: options of ``[memcached]`` in which it differs
        """
        conf = sg_conf.load([])
        groups: dict[str, dict[str, Any]] = {
            'servicegroup': {
                'driver': 'mc',
                'records': self.records,
                'report_interval': REPORT_INTERVAL,
                'service_down_time': self.down_time,
            },
            'database': {'connection': self.database.url},
            'memcached': {
                'servers': [each.hosts for each in self.servers],
                'connect_timeout': TIMEOUT,
                # Processes of one configuration share their connections.
                'timeout': TIMEOUT + next(_numbers) / 1e6,
                **options,
            },
        }
        for group, values in groups.items():
            for name, value in values.items():
                conf.set_override(name, value, group)
        return conf


class RecordsTest(MemcachedCellTest):
    """A deployment with nothing but one memcached."""

    records = 'memcached'

    def setUp(self) -> None:
        super().setUp()
        self.store = self.api.driver.records
        self.client = memcached_deployments.client(self.servers[0].port)
        self.cell: cell.Cell = self.store.cell(self.context)

    def join(self, *services: record.Record) -> list[membership_base.Handle]:
        """Join in a process of its own."""
        return list(self.new_api().join_many(self.context, services))

    def beat(self, *handles: membership_base.Handle) -> list[str | None]:
        """Beat; return the hosts whose record is gone."""
        gone = handles[0].membership.beat_many(self.context, handles)
        return [each.record.host for each in gone]

    def hosts(self) -> list[str | None]:
        return sorted(str(each.host) for each in self.store.list(self.context))
