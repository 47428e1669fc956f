# SPDX-License-Identifier: Apache-2.0

"""What the heartbeats of many computes cost a nova that keeps its database.

    .nova-tree/34.0.0/venv/bin/python -m benchmarks.nova_beats
        [--hosts 1000] [--hosts 5000] [--database postgresql]
        [--beats grouped] [--seconds 60] [--rate 60] [--csv FILE]

(``tools/nova_tree_tests.sh`` makes that environment.) Starts RabbitMQ, the
database and one nova-conductor with two workers and with nova_sg. Then
processes beat for simulated computes without a database: first through nova's
own client code (``beats = nova``), then through ours (``beats = grouped``),
each compute once per interval at a moment of its own. Where the machine does
not carry nova's heartbeats, their interval is stretched, so compare what one
heartbeat costs: CPU of the conductor, the broker, the database and the
sender, SQL statements and transactions.

Two runs are enough for the page: :mod:`.beat_plot` makes its tables and its
plot of their results.

The servers work without any heartbeat, too. What they spend then is measured
first, and is in what a heartbeat costs. ``Conductor net ms`` and ``Broker net
ms`` are without it.
"""

import argparse
import contextlib
import csv
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from typing import Any
import uuid

import fixtures
import psutil
import sqlalchemy as sa

from benchmarks import beat_costs
from benchmarks import beat_senders
from nova_sg.tests.fixtures import databases
from nova_sg.tests.fixtures.servers import directories
from nova_sg.tests.fixtures.servers import mariadb
from nova_sg.tests.fixtures.servers import postgresql
from nova_sg.tests.fixtures.servers import rabbitmq
from nova_sg.tests.nova_deployment import configuration
from nova_sg.tests.nova_deployment import processes

INTERVAL = 10

#: Processes that simulate computes.
PROCESSES = 2

#: Seconds without any heartbeat of a compute.
IDLE = 30

HOST = 'controller'

WAYS = ('nova', 'grouped')

#: Rounds that are not measured: the first one joins, and with grouped
#: heartbeats each of its is a call. The next one ends what it has queued.
JOINING = {'nova': 1, 'grouped': 2}

COLUMNS = (
    *('Database', 'Computes', 'Heartbeats', 'Per second'),
    *('Conductor ms', 'Broker ms', 'Database ms', 'Sender ms'),
    *('Conductor net ms', 'Broker net ms'),
    *('Statements', 'Transactions', 'Messages waiting'),
    *('Answered p50 ms', 'Answered p99 ms', 'Errors'),
)

_DATABASES: dict[str, Any] = {
    'postgresql': (
        databases.PostgresqlDatabase,
        lambda: postgresql.PostgresqlServer(beat_costs.POSTGRESQL_OPTIONS),
    ),
    'mariadb': (databases.MariadbDatabase, mariadb.MariadbServer),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--hosts', type=int, action='append')
    parser.add_argument('--database', action='append', choices=_DATABASES)
    parser.add_argument('--beats', action='append', choices=WAYS)
    parser.add_argument('--seconds', type=int, default=60)
    parser.add_argument(
        '--rate',
        type=float,
        default=60.0,
        help="heartbeats of nova's a second that the machine carries",
    )
    parser.add_argument('--csv', type=pathlib.Path)
    # What it starts itself as.
    parser.add_argument('--be', type=json.loads, help=argparse.SUPPRESS)
    args = parser.parse_args()
    os.environ.setdefault('OS_NOVA_DISABLE_EVENTLET_PATCHING', 'true')
    if args.be is not None:
        beat_senders.beat(args.be, json.load(sys.stdin))
        return
    rows = [
        row
        for name in args.database or list(_DATABASES)
        for row in measure(
            name,
            args.hosts or [1000, 5000],
            args.beats or WAYS,
            args.seconds,
            args.rate,
        )
    ]
    if args.csv is not None:
        with args.csv.open('w', newline='', encoding='utf-8') as file:
            csv.writer(file, lineterminator='\n').writerows([COLUMNS, *rows])


def measure(
    name: str, sizes: list[int], ways: list[str], seconds: int, rate: float
) -> list[tuple[object, ...]]:
    """Measure one database with all numbers of computes."""
    rows: list[tuple[object, ...]] = []
    kind, server_kind = _DATABASES[name]
    with contextlib.ExitStack() as stack:
        all_ = stack.enter_context(fixtures.Fixture())
        broker = all_.useFixture(rabbitmq.RabbitmqServer())
        server = all_.useFixture(server_kind())
        database = all_.useFixture(kind(server))
        directory = all_.useFixture(directories.ServerDirectory('nova')).path
        file = write_conf(directory, broker.url, database.url)
        processes.run(
            [
                processes.program('nova-manage'),
                *('--config-file', str(file), 'db', 'sync', '--local_cell'),
            ]
        )
        engine = sa.create_engine(database.url)
        all_.addCleanup(engine.dispose)
        conductor = processes.Process(
            'nova-conductor',
            [
                processes.program('nova-sg-run'),
                *('nova-conductor', '--config-file', str(file)),
            ],
            directory,
        )
        all_.addCleanup(conductor.kill)
        processes.wait_until(
            'the conductor registers',
            lambda: _count(engine, 'nova-conductor') == 1,
            [conductor],
        )
        meter = beat_costs.Meter(
            {
                'conductor': psutil.Process(conductor.pid),
                'broker': psutil.Process(broker.pid),
                'database': psutil.Process(server.pid),
            },
            engine,
        )
        idle = measure_idle(meter)
        for size in sizes:
            services = register(engine, size)
            for way in ways:
                interval = float(INTERVAL)
                if way == 'nova':
                    interval = max(interval, size / rate)
                found = run(
                    *(file, broker.url, meter, idle, services),
                    *(way, seconds, interval),
                )
                rows.append((name, size, way, *found))
                print(
                    ', '.join(
                        f'{column} {value}'
                        for column, value in zip(
                            COLUMNS, rows[-1], strict=True
                        )
                    ),
                    flush=True,
                )
    return rows


def measure_idle(meter: beat_costs.Meter) -> beat_costs.Costs:
    """Return what the servers spend without a heartbeat of a compute."""
    time.sleep(INTERVAL)
    before = meter.read()
    time.sleep(IDLE)
    idle = meter.read().since(before)
    print(
        'Idle, ms of CPU a second:',
        ', '.join(
            f'{name} {1000 * seconds / idle.elapsed:.2f}'
            for name, seconds in idle.cpu.items()
        ),
        flush=True,
    )
    return idle


def write_conf(
    directory: pathlib.Path, messaging: str, database: str
) -> pathlib.Path:
    addresses = configuration.Addresses(database, messaging, 1, 1)
    return configuration.write_nova(
        directory,
        addresses,
        HOST,
        {
            'DEFAULT': {
                'report_interval': INTERVAL,
                'service_down_time': 6 * INTERVAL,
            },
            'conductor': {'workers': 2},
            'database': {'connection': database},
            'servicegroup': {'driver': 'db', 'beats': 'grouped'},
        },
        database=False,
    )


def register(engine: sa.Engine, number: int) -> list[dict[str, Any]]:
    """Write new services past everything, and return their fields."""
    services = [
        {
            'uuid': str(uuid.uuid4()),
            'host': f'load-{number}-{index:05d}',
            'binary': 'nova-compute',
            'topic': 'compute',
        }
        for index in range(number)
    ]
    with engine.begin() as connection:
        connection.execute(
            sa.text(
                'INSERT INTO services (uuid, host, "binary", topic,'
                ' report_count, disabled, forced_down, version, deleted,'
                ' created_at) VALUES (:uuid, :host, :binary, :topic, 0,'
                ' false, false, 1, 0, CURRENT_TIMESTAMP)'.replace(
                    '"', '`' if engine.dialect.name == 'mysql' else '"'
                )
            ),
            services,
        )
        ids = dict(
            connection.execute(sa.text('SELECT uuid, id FROM services'))
            .tuples()
            .all()
        )
    return [{**each, 'id': ids[each['uuid']]} for each in services]


def _count(engine: sa.Engine, binary: str) -> int:
    column = '`binary`' if engine.dialect.name == 'mysql' else '"binary"'
    query = sa.text(f'SELECT COUNT(*) FROM services WHERE {column} = :b')
    with engine.connect() as connection:
        return int(connection.execute(query, {'b': binary}).scalar_one())


def run(
    file: pathlib.Path,
    broker: str,
    meter: beat_costs.Meter,
    idle: beat_costs.Costs,
    services: list[dict[str, Any]],
    way: str,
    seconds: int,
    interval: float,
) -> tuple[object, ...]:
    """Let all computes beat one way, and return what it costs."""
    # Each beats at least once beside the first time.
    seconds = max(seconds, math.ceil(interval))
    directory = pathlib.Path(tempfile.mkdtemp(dir=file.parent))
    hosts = [
        _start(file, directory, number, way, interval, seconds, services)
        for number in range(PROCESSES)
    ]
    while len(list(directory.glob('ready*'))) < PROCESSES:
        time.sleep(0.1)
    begin = time.time() + 1
    (directory / 'now').write_text(str(begin), encoding='utf-8')
    (directory / 'now').rename(directory / 'begin')
    begin += JOINING[way] * interval
    time.sleep(max(0.0, begin - time.time()))
    before = meter.read()
    with beat_costs.Queues(broker, ['conductor', 'nova_sg_beats']) as (queues):
        time.sleep(max(0.0, begin + seconds - time.time()))
    spent = meter.read().since(before)
    told = [json.loads(each.communicate()[0]) for each in hosts]
    beats = sum(each['beats'] for each in told)
    times = sorted(one for each in told for one in each['times']) or [0.0]
    used = {**spent.cpu, 'sender': sum(each['cpu'] for each in told)}
    resting = {
        each: idle.cpu[each] * spent.elapsed / idle.elapsed
        for each in ('conductor', 'broker')
    }
    return (
        f'{beats / spent.elapsed:.0f}',
        *(
            f'{1000 * used[each] / beats:.3f}'
            for each in ('conductor', 'broker', 'database', 'sender')
        ),
        *(
            f'{1000 * (used[each] - resting[each]) / beats:.3f}'
            for each in resting
        ),
        f'{spent.statements / beats:.4f}',
        f'{spent.transactions / beats:.4f}',
        queues.most,
        *(
            f'{1000 * times[int(part * (len(times) - 1))]:.0f}'
            for part in (0.5, 0.99)
        ),
        sum(each['errors'] for each in told),
    )


def _start(
    file: pathlib.Path,
    directory: pathlib.Path,
    number: int,
    way: str,
    interval: float,
    seconds: int,
    services: list[dict[str, Any]],
) -> subprocess.Popen[str]:
    """Start one process of simulated computes."""
    options = {
        'file': str(file),
        'way': way,
        'interval': interval,
        'report_interval': INTERVAL,
        'seconds': seconds,
        'joining': JOINING[way],
        'ready': str(directory / f'ready{number}'),
        'begin': str(directory / 'begin'),
    }
    process = subprocess.Popen(
        [
            *(sys.executable, '-W', 'ignore', '-m', 'benchmarks.nova_beats'),
            *('--be', json.dumps(options)),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    json.dump(services[number::PROCESSES], process.stdin)
    process.stdin.close()
    process.stdin = None
    return process


if __name__ == '__main__':
    main()
