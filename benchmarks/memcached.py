# SPDX-License-Identifier: Apache-2.0

"""What the ``mc`` driver costs where records are in memcached too.

    python benchmarks/memcached.py [--number 10000]

Starts a memcached of its own, fills it with so many services, which all beat,
and measures a list with states, and a list of one host. What it costs with
records in SQL is measured by tools/benchmark.sh.

Needs what the tests need: the group ``test`` of pyproject.toml, and memcached.
"""

import argparse
from collections import defaultdict
from collections.abc import Callable
import os
import statistics
import time
import uuid

from nova_sg import conf as sg_conf
from nova_sg import context as sg_context
from nova_sg import servicegroup
from nova_sg.servicegroup import api as sg_api
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.memcached import index
from nova_sg.servicegroup.records import codec
from nova_sg.tests.fixtures.servers import memcached

#: How often each is done; the median is shown.
TIMES = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--number', type=int, default=10000)
    args = parser.parse_args()
    os.environ['OS_SERVICEGROUP__DRIVER'] = 'mc'
    os.environ['OS_SERVICEGROUP__RECORDS'] = 'memcached'
    with memcached.MemcachedServer(['-m', '1024']) as server:
        os.environ['OS_MEMCACHED__SERVERS'] = server.hosts
        api = servicegroup.setup(sg_conf.load([]))
        context = sg_context.get_admin_context()
        services = [service(number) for number in range(args.number)]
        api.create(context, {'host': 'first', 'binary': 'nova-compute'})
        fill(api, context, services)
        api.join_many(context, services)
        measure(api, context, services)


def service(number: int) -> record.Record:
    return record.Record(
        id=number + 1,
        uuid=str(uuid.uuid4()),
        host=f'compute-{number:06d}.example.org',
        binary='nova-compute',
        topic='compute',
        version=61,
    )


def fill(
    api: sg_api.API,
    context: sg_context.RequestContext,
    services: list[record.Record],
) -> None:
    """Write records in bulk, as the driver would one by one."""
    cell = api.driver.records.cell(context)
    shards = defaultdict(list)
    live = index.Index(cell, index.LIVE)
    for each in services:
        shards[live._key(each.uuid)].append(each.uuid)
    cell.server.set(
        {
            cell.keys.service(each.uuid): codec.encode(codec.Stored(each))
            for each in services
        },
        0,
    )
    cell.server.set(
        {key: index._encode(uuids) for key, uuids in shards.items()}, 0
    )


def measure(
    api: sg_api.API,
    context: sg_context.RequestContext,
    services: list[record.Record],
) -> None:
    host = services[-1].host
    show('list with states', lambda: api.list(context))
    show('list of one host', lambda: api.list(context, host=host))


def show(what: str, work: Callable[[], object]) -> None:
    taken = []
    for _ in range(TIMES):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    print(f'{what:20} {statistics.median(taken):8.3f} s')


if __name__ == '__main__':
    main()
