# SPDX-License-Identifier: Apache-2.0

"""Services of all cells, while the backend of cell0 is unreachable.

nova asks all cells at once, and takes a cell that fails for one that is down.
But it looks through the answer of cell0 for computes before it looks whether
that is an answer, and so ends with a TypeError. A ZooKeeper or memcached that
is unreachable is that of cell0 as well::

    t=0  the ensemble has no quorum
    t=7  an operator lists the services: cell0 and cell1 both fail, and the
         answer of nova is 500, with nothing about ZooKeeper

Then cell0 is asked again, alone: its error is the reason that the answer of
503 and the log tell. If it answers by now, so does nova.
"""

from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

from nova import context as nova_context
from nova import objects
from nova.compute import api as compute_api

from nova_sg.nova_tree import takeover


class ServicesOfAllCells(takeover.Takeover):
    """The list of services that the REST API and nova-manage show."""

    name = 'nova.compute.api.HostAPI._service_get_all_cells'

    def wrapped(self) -> Iterator[takeover.Wrapped]:
        yield takeover.Wrapped(
            compute_api.HostAPI,
            '_service_get_all_cells',
            ('self', 'context', 'disabled', 'set_zones', 'cell_down_support'),
            _list_all,
        )


def _list_all(
    novas: Callable[..., Any],
    self: Any,
    context: Any,
    *args: Any,
    **kwargs: Any,
) -> Any:
    try:
        return novas(self, context, *args, **kwargs)
    except TypeError:
        _ask_cell0(context)
    return novas(self, context, *args, **kwargs)


def _ask_cell0(context: Any) -> None:
    """Raise what keeps cell0 from answering, if anything does."""
    cell0 = objects.CellMapping.get_by_uuid(
        context, objects.CellMapping.CELL0_UUID
    )
    with nova_context.target_cell(context, cell0) as targeted:
        objects.ServiceList.get_all(targeted)
