# SPDX-License-Identifier: Apache-2.0

"""Deployments of the ``zk`` driver, on the ZooKeeper of the test process."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import json
import threading
from typing import Any
import uuid

import fixtures
from kazoo import client as kazoo_client

from nova_sg.conf import servicegroup as servicegroup_conf
from nova_sg.servicegroup import lease
from nova_sg.servicegroup import loop
from nova_sg.servicegroup.backends.zookeeper import layout
from nova_sg.servicegroup.backends.zookeeper import session
from nova_sg.servicegroup.testing import deployment
from nova_sg.servicegroup.testing import link
from nova_sg.tests.fixtures import clock
from nova_sg.tests.fixtures import long
from nova_sg.tests.fixtures import proxy
from nova_sg.tests.fixtures.servers import shared
from nova_sg.tests.fixtures.servers import zookeeper
from nova_sg.tests.functional.servicegroup import deployments

#: Sessions are short, so that a crash shows soon.
TICK = 250
ZOOKEEPER = shared.SharedServer(
    lambda: zookeeper.ZookeeperServer(tick_time=TICK)
)

CELL = servicegroup_conf.CELL0_UUID


@contextlib.contextmanager
def client(hosts: str, **options: Any) -> Iterator[kazoo_client.KazooClient]:
    """Give a client of kazoo's own, to look behind the driver."""
    made = kazoo_client.KazooClient(hosts, **options)
    made.start()
    try:
        yield made
    finally:
        made.stop()
        made.close()


@contextlib.contextmanager
def count_round_trips() -> Iterator[Callable[[], int]]:
    """Count how often this process waits for ZooKeeper.

    What its own threads ask, to keep a session or a mirror, nobody waits
    for.
    """
    real = session.Session._exchange
    waits: list[int] = []

    def counted(*args: Any, **kwargs: Any) -> Any:
        if not threading.current_thread().name.startswith(loop.PREFIX):
            waits.append(1)
        return real(*args, **kwargs)

    patch = fixtures.MonkeyPatch(
        f'{session.__name__}.Session._exchange', counted
    )
    with patch:
        yield lambda: len(waits)


class ZooKeeperDeployment(deployments.OnServer):
    """A chroot of its own on a single server."""

    shared = ZOOKEEPER
    examples = long.times(12, 30)

    def make(self) -> deployment.Options:
        self.server = ZOOKEEPER.running()
        self.layout = layout.Layout(f'/test-{uuid.uuid4().hex}')
        self.addCleanup(session.close_all)
        # For a moment after it has connected, a process keeps services up
        # that it saw before and misses now. Some tests are over in less.
        self.useFixture(fixtures.MonkeyPatch(f'{lease.__name__}.UNSURE', 0))
        return {
            'servicegroup': {'driver': 'zk'},
            'zookeeper': {
                'hosts': self.server.hosts,
                'chroot': self.layout.root,
                'session_timeout': min(self.down_time / 2, 10),
                'request_timeout': self.timeout(1.5),
            },
        }

    def round_trips(self) -> Any:
        return count_round_trips()

    def wrong_clock(self, seconds: float) -> clock.ShiftedClock:
        return clock.ShiftedClock(seconds)

    def add_field(self, uuid: str, name: str, value: str) -> None:
        path = self.layout.cell(CELL).service(uuid)
        with client(self.server.hosts) as behind:
            values = json.loads(behind.get(path)[0])
            values[name] = value
            behind.set(path, json.dumps(values).encode())

    def read_field(self, uuid: str, name: str) -> str | None:
        path = self.layout.cell(CELL).service(uuid)
        with client(self.server.hosts) as behind:
            found: str | None = json.loads(behind.get(path)[0]).get(name)
            return found

    def proxied(self) -> link.Link:
        way = self.useFixture(proxy.TcpProxy(self.server.port))
        return link.Link([way], {'zookeeper': {'hosts': way.hosts}})


class ZkSqlDeployment(deployments.PairDeployment, ZooKeeperDeployment):
    """Records in SQLite; both backends go at the same time."""

    heartbeats = ZooKeeperDeployment

    def make(self) -> deployment.Options:
        servicegroup = {'driver': 'zk', 'records': 'sql'}
        return {**super().make(), 'servicegroup': servicegroup}
