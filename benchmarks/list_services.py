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

"""How long a list of services takes, beside a bare SELECT of the same rows.

    python benchmarks/list_services.py [--number 10000] [--runs 9] [URL]

URL is an empty database; without one a SQLite file in a temporary directory
is used. Each run times the floor (a Core SELECT of the same columns, through
the same engine) and then the list of objects with ``is_up``, and with zones;
before each run all services beat and ten are disabled, so that no cache
answers for free. Printed are medians, and ratios run by run.
"""

import argparse
from collections.abc import Callable
import os
import statistics
import tempfile
import time

import sqlalchemy as sa

from nova_sg import conf as sg_conf
from nova_sg import context as sg_context
from nova_sg import objects
from nova_sg import servicegroup
from nova_sg.db import engine
from nova_sg.db import models
from nova_sg.db import schema


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('url', nargs='?')
    parser.add_argument('--number', type=int, default=10000)
    parser.add_argument('--runs', type=int, default=9)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        url = args.url or f'sqlite:///{directory}/services.sqlite'
        os.environ['OS_DATABASE__CONNECTION'] = url
        run(args.number, args.runs)


def run(number: int, runs: int) -> None:
    conf = sg_conf.load([])
    database = engine.get(conf)
    if database.dialect != 'sqlite':
        schema.upgrade(database.engine)
    api = servicegroup.setup(conf)
    context = sg_context.get_admin_context()
    fill(database, number)
    services = objects.ServiceGroupServiceList.get_all(context)
    handles = api.join_many(
        context, [api.get_by_uuid(context, each.uuid) for each in services]
    )
    statement = plain_select()
    cases = {
        'floor': lambda: database.read(lambda c: c.execute(statement).all()),
        'objects with is_up': lambda: objects.ServiceGroupServiceList.get_all(
            context
        ),
        'objects with is_up and zone': (
            lambda: objects.ServiceGroupServiceList.get_all(
                context, set_zones=True
            )
        ),
    }
    times: dict[str, list[float]] = {name: [] for name in cases}
    for turn in range(runs):
        api.driver.membership.beat_many(context, handles)
        for service in services[turn * 10 : turn * 10 + 10]:
            service.disabled = True
            service.save()
        for name, case in cases.items():
            times[name].append(timed(case))
    report(database.name, number, times)


def fill(database: engine.Database, number: int) -> None:
    rows = [
        {
            'uuid': f'00000000-0000-4000-8000-{index:012d}',
            'host': f'host-{index:06d}',
            'binary': 'nova-compute',
            'topic': 'compute',
            'report_count': 0,
            'disabled': False,
            'forced_down': False,
            'version': 1,
            'deleted': 0,
        }
        for index in range(number)
    ]
    database.write(lambda c: c.execute(models.services.insert(), rows))


def plain_select() -> sa.Select[tuple[object, ...]]:
    """Return the SELECT anybody would write: the columns, as they are."""
    columns = [
        sa.column(
            column.name,
            sa.DateTime()
            if column.name.endswith(('_at', '_up'))
            else column.type,
        )
        for column in models.services.c
    ]
    return (
        sa.select(*columns)
        .select_from(sa.table('services'))
        .where(sa.column('deleted') == 0)
    )


def timed(case: Callable[[], object]) -> float:
    start = time.perf_counter()
    case()
    return time.perf_counter() - start


def report(name: str, number: int, times: dict[str, list[float]]) -> None:
    print(f'{number} services in {name}')
    for case, taken in times.items():
        ratios = [
            mine / floor
            for mine, floor in zip(taken, times['floor'], strict=True)
        ]
        print(
            f'{case:30} {statistics.median(taken) * 1000:8.1f} ms '
            f'{statistics.median(ratios):5.2f} x floor '
            f'({min(ratios):.2f} to {max(ratios):.2f})'
        )


if __name__ == '__main__':
    main()
