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
from typing import Any
from typing import NamedTuple

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
_SUMS = (sa.func.count(), *map(sa.func.sum, _SUMMED))

#: By database, the function that makes one text of many values, and what
#: stands between these. That of MySQL and MariaDB ends after 1,024 bytes.
_JOIN = {
    'postgresql': sa.func.string_agg,
    'sqlite': sa.func.group_concat,
}
_BETWEEN = '\n'


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
    connection = context.session.connection()

    def select(*columns: Any) -> Any:
        return connection.execute(sa.select(*columns).where(*wanted))

    wanted = [_TABLE.c.deleted == 0] if context.read_deleted == 'no' else []
    nodes = _read(select, _JOIN.get(connection.dialect.name))
    left_out = nodes.hosts - computes.hosts
    if not left_out:
        return _answer(nodes.sums or select(*_SUMS).one())
    if not nodes.by_host or len(left_out) > LEFT_OUT:
        rows = select(_TABLE.c.service_id, _TABLE.c.host, *_SUMMED)
        return _in_python(
            row for row in rows if computes.counts(row.host, row.service_id)
        )
    wanted.append(_TABLE.c.host.not_in(left_out))
    return _answer(select(*_SUMS).one())


class _Nodes(NamedTuple):
    """What was read of all compute nodes.

    :param hosts: theirs
    :param by_host: each has a host, and none refers to a service by its id
    :param sums: of all, where they were read, too
    """

    hosts: set[str | None]
    by_host: bool
    sums: Sequence[Any] | None = None


def _read(select: Callable[..., Any], join: Any) -> _Nodes:
    """Read the hosts of all compute nodes; one statement.

    :param join: the function of the database that makes one text of many
        values, which takes less than a row for each, and their sums with it;
        None where it has none without a limit
    """
    host, service_id = _TABLE.c.host, _TABLE.c.service_id
    if join is not None:
        *sums, named, with_id, joined = select(
            *_SUMS,
            *(sa.func.count(host), sa.func.count(service_id)),
            join(host, _BETWEEN),
        ).one()
        hosts = joined.split(_BETWEEN) if joined else []
        if sums[0] == named == len(hosts):
            return _Nodes(set(hosts), not with_id, sums)
    with contextlib.closing(select(host, service_id)) as found:
        # As the driver of the database has them: a row of SQLAlchemy's for
        # each of thousands takes longer than all the sums.
        rows = found.cursor.fetchall()
    by_host = all(each[0] is not None and each[1] is None for each in rows)
    return _Nodes({each[0] for each in rows}, by_host)


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
