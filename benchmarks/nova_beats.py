# SPDX-License-Identifier: Apache-2.0

"""What the heartbeats of many computes cost a nova that keeps its database.

    .nova-tree/34.0.0/venv/bin/python benchmarks/nova_beats.py
        [--hosts 1000] [--hosts 5000] [--database postgresql] [--seconds 60]
        [--csv FILE]

(``tools/nova_tree_tests.sh`` makes that environment.) Starts RabbitMQ, the
database and one nova-conductor with two workers and with nova_sg. Then
processes beat for simulated computes without a database: first through nova's
own client code (``beats = nova``), then through ours (``beats = grouped``),
each compute once per interval at a moment of its own. Where the machine does
not carry nova's heartbeats, their interval is stretched, so compare what one
heartbeat costs: CPU of the conductor, the broker, the database and the
sender, and transactions of the database.
"""

import argparse
from concurrent import futures
import contextlib
import csv
import json
import logging
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time
import types
from typing import Any
import uuid

import fixtures
import psutil
import sqlalchemy as sa

from nova_sg.tests.fixtures import databases
from nova_sg.tests.fixtures.servers import directories
from nova_sg.tests.fixtures.servers import rabbitmq
from nova_sg.tests.nova_deployment import configuration
from nova_sg.tests.nova_deployment import processes

INTERVAL = 10

#: Heartbeats of nova's a second that two cores carry beside the hosts.
NOVAS_RATE = 60.0

#: Processes that simulate computes, and heartbeats of each under way.
PROCESSES = 2
THREADS = 32

COLUMNS = (
    *('Database', 'Computes', 'Heartbeats', 'Per second'),
    *('Conductor ms', 'Broker ms', 'Database ms', 'Sender ms'),
    *('Transactions', 'Answered p50 ms', 'Answered p99 ms', 'Errors'),
)

_DATABASES = {
    'postgresql': (databases.PostgresqlDatabase, databases.POSTGRESQL),
    'mariadb': (databases.MariadbDatabase, databases.MARIADB),
}

_COMMITTED = {
    'postgresql': 'SELECT xact_commit FROM pg_stat_database'
    ' WHERE datname = current_database()',
    'mariadb': 'SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS'
    " WHERE VARIABLE_NAME = 'COM_COMMIT'",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--hosts', type=int, action='append')
    parser.add_argument('--database', action='append', choices=_DATABASES)
    parser.add_argument('--seconds', type=int, default=60)
    parser.add_argument('--csv', type=pathlib.Path)
    # What it starts itself as.
    parser.add_argument('--be', type=json.loads, help=argparse.SUPPRESS)
    args = parser.parse_args()
    os.environ.setdefault('OS_NOVA_DISABLE_EVENTLET_PATCHING', 'true')
    if args.be is not None:
        beat(args.be, json.load(sys.stdin))
        return
    rows = [
        row
        for name in args.database or list(_DATABASES)
        for row in measure(name, args.hosts or [1000, 5000], args.seconds)
    ]
    if args.csv is not None:
        with args.csv.open('w', newline='', encoding='utf-8') as file:
            csv.writer(file, lineterminator='\n').writerows([COLUMNS, *rows])


def measure(
    name: str, sizes: list[int], seconds: int
) -> list[tuple[object, ...]]:
    """Measure one database with all numbers of computes."""
    rows: list[tuple[object, ...]] = []
    kind, server = _DATABASES[name]
    with contextlib.ExitStack() as stack:
        all_ = stack.enter_context(fixtures.Fixture())
        broker = all_.useFixture(rabbitmq.RabbitmqServer())
        database = all_.useFixture(kind())
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
        watched = {
            'conductor': psutil.Process(conductor.pid),
            'broker': psutil.Process(broker.pid),
            'database': psutil.Process(server.get().pid),
        }
        for size in sizes:
            services = register(engine, size)
            for way in ('nova', 'grouped'):
                found = run(
                    file, name, engine, watched, services, way, seconds
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


def write_conf(
    directory: pathlib.Path, messaging: str, database: str
) -> pathlib.Path:
    addresses = configuration.Addresses(database, messaging, 1, 1)
    return configuration.write_nova(
        directory,
        addresses,
        'controller',
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
    name: str,
    engine: sa.Engine,
    watched: dict[str, psutil.Process],
    services: list[dict[str, Any]],
    way: str,
    seconds: int,
) -> tuple[object, ...]:
    """Let all computes beat one way, and return what it costs."""
    interval = float(INTERVAL)
    if way == 'nova':
        interval = max(interval, len(services) / NOVAS_RATE)
    # Each beats at least twice: the first of ours is a call.
    seconds = max(seconds, int(2 * interval))
    directory = pathlib.Path(tempfile.mkdtemp(dir=file.parent))
    hosts = []
    for number in range(PROCESSES):
        options = {
            'file': str(file),
            'way': way,
            'interval': interval,
            'seconds': seconds,
            'ready': str(directory / f'ready{number}'),
            'begin': str(directory / 'begin'),
        }
        process = subprocess.Popen(
            [
                *(sys.executable, '-W', 'ignore', os.path.abspath(__file__)),
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
        hosts.append(process)
    while len(list(directory.glob('ready*'))) < PROCESSES:
        time.sleep(0.1)
    begin = time.time() + 1
    (directory / 'now').write_text(str(begin), encoding='utf-8')
    (directory / 'now').rename(directory / 'begin')
    # The first round joins; it is not measured.
    time.sleep(max(0.0, begin + interval - time.time()))
    before = {each: cpu(process) for each, process in watched.items()}
    commits = committed(engine, name)
    began = time.time()
    time.sleep(max(0.0, begin + interval + seconds - time.time()))
    elapsed = time.time() - began
    used = {each: cpu(watched[each]) - before[each] for each in watched}
    commits = committed(engine, name) - commits - 1
    told = [json.loads(each.communicate()[0]) for each in hosts]
    beats = sum(each['beats'] for each in told)
    times = sorted(one for each in told for one in each['times']) or [0.0]
    used['sender'] = sum(each['cpu'] for each in told)
    return (
        f'{beats / elapsed:.0f}',
        *(
            f'{1000 * used[each] / beats:.3f}'
            for each in ('conductor', 'broker', 'database', 'sender')
        ),
        f'{commits / beats:.4f}',
        *(
            f'{1000 * times[int(part * (len(times) - 1))]:.0f}'
            for part in (0.5, 0.99)
        ),
        sum(each['errors'] for each in told),
    )


def committed(engine: sa.Engine, name: str) -> int:
    with engine.connect() as connection:
        found = connection.execute(sa.text(_COMMITTED[name])).scalar_one()
    return int(found)


def cpu(process: psutil.Process) -> float:
    """Return the seconds of CPU of a process and of what it started."""
    total = 0.0
    for each in (process, *process.children(recursive=True)):
        # One may end while it is looked at.
        with contextlib.suppress(psutil.NoSuchProcess):
            times = each.cpu_times()
            total += times.user + times.system
    return total


def beat(options: dict[str, Any], services: list[dict[str, Any]]) -> None:
    """Be computes: beat for each once per interval, and tell of it."""
    from nova import config
    from nova import context as nova_context
    from nova import objects
    from nova import rpc
    from nova.conductor import rpcapi
    from nova.objects import base as objects_base

    from nova_sg import nova_tree

    nova_tree.enable()
    config.parse_args(['compute', '--config-file', options['file']])
    logging.disable(logging.WARNING)
    objects.register_all()
    rpc.init(config.CONF)
    objects_base.NovaObject.indirection_api = rpcapi.ConductorAPI()
    context = nova_context.get_admin_context()
    computes = []
    for fields in services:
        service = objects.Service(context, report_count=0, **fields)
        service.obj_reset_changes()
        computes.append(
            types.SimpleNamespace(
                service_ref=service,
                report_interval=INTERVAL,
                topic='compute',
            )
        )
    json.dump(Load(options, computes).run(), sys.stdout)


class Load:
    """The heartbeats of simulated computes.

    :param options: what :func:`run` gave
    :param computes: what nova's ``Service`` is to its driver
    """

    def __init__(self, options: dict[str, Any], computes: list[Any]) -> None:
        from nova_sg.nova_tree.grouped import sender

        self._options = options
        self._lock = threading.Lock()
        self._result: dict[str, Any] = {'times': [], 'errors': 0, 'beats': 0}
        self._measured = False
        if options['way'] == 'grouped':
            callers = [sender.Caller(each) for each in computes]
            # Else those of one process call in step.
            self._beats = [self._ours(each) for each in callers]
        else:
            self._beats = [self._novas(each) for each in computes]

    def _ours(self, caller: Any) -> Any:
        def beat_() -> bool:
            calls = caller._joining or not caller._casts
            caller._beat()
            return bool(calls)

        return beat_

    def _novas(self, compute: Any) -> Any:
        def beat_() -> bool:
            compute.service_ref.report_count += 1
            compute.service_ref.save()
            return True

        return beat_

    def run(self) -> dict[str, Any]:
        interval = self._options['interval']
        begin = self._begin()
        spent = 0.0
        with futures.ThreadPoolExecutor(THREADS) as pool:
            rounds = 1 + int(self._options['seconds'] / interval)
            for round_ in range(rounds):
                if round_ == 1:
                    self._measured = True
                    spent = time.process_time()
                for index, beat_ in enumerate(self._beats):
                    due = begin + interval * (
                        round_ + index / len(self._beats)
                    )
                    time.sleep(max(0.0, due - time.time()))
                    pool.submit(self._one, beat_, due)
        self._result['cpu'] = time.process_time() - spent
        return self._result

    def _begin(self) -> float:
        """Return when all processes begin."""
        pathlib.Path(self._options['ready']).touch()
        begin = pathlib.Path(self._options['begin'])
        while not begin.exists():
            time.sleep(0.05)
        return float(begin.read_text(encoding='utf-8'))

    def _one(self, beat_: Any, due: float) -> None:
        try:
            answered = beat_()
        except Exception:
            with self._lock:
                self._result['errors'] += self._measured
            return
        with self._lock:
            if not self._measured:
                return
            self._result['beats'] += 1
            if answered:
                self._result['times'].append(time.time() - due)


if __name__ == '__main__':
    main()
