# SPDX-License-Identifier: Apache-2.0

"""``compute_node_statistics`` without its join with ``services``.

nova sums up the compute nodes of enabled computes in one statement that joins
both tables. It is called on the database module, past the objects. With the
services elsewhere, the database sums up the nodes alone, less those of hosts
without an enabled compute.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
import functools
from typing import Any

from nova.db.main import api as db
from nova.db.main import models
import sqlalchemy as sa

from nova_sg import servicegroup
from nova_sg.inventory import base as inventory_base
from nova_sg.nova_tree import cells
from nova_sg.nova_tree import errors
from nova_sg.nova_tree import owner
from nova_sg.nova_tree import takeover

#: What is summed up, beside their count.
SUMMED = (
    'current_workload',
    'disk_available_least',
    'free_disk_gb',
    'free_ram_mb',
    'local_gb',
    'local_gb_used',
    'memory_mb',
    'memory_mb_used',
    'running_vms',
    'vcpus',
    'vcpus_used',
)

#: Hosts that a statement may name, to leave them out.
LEFT_OUT = 500

_TABLE = models.ComputeNode.__table__
_SUMMED = [_TABLE.c[name] for name in SUMMED]


class ComputeNodeStatistics(takeover.Takeover):
    """``nova.db.main.api.compute_node_statistics``."""

    name = 'nova.db.main.api.compute_node_statistics'

    def check(self) -> None:
        self.expect_function(db, 'compute_node_statistics', 'context')
        for name in ('host', 'service_id', *SUMMED):
            if name not in models.ComputeNode.__table__.c:
                self.unexpected(f'compute_nodes to have the column {name}')

    def take(self, patches: takeover.Patches) -> None:
        novas = db.compute_node_statistics
        patches.set(db, 'compute_node_statistics', _switch(novas))


def _switch(novas: Callable[[Any], Any]) -> Callable[[Any], Any]:
    @functools.wraps(novas)
    def compute_node_statistics(context: Any) -> Any:
        api = owner.get()
        return novas(context) if api is None else _sum_up(context, api)

    return compute_node_statistics


def _sum_up(context: Any, api: servicegroup.API) -> dict[str, int]:
    api.check_deployment()
    with errors.as_novas():
        computes = api.driver.records.list(
            cells.Context(context),
            binary=inventory_base.COMPUTE_BINARY,
            disabled=False,
        )
    hosts = {each.host for each in computes}
    # The oldest compute nodes have no host.
    ids = {each.id for each in computes}
    return _sum(
        context, lambda node: node.host in hosts or node.service_id in ids
    )


@db.pick_context_manager_reader
def _sum(context: Any, counts: Callable[[Any], bool]) -> dict[str, int]:
    """Sum up the compute nodes that count, in the database where it can.

    The database is not told of thousands of hosts: mostly all nodes count,
    and else nearly all. What is left out has to be left out by its host.
    """

    def select(*columns: Any) -> Any:
        query = sa.select(*columns).where(*wanted)
        return context.session.execute(query)

    wanted = [_TABLE.c.deleted == 0] if context.read_deleted == 'no' else []
    left_out = set()
    counted = set()
    for node in select(_TABLE.c.host, _TABLE.c.service_id):
        (counted if counts(node) else left_out).add(node.host)
    if left_out:
        if (
            len(left_out) > LEFT_OUT
            or None in left_out | counted
            or left_out & counted
        ):
            return _in_python(
                filter(
                    counts,
                    select(_TABLE.c.service_id, _TABLE.c.host, *_SUMMED),
                )
            )
        wanted.append(_TABLE.c.host.not_in(left_out))
    sums = select(sa.func.count(), *map(sa.func.sum, _SUMMED)).one()
    return _answer(sums)


def _in_python(nodes: Iterable[Any]) -> dict[str, int]:
    rows = [tuple(node)[2:] for node in nodes]
    columns = zip(*rows, strict=True) if rows else ((),) * len(SUMMED)
    return _answer(
        [len(rows), *(sum(filter(None, column)) for column in columns)]
    )


def _answer(sums: Sequence[Any]) -> dict[str, int]:
    """Name the sums. There is none over no rows, or over NULL alone."""
    names = ('count', *SUMMED)
    return {
        name: int(value or 0) for name, value in zip(names, sums, strict=True)
    }
