# SPDX-License-Identifier: Apache-2.0

"""``compute_node_statistics`` without its join with ``services``.

nova sums up the compute nodes of enabled computes in one statement that joins
both tables. It is called on the database module, past the objects. With the
services elsewhere, the database sums up the nodes alone, less those of hosts
without an enabled compute. Where services are rows of nova's table, and only
their liveness is elsewhere, nova's statement says it all.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
import contextlib
import functools
import operator
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
from nova_sg.servicegroup import record as sg_record

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
        return novas(context) if api is None else _sum_up(novas, context, api)

    return compute_node_statistics


class _Computes:
    """The enabled computes of a cell, as compute nodes refer to them.

    :param records: theirs
    """

    def __init__(self, records: Sequence[sg_record.Record]) -> None:
        self._records = records
        self.hosts = {each.host for each in records}

    @functools.cached_property
    def ids(self) -> set[int]:
        """Their ids, which only the oldest compute nodes have."""
        return {each.id for each in self._records}

    def counts(self, host: str | None, service_id: int | None) -> bool:
        """Whether a node is one of theirs."""
        return host in self.hosts or (
            service_id is not None and service_id in self.ids
        )


def _sum_up(
    novas: Callable[[Any], Any], context: Any, api: servicegroup.API
) -> Any:
    api.check_deployment()
    if owner.keeps_rows(api):
        return novas(context)
    with errors.as_novas():
        computes = api.driver.records.list(
            cells.Context(context),
            binary=inventory_base.COMPUTE_BINARY,
            disabled=False,
        )
    return _sum(context, _Computes(computes))


@db.pick_context_manager_reader
def _sum(context: Any, computes: _Computes) -> dict[str, int]:
    """Sum up the compute nodes that count, in the database where it can.

    The database is not told of thousands of hosts: mostly all nodes count,
    and else nearly all. What is left out has to be left out by its host.
    """

    def select(*columns: Any) -> Any:
        query = sa.select(*columns).where(*wanted)
        return context.session.connection().execute(query)

    wanted = [_TABLE.c.deleted == 0] if context.read_deleted == 'no' else []
    with contextlib.closing(
        select(_TABLE.c.host, _TABLE.c.service_id)
    ) as found:
        # As the driver of the database has them: a row of SQLAlchemy's for
        # each of thousands takes longer than all the sums.
        nodes = found.cursor.fetchall()
    hosts = set(map(_host_of, nodes))
    if hosts <= computes.hosts:
        return _answer(_sums(select))
    counted = {host for host, id_ in nodes if computes.counts(host, id_)}
    left_out = {host for host, id_ in nodes if not computes.counts(host, id_)}
    if (
        len(left_out) > LEFT_OUT
        or None in hosts
        or not left_out.isdisjoint(counted)
    ):
        rows = select(_TABLE.c.service_id, _TABLE.c.host, *_SUMMED)
        return _in_python(
            row for row in rows if computes.counts(row.host, row.service_id)
        )
    wanted.append(_TABLE.c.host.not_in(left_out))
    return _answer(_sums(select))


_host_of = operator.itemgetter(0)


def _sums(select: Callable[..., Any]) -> Sequence[Any]:
    sums: Sequence[Any] = select(
        sa.func.count(), *map(sa.func.sum, _SUMMED)
    ).one()
    return sums


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
