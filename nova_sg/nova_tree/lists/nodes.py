# SPDX-License-Identifier: Apache-2.0

"""The compute nodes of all cells, as rows of what a list shows of them."""

from collections.abc import Sequence
from typing import Any

from nova import context as nova_context
from nova import exception as nova_exception
from nova.compute import api as compute_api
from nova.db.api import api as api_db
from nova.db.api import models as api_models
from nova.db.main import api as db
from nova.db.main import models
import sqlalchemy as sa

_TABLE = models.ComputeNode.__table__

#: The first values of a row. Where one is NULL, empty or zero nova writes it
#: when it reads a node; the product of the ratios is where one of them is.
NEEDED = (
    _TABLE.c.host,
    _TABLE.c.uuid,
    _TABLE.c.cpu_allocation_ratio
    * _TABLE.c.ram_allocation_ratio
    * _TABLE.c.disk_allocation_ratio,
)

_SHOWN = (
    *('id', 'hypervisor_hostname', 'hypervisor_type', 'hypervisor_version'),
    *('host_ip', 'cpu_info', 'stats'),
)

#: The last values of a row, in the order of the view.
SUMS = (
    *('vcpus', 'memory_mb', 'local_gb', 'vcpus_used', 'memory_mb_used'),
    *('local_gb_used', 'free_ram_mb', 'free_disk_gb', 'current_workload'),
    *('running_vms', 'disk_available_least'),
)

_LIVE = _TABLE.c.deleted == 0
_SELECT = (
    sa.select(*NEEDED, *(_TABLE.c[name] for name in (*_SHOWN, *SUMS)))
    .where(_LIVE)
    .order_by(_TABLE.c.id)
)

_MAPPINGS = api_models.HostMapping.__table__
_CELLS = api_models.CellMapping.__table__
_MAPPED = sa.select(_MAPPINGS.c.host, _CELLS.c.uuid).join(
    _CELLS, _CELLS.c.id == _MAPPINGS.c.cell_id
)


def read(
    context: Any, limit: int | None, marker: str | None
) -> list[tuple[str, Sequence[Any]]]:
    """Read the nodes of a page, cell by cell, as ``HostAPI`` does.

    :param context: nova's
    :param limit: of the page
    :param marker: the uuid of the last node before it
    :returns: the uuid of each cell and the rows that were read there
    :raises MarkerNotFound: no cell has such a node
    """
    compute_api.load_cells()
    pages = []
    for cell in compute_api.CELLS:
        if cell.is_cell0():
            continue
        with nova_context.target_cell(context, cell) as targeted:
            page = _page(targeted, limit, marker)
        if page is None:
            continue
        # The page has begun, and goes on in the next cell.
        marker = None
        pages.append((cell.uuid, page))
        if limit:
            limit -= len(page)
            if limit <= 0:
                break
    if marker is not None:
        raise nova_exception.MarkerNotFound(marker=marker)
    return pages


@db.pick_context_manager_reader
def _page(
    context: Any, limit: int | None, marker: str | None
) -> Sequence[Any] | None:
    """Return rows of a cell; None where the marker is not in it."""
    query = _SELECT
    if marker is not None:
        last = context.session.execute(
            sa.select(_TABLE.c.id).where(_LIVE, _TABLE.c.uuid == marker)
        ).scalar()
        if last is None:
            return None
        query = query.where(_TABLE.c.id > last)
    if limit is not None:
        query = query.limit(limit)
    found: Sequence[Any] = context.session.execute(query).all()
    return found


@api_db.context_manager.reader
def cells_of_hosts(context: Any) -> dict[str, str]:
    """Return the uuid of the cell that each host is mapped to.

    nova's objects are two for each host, one of them the cell.
    """
    return {host: cell for host, cell in context.session.execute(_MAPPED)}
