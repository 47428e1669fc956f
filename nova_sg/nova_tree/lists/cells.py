# SPDX-License-Identifier: Apache-2.0

"""The services of all cells, asked for as nova asks for them."""

from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any

from nova import availability_zones
from nova import context as nova_context
from nova import objects
from nova.compute import api as compute_api
from nova.db.main import api as db
from nova.servicegroup import api as nova_api
from nova.servicegroup.drivers import db as nova_db
from oslo_log import log as logging

from nova_sg import exception
from nova_sg.inventory import base as inventory_base
from nova_sg.nova_tree import service
from nova_sg.nova_tree import servicegroup
from nova_sg.nova_tree import takeover
from nova_sg.nova_tree import verdicts
from nova_sg.nova_tree.lists import reading
from nova_sg.nova_tree.lists import stock

LOG = logging.getLogger(__name__)

#: What nova would call for a list of the services of all cells, and what is
#: called instead.
PLACES: tuple[stock.Place, ...] = (
    (availability_zones, 'set_availability_zones'),
    (compute_api.HostAPI, 'service_get_all'),
    (compute_api.HostAPI, '_service_get_all_cells'),
    (db, 'service_get_all'),
    (nova_api.API, 'get_updated_time'),
    (nova_api.API, 'service_is_up'),
    (nova_context, 'scatter_gather_all_cells'),
    (nova_context, 'scatter_gather_skip_cell0'),
    (nova_db.DbDriver, 'is_up'),
    (nova_db.DbDriver, 'updated_time'),
    (objects, 'ServiceList'),
    (service.ServiceList, 'get_all'),
    (verdicts.VerdictDriver, 'is_up'),
    *(
        (driver, name)
        for driver in servicegroup.DRIVERS
        for name in ('is_up', 'updated_time')
    ),
)


def check(taker: takeover.Takeover) -> None:
    """See that nova reads the services of all cells as this expects."""
    taker.expect_function(
        compute_api.HostAPI,
        'service_get_all',
        *('self', 'context', 'filters', 'set_zones', 'all_cells'),
        'cell_down_support',
    )
    for name in ('scatter_gather_all_cells', 'scatter_gather_skip_cell0'):
        taker.expect_function(
            nova_context, name, *('context', 'fn', 'args', 'kwargs')
        )
    taker.expect_function(nova_context, 'is_cell_failure_sentinel', 'record')
    taker.expect_attribute(nova_context, 'CELLS')


def readable(context: Any, controller: Any, there: stock.Stock) -> bool:
    """Whether a list of a controller's may be made in one pass.

    :param context: nova's, of the request
    :param there: what must be as it was
    """
    host_api, api = controller.host_api, controller.servicegroup_api
    return (
        stock.is_ours(context, api)
        and type(host_api) is compute_api.HostAPI
        and there.is_unchanged(controller, host_api, api, api._driver)
    )


def read(
    context: Any, controller: Any, *, with_cell0: bool = True, **what: Any
) -> Iterator[tuple[str, reading.Cell | None]]:
    """Read the services of all cells.

    :param with_cell0: False where nova does not ask cell0
    :param what: for :class:`.reading.Reading`
    :returns: the uuid of each cell and what was read there, in nova's order;
        None for a cell that is down
    :raises ServiceGroupUnavailable: the backend of cell0, or of every cell
        that was asked, does not answer
    """
    reader = reading.Reading(controller.servicegroup_api._driver, **what)
    gather = (
        nova_context.scatter_gather_all_cells
        if with_cell0
        else nova_context.scatter_gather_skip_cell0
    )
    answers = gather(context, reader.read)
    _raise_outage(answers)
    for cell, answer in answers.items():
        if nova_context.is_cell_failure_sentinel(answer):
            LOG.warning(
                'Cell %s does not answer. The list is made without what it '
                'would have told.',
                cell,
            )
            yield cell, None
            continue
        if cell == objects.CellMapping.CELL0_UUID:
            _warn_of_computes(answer)
        yield cell, answer


def _raise_outage(answers: Mapping[str, Any]) -> None:
    """Raise what keeps the backend of all cells from answering.

    The error of cell0 is taken for one: see :mod:`nova_sg.nova_tree.cell0`.
    """
    cell0 = answers.get(objects.CellMapping.CELL0_UUID)
    if isinstance(cell0, exception.NovaSgException):
        raise cell0
    told = list(answers.values())
    if told and all(
        isinstance(each, exception.ServiceGroupUnavailable) for each in told
    ):
        raise told[0]


def _warn_of_computes(answer: reading.Cell) -> None:
    for each in answer.services:
        if each.binary == inventory_base.COMPUTE_BINARY:
            LOG.warning(
                'There is a nova-compute in cell0, on host %s, which is for '
                'no host.',
                each.host,
            )


def hosts_of(context: Any, cell: str) -> list[str]:
    """Return the hosts that are mapped to a cell."""
    for mapping in nova_context.CELLS:
        if mapping.uuid == cell:
            found = objects.HostMappingList.get_by_cell_id(context, mapping.id)
            return [each.host for each in found]
    return []
