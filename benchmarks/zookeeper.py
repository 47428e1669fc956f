# SPDX-License-Identifier: Apache-2.0

"""What a copy of what is in ZooKeeper costs, and each change of it.

    python benchmarks/zookeeper.py [--number 10000] [PART...]

Starts a ZooKeeper of its own, with the ensemble's default tick of 2 s, fills
it with so many services, all of them up, and measures each PART:

copy      a list in a fresh process without one, how long it takes to fill
          one, and the memory it adds
changes   100 single disables with 5 processes that mirror: how long until
          each shows it, what it asks and what it is sent

What a list costs from a copy is measured by tools/benchmark.sh.
"""

import argparse
from collections.abc import Sequence
from concurrent import futures
import gc
import multiprocessing
import os
import statistics
import time
from typing import Any

import psutil

from nova_sg import conf as sg_conf
from nova_sg import context as sg_context
from nova_sg import sequences
from nova_sg import servicegroup
from nova_sg.servicegroup import api as sg_api
from nova_sg.servicegroup import heartbeat
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.zookeeper import session
from nova_sg.tests.fixtures import proxy
from nova_sg.tests.fixtures.servers import zookeeper

PROCESSES = multiprocessing.get_context('spawn')
BEATING: list[heartbeat.Heartbeat] = []
CHANGES = 100
MIRRORS = 5


def main() -> None:
    parts = {'copy': copy, 'changes': changes}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('parts', nargs='*', metavar='PART', default=parts)
    parser.add_argument('--number', type=int, default=10000)
    args = parser.parse_args()
    os.environ['OS_SERVICEGROUP__DRIVER'] = 'zk'
    with zookeeper.ZookeeperServer(tick_time=2000) as server:
        os.environ['OS_ZOOKEEPER__HOSTS'] = server.hosts
        api, context = new_api()
        services = fill(api, context, args.number)
        print(
            f'{args.number} services in {api.driver.marker_stores()[0].name}'
        )
        show('data of the server', data_size(server) / 1e6, 'MB')
        for name in args.parts:
            print(f'\n{name}')
            parts[name](api, context, services, server)
        for beats in BEATING:
            beats.stop()
        session.close_all()


def data_size(server: Any) -> int:
    """Return how much a server holds in memory, in bytes, as it tells."""
    for line in server.command('mntr').splitlines():
        name, _, value = line.partition('\t')
        if name == 'zk_approximate_data_size':
            return int(value)
    raise RuntimeError('the server does not tell its size')


def new_api() -> tuple[sg_api.API, sg_context.RequestContext]:
    return (
        servicegroup.setup(sg_conf.load([])),
        sg_context.get_admin_context(),
    )


def fill(
    api: sg_api.API, context: sg_context.RequestContext, number: int
) -> Sequence[record.Record]:
    api.create(context, {'host': 'first', 'binary': 'nova-compute'})
    services = [service(n) for n in range(number - 1)]
    records = api.driver.records
    with futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda each: records.restore(context, each), services))
    join(api, context, services)
    return services


def join(
    api: sg_api.API,
    context: sg_context.RequestContext,
    services: Sequence[record.Record],
) -> None:
    """Join for services, and beat for them until the process ends."""
    beats = heartbeat.Heartbeat(
        api.driver.membership, context, api.conf.servicegroup.report_interval
    )
    for batch in sequences.batched(services, 500):
        beats.add(api.join_many(context, batch))
    beats.start()
    BEATING.append(beats)


def service(number: int) -> record.Record:
    return record.Record(
        id=number + 2,
        uuid=f'00000000-0000-4000-8000-{number:012d}',
        host=f'compute-{number:06d}.example.org',
        binary='nova-compute',
        topic='compute',
        version=61,
    )


def copy(
    api: sg_api.API,
    context: sg_context.RequestContext,
    services: Sequence[record.Record],
    server: Any,
) -> None:
    show('cold list, connecting included', in_a_process(cold), 's')
    warm_up, added = in_a_process(warm_up_a_mirror)
    show('filling a mirror', warm_up, 's')
    show('memory the mirror adds', added, 'MB')


def cold() -> float:
    began = time.perf_counter()
    api, context = new_api()
    services, verdicts = api.list(context)
    taken = time.perf_counter() - began
    if sum(verdicts[each.uuid].up for each in services) < len(services) - 1:
        raise RuntimeError('not all services are up')
    return taken


def warm_up_a_mirror() -> tuple[float, float]:
    api, context = new_api()
    api.get_by_host_and_binary(context, 'first', 'nova-compute')
    process = psutil.Process()
    gc.collect()
    before = process.memory_info().rss
    began = time.perf_counter()
    api.driver.watch(context)
    mirror = api.driver.membership.mirror
    cell = api.driver.records.cell(context)
    while not (mirror.view(cell) and mirror.living()):
        time.sleep(0.001)
    warm_up = time.perf_counter() - began
    gc.collect()
    added = process.memory_info().rss - before
    return warm_up, added / 1e6


def changes(
    api: sg_api.API,
    context: sg_context.RequestContext,
    services: Sequence[record.Record],
    server: Any,
) -> None:
    links = [proxy.TcpProxy(server.port) for _ in range(MIRRORS)]
    pipes = []
    for link in links:
        link.setUp()
        ours, theirs = PROCESSES.Pipe()
        PROCESSES.Process(
            target=follow, args=(link.hosts, theirs), daemon=True
        ).start()
        pipes.append(ours)
    for pipe in pipes:
        pipe.recv()
    before = [link.forwarded(proxy.Direction.BOTH) for link in links]
    latencies = []
    for each in services[:CHANGES]:
        began = time.monotonic()
        api.update(context, each.uuid, {'disabled': True})
        seen = [pipe.recv() for pipe in pipes]
        latencies += [moment - began for moment in seen]
        time.sleep(0.02)
    after = [link.forwarded(proxy.Direction.BOTH) for link in links]
    asked = []
    for pipe in pipes:
        pipe.send('how much')
        asked.append(pipe.recv())
    for link in links:
        link.cleanUp()
    latencies.sort()
    show('until it shows, median', statistics.median(latencies) * 1000, 'ms')
    show('99 of 100', latencies[int(len(latencies) * 0.99)] * 1000, 'ms')
    show('requests per change', max(asked) / CHANGES, '')
    sent = [b - a for a, b in zip(before, after, strict=True)]
    show('bytes per change', max(sent) / CHANGES, '')


def follow(hosts: str, pipe: Any) -> None:
    """Tell when each change shows in a mirror."""
    os.environ['OS_ZOOKEEPER__HOSTS'] = hosts
    api, context = new_api()
    api.list(context)
    api.driver.watch(context)
    mirror = api.driver.membership.mirror
    cell = api.driver.records.cell(context)
    while not (mirror.view(cell) and mirror.living()):
        time.sleep(0.01)
    count = [0]
    real = session.Session._exchange

    def counted(self: Any, client: Any, asked: Any, *args: Any) -> Any:
        count[0] += len(asked)
        return real(self, client, asked, *args)

    session.Session._exchange = counted  # type: ignore[method-assign]
    following = mirror.view(cell).following
    pipe.send('ready')
    for number in range(following, following + CHANGES):
        # It answers once this change is in it.
        mirror.positions.note(cell, number + 1)
        while mirror.view(cell) is None:
            continue
        pipe.send(time.monotonic())
    pipe.recv()
    pipe.send(count[0])


def in_a_process(function: Any, *arguments: Any) -> Any:
    with futures.ProcessPoolExecutor(1, mp_context=PROCESSES) as pool:
        return pool.submit(function, *arguments).result()


def show(what: str, value: float, unit: str) -> None:
    print(f'{what:34} {value:9.2f} {unit}')


if __name__ == '__main__':
    main()
