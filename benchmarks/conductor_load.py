# SPDX-License-Identifier: Apache-2.0

"""What it costs to take the beats of many hosts through a conductor.

    python benchmarks/conductor_load.py [--hosts 5000] [--processes 4]
        [--interval 10] [--seconds 120] [--spacing 0.1] [--ungrouped]

Starts RabbitMQ, PostgreSQL and one nova-sg-conductor with one worker, and
processes that beat for simulated hosts: each host sends a call of its own
once per interval, at a moment of its own, whether or not the one before was
answered. Prints how many services were not up at worst, statements and CPU
time, and how long an acknowledgement took, counted from the moment when the
beat was due. ``--ungrouped`` lets the conductor write each beat by itself.

Needs what the tests need: the group ``test`` of pyproject.toml, and the
servers.
"""

import argparse
from concurrent import futures
import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
import time
from typing import Any
import uuid

import fixtures
import psutil
import sqlalchemy as sa

from nova_sg import conf as sg_conf
from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg import servicegroup
from nova_sg.cmd import conductor as conductor_command
from nova_sg.conductor import beats
from nova_sg.conductor import rpcapi
from nova_sg.db import engine
from nova_sg.db import models
from nova_sg.tests.fixtures import databases
from nova_sg.tests.fixtures.servers import rabbitmq

#: Calls that a process of hosts has under way at most.
THREADS = 128

#: Seconds in which everybody connects, before the measurement begins.
SETTLING = 15

ME = [sys.executable, '-W', 'ignore', os.path.abspath(__file__)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--hosts', type=int, default=5000)
    parser.add_argument('--processes', type=int, default=4)
    parser.add_argument('--interval', type=int, default=10)
    parser.add_argument('--seconds', type=int, default=120)
    parser.add_argument('--spacing', type=float, default=0.1)
    parser.add_argument('--ungrouped', action='store_true')
    # What it starts itself as.
    parser.add_argument('--be', help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.be == 'conductor':
        sys.exit(serve(args))
    if args.be is not None:
        beat(args, json.loads(sys.stdin.read()), offset=float(args.be))
        return
    with fixtures.Fixture() as all_:
        broker = all_.useFixture(rabbitmq.RabbitmqServer())
        os.environ.update(
            OS_DEFAULT__TRANSPORT_URL=broker.url,
            OS_DATABASE__CONNECTION=all_.useFixture(
                databases.PostgresqlDatabase()
            ).url,
            OS_SERVICEGROUP__REPORT_INTERVAL=str(args.interval),
            OS_SERVICEGROUP__SERVICE_DOWN_TIME=str(args.interval * 6),
            OS_CONDUCTOR__BEAT_SPACING=str(args.spacing),
        )
        measure(args, psutil.Process(broker.pid))


def serve(args: argparse.Namespace) -> int:
    """Be the conductor."""
    if args.ungrouped:
        beats.GroupCommit.report = (  # type: ignore[method-assign]
            lambda self, context, uuids: self._report(context, uuids)
        )
    return conductor_command.main([])


def measure(args: argparse.Namespace, broker: psutil.Process) -> None:
    conf = sg_conf.load([])
    engine.get(conf).upgrade()
    uuids = register(conf, args.hosts)
    api = servicegroup.setup(conf)
    options = ['--interval', str(args.interval), '--hosts', str(args.hosts)]
    if args.ungrouped:
        options.append('--ungrouped')
    conductor = subprocess.Popen([*ME, '--be', 'conductor', *options])
    hosts = []
    try:
        client = rpcapi.ConductorAPI(conf)
        wait_for_conductor(client)
        options += ['--seconds', str(args.seconds + SETTLING)]
        for number in range(args.processes):
            # Their beats lie between each other.
            offset = args.interval * number / args.hosts
            process = subprocess.Popen(
                [*ME, '--be', str(offset), *options],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            assert process.stdin is not None
            json.dump(uuids[number :: args.processes], process.stdin)
            process.stdin.close()
            process.stdin = None
            hosts.append(process)
        time.sleep(SETTLING)
        watch(args, api, client, psutil.Process(conductor.pid), broker)
        report_hosts([json.loads(each.communicate()[0]) for each in hosts])
    finally:
        for each in hosts:
            each.kill()
        conductor.terminate()
        conductor.wait()


def wait_for_conductor(client: rpcapi.ConductorAPI) -> None:
    for _ in range(10):
        try:
            client.ping(sg_context.get_admin_context())
            return
        except exception.ServiceGroupUnavailable:
            # It has no queue yet in which this would wait.
            continue
    sys.exit('The conductor does not come up.')


def register(conf: Any, number: int) -> list[str]:
    """Write services past everything, and return their uuids."""
    uuids = [str(uuid.uuid4()) for _ in range(number)]
    rows = [
        {
            'uuid': each,
            'host': f'load-{index:05d}',
            'binary': 'nova-compute',
            'topic': 'compute',
            'report_count': 0,
            'disabled': False,
            'forced_down': False,
            'version': 1,
            'deleted': 0,
        }
        for index, each in enumerate(uuids)
    ]
    database = engine.get(conf)
    statement = models.services.insert().values(
        created_at=sa.text("now() AT TIME ZONE 'utc'")
    )
    database.write(lambda c: c.execute(statement, rows))
    return uuids


def watch(
    args: argparse.Namespace,
    api: servicegroup.API,
    client: rpcapi.ConductorAPI,
    conductor: psutil.Process,
    broker: psutil.Process,
) -> None:
    context = sg_context.get_admin_context()
    server = psutil.Process(databases.POSTGRESQL.get().pid)
    processes = {'conductor': conductor, 'broker': broker, 'database': server}
    before = {name: cpu(each) for name, each in processes.items()}
    facts, commits = client.health(context), committed(api)
    began, at_worst, looks = time.monotonic(), 0, 0
    while (left := began + args.seconds - time.monotonic()) > 0:
        time.sleep(min(left, 2.0))
        records, alive = api.list(context)
        at_worst = max(
            at_worst, sum(not alive[each.uuid].up for each in records)
        )
        looks += 1
    elapsed = time.monotonic() - began
    after = client.health(context)
    how = 'each by itself' if args.ungrouped else 'grouped'
    print(
        f'{args.hosts} hosts, {args.processes} processes, every '
        f'{args.interval} s, for {elapsed:.0f} s, {how}:'
    )
    print(f'at worst {at_worst} services were not up ({looks} looks)')
    if not args.ungrouped:
        written = after['beats_written'] - facts['beats_written']
        writes = after['beat_writes'] - facts['beat_writes']
        print(
            f'{written / elapsed:.0f} beats/s in {writes / elapsed:.1f} '
            'statements/s'
        )
    # Without those of this process, and of the two questions.
    others = committed(api) - commits - looks - 2
    print(f'{others / elapsed:.1f} transactions/s at the database')
    for name, each in processes.items():
        used = cpu(each) - before[name]
        print(f'{name}: {used / elapsed:.2f} cores')


def committed(api: servicegroup.API) -> int:
    """Return how many transactions the database has committed."""
    statement = sa.text(
        'SELECT xact_commit FROM pg_stat_database'
        ' WHERE datname = current_database()'
    )
    database = engine.get(api.conf)
    return int(database.read(lambda c: c.execute(statement).scalar_one()))


def cpu(process: psutil.Process) -> float:
    """Return the seconds of CPU of a process and of what it started."""
    times = process.cpu_times()
    total = times.user + times.system
    total += times.children_user + times.children_system
    for child in process.children(recursive=True):
        # One may end while it is looked at.
        with contextlib.suppress(psutil.NoSuchProcess):
            times = child.cpu_times()
            total += times.user + times.system
    return float(total)


def beat(args: argparse.Namespace, uuids: list[str], offset: float) -> None:
    """Be hosts: send a call for each once per interval, and tell of it."""
    # Many threads that share connections are meant to.
    logging.disable(logging.WARNING)
    client = rpcapi.ConductorAPI(sg_conf.load([]))
    context = sg_context.get_admin_context()
    times: list[float] = []
    errors: list[str] = []
    lock = threading.Lock()

    def call(host: str, due: float) -> None:
        try:
            client.report_state(context, [host])
        except exception.NovaSgException as error:
            with lock:
                errors.append(str(error))
            return
        with lock:
            times.append(time.monotonic() - due)

    client.ping(context)
    spent = time.process_time()
    began = time.monotonic() + offset
    with futures.ThreadPoolExecutor(THREADS) as pool:
        for round_ in range(args.seconds // args.interval):
            for index, host in enumerate(uuids):
                due = began + args.interval * (round_ + index / len(uuids))
                time.sleep(max(0.0, due - time.monotonic()))
                pool.submit(call, host, due)
    spent = time.process_time() - spent
    json.dump({'times': times, 'errors': errors, 'cpu': spent}, sys.stdout)


def report_hosts(told: list[dict[str, Any]]) -> None:
    times = sorted(time_ for each in told for time_ in each['times'])
    errors = [error for each in told for error in each['errors']]

    def quantile(part: float) -> str:
        return f'{times[int(part * (len(times) - 1))] * 1000:.0f}'

    print(
        f'acknowledged after {quantile(0.5)} ms (median), '
        f'{quantile(0.99)} ms (p99), {quantile(1)} ms (worst); '
        f'{len(errors)} of {len(times) + len(errors)} not acknowledged'
    )
    for error in sorted(set(errors))[:3]:
        print(f'  {error}')
    print(f'hosts: {sum(each["cpu"] for each in told):.0f} s of CPU in all')


if __name__ == '__main__':
    main()
