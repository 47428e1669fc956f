# SPDX-License-Identifier: Apache-2.0

"""Deployments of the ``mc`` driver, on the memcached of the test process."""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import dataclasses
import functools
import itertools
from typing import Any
import uuid

import fixtures
from pymemcache.client import base

from nova_sg import context as sg_context
from nova_sg.servicegroup import api as sg_api
from nova_sg.servicegroup.backends.memcached import cell
from nova_sg.servicegroup.backends.memcached import cluster
from nova_sg.servicegroup.backends.memcached import connection
from nova_sg.servicegroup.backends.memcached import keys
from nova_sg.servicegroup.backends.memcached import (
    records as memcached_records,
)
from nova_sg.servicegroup.backends.memcached import values
from nova_sg.servicegroup.testing import deployment
from nova_sg.servicegroup.testing import link
from nova_sg.tests.fixtures import clock
from nova_sg.tests.fixtures import proxy
from nova_sg.tests.fixtures.servers import memcached
from nova_sg.tests.fixtures.servers import ports
from nova_sg.tests.fixtures.servers import shared
from nova_sg.tests.functional.servicegroup import deployments

_links = itertools.count(1)

MEMCACHED = shared.SharedServer(memcached.MemcachedServer)
SECOND = shared.SharedServer(memcached.MemcachedServer)


def client(port: int) -> base.PooledClient:
    """Return a client of pymemcache's own, to look behind the driver."""
    return base.PooledClient((ports.HOST, port), default_noreply=False)


def look_old(port: int, of: keys.Keys) -> None:
    """Make a server look as if it had served a deployment for long."""
    old = client(port)
    old.delete(of.settling)
    old.set_many({of.epoch: b'long-ago', of.begun: b'long-ago'})


def reroute(ports: Mapping[int, int], api: sg_api.API) -> None:
    """Have a process reach its servers at other ports.

    :param ports: the new ones by the old ones
    """
    for server in cluster.get(api.conf).servers:
        host, port = server._address
        server._address = host, ports.get(port, port)
        server.forget()


@contextlib.contextmanager
def count_requests() -> Iterator[Callable[[], int]]:
    """Count the requests of this process to any memcached."""
    requests: list[str] = []

    def counted(name: str) -> Callable[..., Any]:
        real = getattr(connection.Connection, name)

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            requests.append(name)
            return real(*args, **kwargs)

        return wrapper

    with contextlib.ExitStack() as patches:
        for name in ('fetch_changed', '_fetch_cmd', 'store'):
            patches.enter_context(
                fixtures.MonkeyPatch(
                    f'{connection.__name__}.Connection.{name}', counted(name)
                )
            )
        yield lambda: len(requests)


class MemcachedDeployment(deployments.OnServer):
    """A prefix of its own, on a memcached which has been there for long."""

    shared = MEMCACHED

    def make(self) -> deployment.Options:
        self.server = MEMCACHED.running()
        prefix = f'test-{uuid.uuid4().hex}'
        self.keys = keys.Keys(prefix)
        # Else no service would be down until members had the time to beat.
        look_old(self.server.port, self.keys)
        return {
            'servicegroup': {'driver': 'mc'},
            'memcached': {
                'servers': self.server.hosts,
                'key_prefix': prefix,
                'connect_timeout': self.timeout(0.5),
                'timeout': self.timeout(0.5),
            },
        }

    def round_trips(
        self,
    ) -> contextlib.AbstractContextManager[Callable[[], int]]:
        return count_requests()

    def proxied(self) -> link.Link:
        way = self.useFixture(proxy.TcpProxy(self.server.port))
        return link.Link(
            [way],
            # Processes of one configuration share their connections.
            {'memcached': {'timeout': 0.5 + next(_links) / 1e6}},
            # The marker names the servers, so that all name them alike.
            functools.partial(reroute, {self.server.port: way.port}),
        )


class McSqlDeployment(deployments.PairDeployment, MemcachedDeployment):
    """Records in SQLite; both backends go at the same time."""

    heartbeats = MemcachedDeployment


class TwoServersDeployment(McSqlDeployment):
    """Members on two servers; records in SQLite."""

    def make(self) -> deployment.Options:
        options = super().make()
        self.second = SECOND.running()
        look_old(self.second.port, self.keys)
        servers = f'{self.server.hosts},{self.second.hosts}'
        return {
            **options,
            'memcached': {**options['memcached'], 'servers': servers},
        }

    def kill_one(self) -> None:
        self.second.kill()
        self.addCleanup(self.restart)

    def kill_heartbeats(self) -> None:
        self.kill_one()
        super().kill_heartbeats()

    def restart(self) -> None:
        super().restart()
        SECOND.running()


class McMemcachedDeployment(MemcachedDeployment):
    """Records in memcached, too, and heartbeats that are packed."""

    def make(self) -> deployment.Options:
        options = super().make()
        return {
            **options,
            'servicegroup': {'driver': 'mc', 'records': 'memcached'},
            'memcached': {
                **options['memcached'],
                'member_format': values.PACKED,
            },
        }

    def wrong_clock(self, seconds: float) -> clock.ShiftedClock:
        return clock.ShiftedClock(seconds)

    def add_field(self, uuid: str, name: str, value: str) -> None:
        found = self._cell().find(uuid)
        assert found is not None
        beside = {**found.stored.unknown, name: value}
        self._cell().replace(
            found, dataclasses.replace(found.stored, unknown=beside)
        )

    def read_field(self, uuid: str, name: str) -> str | None:
        found = self._cell().find(uuid)
        assert found is not None
        field: str | None = found.stored.unknown.get(name)
        return field

    def _cell(self) -> cell.Cell:
        store = memcached_records.MemcachedRecordStore(self.load())
        return store.cell(sg_context.get_admin_context())
