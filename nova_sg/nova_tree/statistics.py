# SPDX-License-Identifier: Apache-2.0

"""``compute_node_statistics`` without its join with ``services``.

nova sums up the compute nodes of enabled computes in one statement that joins
both tables. It is called on the database module, past the objects. With the
services elsewhere, the database sums up the nodes alone, less those of hosts
without an enabled compute. Which hosts these are is read once, and again when
the hosts of the nodes have changed, or the computes. Where services are rows
of nova's table, and only their liveness is elsewhere, nova's statement says it
all.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import functools
from typing import Any
from typing import NamedTuple
import weakref

from nova.db.main import api as db
from nova.db.main import models
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from nova_sg import servicegroup
from nova_sg.inventory import base as inventory_base
from nova_sg.nova_tree import cells
from nova_sg.nova_tree import errors
from nova_sg.nova_tree import owner
from nova_sg.nova_tree import takeover
from nova_sg.servicegroup import record as sg_record
from nova_sg.servicegroup import view as sg_view

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

#: Between the hosts in one text of all.
_BETWEEN = '\n'


class _Mark(NamedTuple):
    """What a database tells of the hosts of nodes, in a few bytes if it can.

    Two sets of hosts with the same mark are the same set: in one of 2**60
    cases they are not.

    :param of: makes an expression over all values of a column
    :param hosts_in: returns the hosts in a mark that holds them
    """

    of: Callable[[Any], Any]
    hosts_in: Callable[[Any], Sequence[str]] = lambda _told: ()


def _part_of_md5(host: Any) -> Any:
    """Return 60 bits of a host, as a number of MySQL's or MariaDB's."""
    digits = sa.func.conv(sa.func.left(sa.func.md5(host), 15), 16, 10)
    return sa.cast(digits, mysql.BIGINT(unsigned=True))


#: The sum of what each host is hashed to, in any order. SQLite has no such
#: function, and nothing between its process and this one.
_MARKS = {
    'mysql': _Mark(lambda host: sa.func.sum(_part_of_md5(host))),
    'postgresql': _Mark(
        lambda host: sa.func.sum(sa.func.hashtextextended(host, 0))
    ),
    'sqlite': _Mark(
        lambda host: sa.func.group_concat(host, _BETWEEN),
        lambda told: told.split(_BETWEEN) if told else (),
    ),
}
_NO_MARK = _Mark(lambda _host: sa.null())

_ENABLED = sg_record.Filters(
    binary=inventory_base.COMPUTE_BINARY, disabled=False
)


class ComputeNodeStatistics(takeover.Takeover):
    """``nova.db.main.api.compute_node_statistics``."""

    name = 'nova.db.main.api.compute_node_statistics'

    def wrapped(self) -> Iterator[takeover.Wrapped]:
        yield takeover.Wrapped(
            db, 'compute_node_statistics', ('context',), _sum_up
        )

    def check(self) -> None:
        super().check()
        for name in ('host', 'service_id', *SUMMED):
            if name not in models.ComputeNode.__table__.c:
                self.unexpected(f'compute_nodes to have the column {name}')


class _Computes:
    """The enabled computes of a cell, as compute nodes refer to them.

    :param records: theirs
    """

    def __init__(self, records: Sequence[sg_record.Record]) -> None:
        self._records = records
        self.hosts = {each.host for each in records}
        self._left_out: tuple[object, frozenset[str | None]] | None = None

    @functools.cached_property
    def ids(self) -> set[int]:
        """Their ids, which only the oldest compute nodes have."""
        return {each.id for each in self._records}

    def counts(self, host: str | None, service_id: int | None) -> bool:
        """Whether a node is one of theirs."""
        return host in self.hosts or (
            service_id is not None and service_id in self.ids
        )

    def left_out(
        self, mark: object, read: Callable[[], Iterable[str | None]]
    ) -> frozenset[str | None]:
        """Return the hosts of nodes that have no enabled compute.

        :param mark: the same only for the same hosts of nodes; None: unknown
        :param read: reads these hosts
        """
        known = self._left_out
        if mark is not None and known is not None and known[0] == mark:
            return known[1]
        found = frozenset(read()) - self.hosts
        self._left_out = mark, found
        return found


#: The computes of records that a process has as one; the same as long as
#: nobody is enabled, disabled, or moved.
_by_view: 'weakref.WeakKeyDictionary[sg_view.View, _Computes]' = (
    weakref.WeakKeyDictionary()
)


def _sum_up(novas: Callable[[Any], Any], context: Any) -> Any:
    api = owner.get()
    if api is None:
        return novas(context)
    api.check_deployment()
    if owner.keeps_rows(api):
        return novas(context)
    with errors.as_novas():
        computes = _computes(api, cells.Context(context))
    return _sum(context, computes)


def _computes(api: servicegroup.API, context: cells.Context) -> _Computes:
    records = api.driver.records
    view = records.view(context)
    if view is None:
        return _Computes(records.list(context, **_ENABLED))
    found = _by_view.get(view)
    if found is None:
        found = _by_view[view] = _Computes(view.select(**_ENABLED))
    return found


@db.pick_context_manager_reader
def _sum(context: Any, computes: _Computes) -> dict[str, int]:
    """Sum up the compute nodes that count, in the database where it can.

    The database is not told of thousands of hosts: mostly all nodes count,
    and else nearly all. What is left out has to be left out by its host.
    """
    connection = context.session.connection()
    host, service_id = _TABLE.c.host, _TABLE.c.service_id

    def select(*columns: Any) -> Any:
        return connection.execute(sa.select(*columns).where(*wanted))

    wanted = [_TABLE.c.deleted == 0] if context.read_deleted == 'no' else []
    mark = _MARKS.get(connection.dialect.name, _NO_MARK)
    *sums, named, with_id, told = select(
        *_SUMS,
        *(sa.func.count(host), sa.func.count(service_id)),
        mark.of(host),
    ).one()
    left_out = computes.left_out(
        None if told is None else (named, told),
        lambda: _hosts(select, mark.hosts_in(told), named),
    )
    all_named = named == sums[0]
    if all_named and not left_out:
        return _answer(sums)
    if not all_named or with_id or len(left_out) > LEFT_OUT:
        rows = select(service_id, host, *_SUMMED)
        return _in_python(
            row for row in rows if computes.counts(row.host, row.service_id)
        )
    wanted.append(host.not_in(left_out))
    return _answer(select(*_SUMS).one())


def _hosts(
    select: Callable[..., Any], told: Sequence[str], named: int
) -> Iterable[str | None]:
    """Return the hosts of all compute nodes.

    :param told: those that are known already, if there are so many
    :param named: how many nodes have one
    """
    if len(told) == named:
        return told
    with contextlib.closing(select(_TABLE.c.host)) as found:
        # As the driver of the database has them: a row of SQLAlchemy's for
        # each of thousands takes longer than all the sums.
        return [host for (host,) in found.cursor.fetchall()]


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
