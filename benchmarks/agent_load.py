# SPDX-License-Identifier: Apache-2.0

"""What it costs to carry many hosts in one agent.

    python benchmarks/agent_load.py [--database sqlite|postgresql|mariadb]
        [--count 10000] [--interval 10] [--seconds 120]

Starts ``nova-sg-agent --count`` on an empty database of a server of its own,
waits until all its services are up, and then measures for some seconds the
CPU time, user and system, of the agent and of the database server. Once per
interval it lists all services, and says how many were not up at worst; what
these lists cost the server is in its number. SQLite is a library: what it
takes is the agent's.

Needs what the tests need: the group ``test`` of pyproject.toml, and the
server that is asked for.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from typing import Any

import fixtures
import psutil

from nova_sg import conf as sg_conf
from nova_sg import context as sg_context
from nova_sg import servicegroup
from nova_sg.db import engine
from nova_sg.tests.fixtures import databases

DATABASES: dict[str, Any] = {
    'sqlite': databases.SqliteDatabase,
    'postgresql': databases.PostgresqlDatabase,
    'mariadb': databases.MariadbDatabase,
}
SERVERS = {
    'postgresql': databases.POSTGRESQL,
    'mariadb': databases.MARIADB,
}

#: Seconds a registration may take.
PATIENCE = 600


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--database', choices=DATABASES, default='sqlite')
    parser.add_argument('--count', type=int, default=10000)
    parser.add_argument('--interval', type=int, default=10)
    parser.add_argument('--seconds', type=int, default=120)
    args = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as directory,
        fixtures.Fixture() as all_,
    ):
        os.environ.update(
            OS_DATABASE__CONNECTION=all_.useFixture(
                DATABASES[args.database]()
            ).url,
            OS_SERVICEGROUP__REPORT_INTERVAL=str(args.interval),
            OS_SERVICEGROUP__SERVICE_DOWN_TIME=str(args.interval * 6),
        )
        server = None
        if args.database in SERVERS:
            server = psutil.Process(SERVERS[args.database].get().pid)
        measure(args, pathlib.Path(directory), server)


def measure(
    args: argparse.Namespace,
    directory: pathlib.Path,
    server: psutil.Process | None,
) -> None:
    conf = sg_conf.load([])
    engine.get(conf).upgrade()
    api = servicegroup.setup(conf)
    log = directory / 'agent.log'
    for what in ('new', 'known'):
        began = time.monotonic()
        with log.open('w') as output:
            agent = subprocess.Popen(
                [
                    *(sys.executable, '-m', 'nova_sg.cmd.agent'),
                    *('--host', 'load', '--count', str(args.count)),
                ],
                stderr=output,
            )
        try:
            process = psutil.Process(agent.pid)
            wait_until_up(agent, log)
            print(
                f'{args.count} {what} services on {args.database} up after '
                f'{time.monotonic() - began:.1f} s '
                f'({cpu(process):.1f} s of CPU)',
                flush=True,
            )
            if what == 'known':
                watch(args, api, process, server)
        finally:
            began = time.monotonic()
            agent.terminate()
            agent.wait()
    print(f'left after {time.monotonic() - began:.1f} s: {down(api)} down')


def wait_until_up(agent: subprocess.Popen[bytes], log: pathlib.Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while ' up, reporting ' not in log.read_text():
        if agent.poll() is not None or time.monotonic() > deadline:
            sys.exit(f'The agent is not up; it said:\n{log.read_text()}')
        time.sleep(0.1)


def watch(
    args: argparse.Namespace,
    api: servicegroup.API,
    agent: psutil.Process,
    server: psutil.Process | None,
) -> None:
    began, at_worst = time.monotonic(), down(api)
    agent_before = cpu(agent)
    server_before = family_cpu(server) if server else 0.0
    while (left := began + args.seconds - time.monotonic()) > 0:
        time.sleep(min(left, args.interval))
        at_worst = max(at_worst, down(api))
    elapsed = time.monotonic() - began
    print(f'at worst {at_worst} of {args.count} services were not up')
    report('agent', cpu(agent) - agent_before, elapsed)
    if server:
        report('server', family_cpu(server) - server_before, elapsed)
    print(f'agent: {agent.memory_info().rss / 2**20:.0f} MiB resident')


def report(what: str, seconds: float, elapsed: float) -> None:
    print(
        f'{what}: {seconds:.1f} s of CPU in {elapsed:.0f} s: '
        f'{seconds / elapsed:.3f} cores'
    )


def down(api: servicegroup.API) -> int:
    """Return how many services are not up."""
    records, alive = api.list(sg_context.get_admin_context())
    return sum(not alive[each.uuid].up for each in records)


def cpu(process: psutil.Process) -> float:
    """Return the seconds of CPU of a process, all its threads."""
    times = process.cpu_times()
    return float(times.user + times.system)


def family_cpu(process: psutil.Process) -> float:
    """Return the seconds of CPU of a server and of what it forked."""
    ended = process.cpu_times()
    return (
        cpu(process)
        + ended.children_user
        + ended.children_system
        + sum(cpu(child) for child in process.children(recursive=True))
    )


if __name__ == '__main__':
    main()
