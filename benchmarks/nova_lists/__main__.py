# SPDX-License-Identifier: Apache-2.0

"""What lists cost in nova's own compute API, beside nova as it is.

    .nova-tree/34.0.0/venv/bin/python benchmarks/nova_tree.py

(``tools/nova_tree_tests.sh`` makes that environment.) Every variant of nova
answers in a process of its own, through the whole WSGI pipeline but for
keystone, on copies of the same SQLite files, with one cell. Printed are the
median of the seconds that pass, of those that the process computes, which a
busy machine changes little, and the SQL statements of a request: all, and
those that name the table ``services``.
"""

import argparse
from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import csv
import functools
import importlib
import json
import os
import pathlib
import re
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any
import uuid

from nova_sg.tests.fixtures import statements
from nova_sg.tests.fixtures.servers import memcached
from nova_sg.tests.fixtures.servers import zookeeper
from nova_sg.tests.nova_deployment import configuration
from nova_sg.tests.nova_deployment import deployment
from nova_sg.tests.nova_deployment import processes
from nova_sg.tests.nova_suite import watcher

REQUESTS = (
    ('/os-services', '2.69'),
    ('/os-hypervisors/detail', '2.87'),
    ('/os-availability-zone/detail', '2.69'),
    ('/os-hypervisors/statistics', '2.87'),
)

#: What a cloud does all day: the computes for 1,000 candidates of a boot, and
#: a page of servers, each with whether its host is up.
SCHEDULING, SERVERS = 'scheduling', 'servers with host_status'

#: Candidates, and servers of a page; each is on a host of its own.
PAGE = 1000

COLUMNS = (
    'Computes',
    'Request',
    'Services kept by',
    'Seconds',
    'CPU',
    'Statements',
    'On services',
)

NOVA = 'nova'
VARIANTS = (NOVA, 'db', 'zk', 'mc')

NO_COMPUTES = contextlib.nullcontext()

#: Seconds after which a compute of the database would be down: longer than
#: the benchmark.
_DOWN_TIME = 100_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        '--number', type=int, action='append', help='computes; repeatable'
    )
    parser.add_argument('--runs', type=int, default=3)
    parser.add_argument('--variant', choices=VARIANTS, action='append')
    parser.add_argument(
        '--csv', type=pathlib.Path, help='write a table for the documentation'
    )
    parser.add_argument('--answer', type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument('--join', action='store_true', help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.join:
        # The computes, which are not what is measured.
        join(args.number[0])
        return
    if args.answer is not None:
        # The process of a variant.
        answer(args.answer, args.variant[0], args.number[0], args.runs)
        return
    os.environ.setdefault('OS_NOVA_DISABLE_EVENTLET_PATCHING', 'true')
    rows = []
    with tempfile.TemporaryDirectory() as made:
        stock = pathlib.Path(made) / 'stock'
        cell = make_databases(stock)
        for number in args.number or (1000, 10000):
            print(f'{number} computes')
            for variant in args.variant or VARIANTS:
                directory = pathlib.Path(made) / f'{variant}-{number}'
                rows += run(variant, number, args.runs, stock, directory, cell)
    if args.csv is not None:
        with args.csv.open('w', newline='') as file:
            writer = csv.writer(file, lineterminator='\n')
            writer.writerow(COLUMNS)
            # What is to be compared stands together.
            writer.writerows(sorted(rows, key=lambda row: row[:2]))


def make_databases(directory: pathlib.Path) -> str:
    """Make empty databases, and return the uuid of the cell."""
    directory.mkdir()
    write(directory, {})
    stock = deployment.Way(on=False)

    def manage(*words: str) -> str:
        file = str(directory / 'nova.conf')
        return processes.run(
            stock.command('nova-manage', '--config-file', file, *words)
        )

    manage('api_db', 'sync')
    cell0 = url(directory / 'nova_cell0.sqlite')
    manage('cell_v2', 'map_cell0', '--database_connection', cell0)
    manage('db', 'sync')
    created = manage('cell_v2', 'create_cell', '--name', 'one', '--verbose')
    return re.search(r'[0-9a-f-]{36}', created).group()  # type: ignore[union-attr]


def url(path: object) -> str:
    return f'sqlite:///{path}'


def write(directory: pathlib.Path, options: dict[str, Any]) -> None:
    addresses = configuration.Addresses(
        database=url(directory / '{name}.sqlite'),
        messaging='fake://',
        placement=0,
        api=0,
    )
    configuration.write_nova(
        directory,
        addresses,
        'controller',
        {
            'DEFAULT': {'service_down_time': _DOWN_TIME},
            'api': {'max_limit': 1_000_000},
            **options,
        },
    )
    configuration.write_api(directory, 0, '', threads=True)


def run(
    variant: str,
    number: int,
    runs: int,
    stock: pathlib.Path,
    directory: pathlib.Path,
    cell: str,
) -> list[tuple[int, str, str, str, str, int, int]]:
    """Measure a variant, print what was measured, and return it as rows."""
    copy(stock, directory)
    with backend(variant) as options:
        if options:
            options['servicegroup']['cell'] = cell
        write(directory, options)
        fill(directory, number, with_services=variant in (NOVA, 'db'))
        done = subprocess.run(
            [
                *(sys.executable, __file__),
                *('--answer', str(directory), '--variant', variant),
                *('--number', str(number), '--runs', str(runs)),
            ],
            env=processes.environment(OS_NOVA_CONFIG_DIR=str(directory)),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    rows = []
    for path, results in json.loads(done.stdout.splitlines()[-1]).items():
        seconds, computed, count, naming = results
        print(
            f'{variant:6} {path:30} {seconds:8.3f} s {computed:8.3f} s CPU '
            f'{count:7} statements, {naming:6} name services'
        )
        rows.append(
            (
                *(number, path, variant, f'{seconds:.3f}', f'{computed:.3f}'),
                *(count, naming),
            )
        )
    return rows


def copy(stock: pathlib.Path, directory: pathlib.Path) -> None:
    shutil.copytree(stock, directory)
    with contextlib.closing(
        sqlite3.connect(directory / 'nova_api.sqlite')
    ) as api:
        # The cells lead to the copies.
        api.execute(
            'UPDATE cell_mappings SET database_connection ='
            ' replace(database_connection, ?, ?)',
            (str(stock), str(directory)),
        )
        api.commit()


@contextlib.contextmanager
def backend(variant: str) -> Iterator[dict[str, Any]]:
    if variant == NOVA:
        yield {}
    elif variant == 'zk':
        with zookeeper.ZookeeperServer() as server:
            yield {
                'servicegroup': {'driver': 'zk'},
                'zookeeper': {'hosts': server.hosts, 'session_timeout': 20},
            }
    elif variant == 'mc':
        with memcached.MemcachedServer() as server:
            yield {
                'servicegroup': {'driver': 'mc', 'records': 'memcached'},
                'memcached': {'servers': server.hosts},
            }
    else:
        yield {'servicegroup': {'driver': variant}}


def fill(directory: pathlib.Path, number: int, with_services: bool) -> None:
    hosts = [f'host-{index:06d}' for index in range(number)]
    now = time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime())
    with contextlib.closing(
        sqlite3.connect(directory / 'nova_api.sqlite')
    ) as api:
        (cell,) = api.execute(
            "SELECT id FROM cell_mappings WHERE name = 'one'"
        ).fetchone()
        api.executemany(
            'INSERT INTO host_mappings (host, cell_id) VALUES (?, ?)',
            [(host, cell) for host in hosts],
        )
        api.commit()
    with contextlib.closing(
        sqlite3.connect(directory / 'nova_cell1.sqlite')
    ) as database:
        database.executemany(
            'INSERT INTO compute_nodes (created_at, deleted, mapped, uuid,'
            ' host, hypervisor_hostname, host_ip, vcpus, memory_mb, local_gb,'
            ' vcpus_used, memory_mb_used, local_gb_used, hypervisor_type,'
            ' hypervisor_version, cpu_info, cpu_allocation_ratio,'
            # Where these are not set nova writes them at the first read.
            ' ram_allocation_ratio, disk_allocation_ratio) VALUES'
            " (?, 0, 1, ?, ?, ?, '127.0.0.1', 8, 16384, 100, 0, 512, 0,"
            " 'fake', 1, '{}', 4.0, 1.0, 1.0)",
            [(now, str(uuid.uuid4()), host, host) for host in hosts],
        )
        database.executemany(
            'INSERT INTO instances (created_at, deleted, uuid, host, node,'
            ' project_id, user_id, vm_state, launch_index, hostname) VALUES'
            " (?, 0, ?, ?, ?, 'p', 'u', 'active', 0, 'server')",
            [(now, str(uuid.uuid4()), each, each) for each in hosts[:PAGE]],
        )
        if with_services:
            version = service_version()
            database.executemany(
                'INSERT INTO services (created_at, last_seen_up, deleted,'
                ' uuid, host, binary, topic, report_count, disabled,'
                " forced_down, version) VALUES (?, ?, 0, ?, ?, 'nova-compute',"
                " 'compute', 1, 0, 0, ?)",
                [
                    (now, now, str(uuid.uuid4()), host, version)
                    for host in hosts
                ],
            )
        database.commit()


def service_version() -> int:
    version: int = importlib.import_module(
        'nova.objects.service'
    ).SERVICE_VERSION
    return version


def answer(
    directory: pathlib.Path, variant: str, number: int, runs: int
) -> None:
    """Be the compute API of a variant, and print what requests cost."""
    # nova takes the command line of the process for its own.
    sys.argv[1:] = []
    way = deployment.Way(on=variant != NOVA)
    application = importlib.import_module(way.application).application
    with computes(number) if variant in ('zk', 'mc') else NO_COMPUTES:
        print(json.dumps(measure(application, number, runs)))


def measure(application: Any, number: int, runs: int) -> dict[str, Any]:
    costs = {}
    work = {
        path: functools.partial(ask, application, path, version, number)
        for path, version in REQUESTS
    }
    work |= {SCHEDULING: scheduling(), SERVERS: servers()}
    # The first ones also read what a process keeps, some of it in threads.
    for call in work.values():
        call()
    for path, call in work.items():
        times = []
        for _ in range(runs):
            with statements.StatementCounter() as counted:
                times.append(timed(call))
        costs[path] = (
            *map(statistics.median, zip(*times, strict=True)),
            len(counted),
            sum(map(watcher.names_services, counted.statements)),
        )
    return costs


@contextlib.contextmanager
def computes(number: int) -> Iterator[None]:
    """Let computes be alive in a process of their own."""
    with subprocess.Popen(
        [sys.executable, __file__, '--join', '--number', str(number)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        if 'joined' not in map(str.strip, process.stdout or ()):
            raise RuntimeError('the computes did not join')
        yield
        process.communicate()


def join(number: int) -> None:
    """Register the computes with the backend, and live until told to end."""
    sys.argv[1:] = []
    way = deployment.Way(on=True)
    importlib.import_module(way.application)
    owner = importlib.import_module('nova_sg.nova_tree.owner').get()
    contexts = importlib.import_module('nova_sg.context')
    context = contexts.get_admin_context()
    version = service_version()
    owner.join_many(
        context,
        [
            owner.create(
                context,
                {
                    'host': f'host-{index:06d}',
                    'binary': 'nova-compute',
                    'topic': 'compute',
                    'version': version,
                },
            )
            for index in range(number)
        ],
    )
    print('joined', flush=True)
    sys.stdin.read()


def timed(call: Callable[[], None]) -> tuple[float, float]:
    """Return how long a call takes, and what of that is computed."""
    start, started = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - start, time.process_time() - started


def ask(application: Any, path: str, version: str, number: int) -> None:
    """Send a request to the API."""
    webob = importlib.import_module('webob')
    request = webob.Request.blank(
        f'/v2.1{path}',
        headers={'OpenStack-API-Version': f'compute {version}'},
        environ={'REMOTE_ADDR': '127.0.0.1'},
    )
    response = request.get_response(application)
    if response.status_int != 200:
        raise RuntimeError(f'{path}: {response.status}: {response.text}')
    # Only what all answer is worth a comparison.
    if b'"count": %d,' % number in response.body:
        return
    if response.body.count(b'host-') < number:
        raise RuntimeError(f'{path}: fewer than {number} hosts')


def cell_and_context() -> tuple[Any, Any]:
    """Return the cell with the computes, and a context that leads there."""
    nova_context = importlib.import_module('nova.context')
    objects = importlib.import_module('nova.objects')
    context = nova_context.get_admin_context()
    (cell,) = (
        each
        for each in objects.CellMappingList.get_all(context)
        if not each.is_cell0()
    )
    nova_context.set_target_cell(context, cell)
    return cell, context


def scheduling() -> Callable[[], None]:
    """Return what a scheduler does with the services for a boot."""
    manager = importlib.import_module('nova.scheduler.host_manager')
    objects = importlib.import_module('nova.objects')
    group = importlib.import_module('nova.servicegroup').API()
    cell, context = cell_and_context()
    nodes = objects.ComputeNodeList.get_by_pagination(context, limit=PAGE)
    uuids = [each.uuid for each in nodes]

    def call() -> None:
        found, services = manager.HostManager._get_computes_for_cells(
            None, context, [cell], uuids
        )
        up = sum(
            group.service_is_up(services[node.host])
            for node in found[cell.uuid]
        )
        if up != len(uuids):
            raise RuntimeError(f'{up} of {len(uuids)} candidates are up')

    return call


def servers() -> Callable[[], None]:
    """Return what the API does with the services for a page of servers."""
    objects = importlib.import_module('nova.objects')
    api = importlib.import_module('nova.compute.api').API()
    _, context = cell_and_context()

    def call() -> None:
        page = objects.InstanceList.get_by_filters(
            context, {'deleted': False}, expected_attrs=['services']
        )
        states = [api.get_instance_host_status(each) for each in page]
        if not states or set(states) != {'UP'}:
            raise RuntimeError(f'servers on hosts that are {set(states)}')

    return call


if __name__ == '__main__':
    main()
