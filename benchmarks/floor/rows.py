# SPDX-License-Identifier: Apache-2.0


"""The older floor, as a child process of its own: rows of SQLAlchemy's.

A list is a bare SELECT of all columns, whose rows and times SQLAlchemy makes.
A REST call also writes ready data as JSON. Both can be undercut: what nothing
can undercut is measured by :mod:`benchmarks.floor.lists` and
:mod:`benchmarks.floor.rest`. Targets that were set in this measure are judged
by it.
"""

from collections.abc import Callable

import orjson
import sqlalchemy as sa

from benchmarks import child
from benchmarks.floor import lists
from benchmarks.floor import process as floor
from benchmarks.floor import rest
from benchmarks.floor import tables

operations = child.Operations()

SERVICES = sa.select(*tables.services.c).where(tables.LIVE)
NODES = sa.select(*tables.compute_nodes.c)


@operations
def list_with_state(process: floor.Process) -> child.Work:
    def work() -> child.Facts:
        return {'services': len(process.rows(SERVICES))}

    return work


@operations
def list_of_host(process: floor.Process, hosts: list[str]) -> child.Work:
    def work() -> child.Facts:
        for host in hosts:
            process.rows(SERVICES.where(tables.services.c.host == host))
        return {'units': len(hosts)}

    return work


operations['scheduling'] = list_with_state


@operations
def get(process: floor.Process, paths: list[str]) -> child.Work:
    (path,) = paths
    return rest.behind_middleware(
        process,
        path,
        process.rows,
        [SERVICES, NODES if path in rest.NODES else lists.ZONES],
        _written_each_time,
    )


def _written_each_time(body: bytes) -> Callable[[], bytes]:
    ready = orjson.loads(body)
    return lambda: orjson.dumps(ready)


if __name__ == '__main__':
    child.main(floor.set_up, operations)
