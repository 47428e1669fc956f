# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""How soon it shows that an agent was killed, or stopped in order.

    python benchmarks/crashes.py [--driver db|zk|mc] [--agents 20]
        [--services 0]

Starts a server of the driver's own, with its defaults (ZooKeeper with a tick
of 2 s), and so many ``nova-sg-agent``. Each is killed with SIGKILL at a moment
of its own, started anew, and stopped with SIGTERM; a process that reads all
the time tells how long it took until each was down. All options are at their
defaults.

Needs what the tests need: the group ``test`` of pyproject.toml, and the
server.
"""

import argparse
from collections.abc import Sequence
from concurrent import futures
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

from nova_sg import conf as sg_conf
from nova_sg import context as sg_context
from nova_sg import objects
from nova_sg import servicegroup
from nova_sg.tests.fixtures import databases
from nova_sg.tests.fixtures.servers import memcached
from nova_sg.tests.fixtures.servers import zookeeper

#: Seconds an agent may take to register.
PATIENCE = 120

#: Seconds after which nobody is called down because memcached is new.
SETTLING = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--driver', choices=('db', 'zk', 'mc'), default='zk')
    parser.add_argument('--agents', type=int, default=20)
    parser.add_argument(
        '--services',
        type=int,
        default=0,
        help='how many other services live meanwhile',
    )
    args = parser.parse_args()
    os.environ['OS_SERVICEGROUP__DRIVER'] = args.driver
    with (
        tempfile.TemporaryDirectory() as directory,
        databases.SqliteDatabase() as database,
        zookeeper.ZookeeperServer(tick_time=2000) as ensemble,
        memcached.MemcachedServer() as cache,
    ):
        os.environ['XDG_STATE_HOME'] = directory
        os.environ['OS_DATABASE__CONNECTION'] = database.url
        os.environ['OS_ZOOKEEPER__HOSTS'] = ensemble.hosts
        os.environ['OS_MEMCACHED__SERVERS'] = cache.hosts
        measure(args.agents, args.services, args.driver)


def measure(agents: int, services: int, driver: str) -> None:
    api = servicegroup.setup(sg_conf.load([]))
    context = sg_context.get_admin_context()
    api.driver.watch(context)
    others = [start('other', '--count', str(services))] if services else []
    try:
        with futures.ThreadPoolExecutor(agents) as pool:
            for name, number in (('SIGKILL', 9), ('SIGTERM', 15)):
                taken = pool.map(
                    lambda n, number=number: crash(context, n, number, driver),
                    range(agents),
                )
                show(name, sorted(taken))
    finally:
        for process in others:
            process.kill()
            process.wait()


def start(host: str, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            *(sys.executable, '-m', 'nova_sg.cmd.agent'),
            *('--host', host, *arguments),
        ],
        stderr=subprocess.DEVNULL,
    )


def crash(context: Any, number: int, sent: int, driver: str) -> float:
    """Return how many seconds an agent that was sent a signal was up."""
    host = f'mortal-{number}'
    process = start(host)
    try:
        wait(context, host, True, PATIENCE)
        if driver == 'mc':
            time.sleep(SETTLING)
        # At any moment between two signs of life.
        time.sleep(random.uniform(2, 12))
        process.send_signal(sent)
        began = time.monotonic()
        wait(context, host, False, PATIENCE)
        return time.monotonic() - began
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def wait(context: Any, host: str, up: bool, seconds: float) -> None:
    """Wait until a service is up, or down."""
    deadline = time.monotonic() + seconds
    while is_up(context, host) != up:
        if time.monotonic() > deadline:
            raise RuntimeError(f'{host} is not {"up" if up else "down"}')
        time.sleep(0.05)


def is_up(context: Any, host: str) -> bool:
    service = objects.ServiceGroupService.get_by_host_and_binary(
        context, host, 'nova-compute'
    )
    if service is None:
        return False
    api = servicegroup.get()
    alive = api.driver.membership.alive(context, [service.uuid])
    return service.uuid in alive and alive[service.uuid].up


def show(name: str, taken: Sequence[float]) -> None:
    print(
        f'{name}: down after {statistics.median(taken):.2f} s in the median, '
        f'{taken[0]:.2f} s at best, {taken[-1]:.2f} s at worst',
        flush=True,
    )


if __name__ == '__main__':
    main()
