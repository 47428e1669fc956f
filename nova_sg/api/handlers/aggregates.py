# SPDX-License-Identifier: Apache-2.0

"""os-aggregates: to read them, which clients do beside hypervisors."""

from collections.abc import Callable
from typing import Any

from nova_sg import exception
from nova_sg import servicegroup
from nova_sg import times
from nova_sg.api import microversion
from nova_sg.api import operation
from nova_sg.api import validation
from nova_sg.api.schemas import aggregates as schemas
from nova_sg.inventory import base as inventory_base
from nova_sg.policies import aggregates as policies


@operation.serves(
    errors=(400, 403, 501),
    query=schemas.QUERY,
    response=schemas.INDEX_RESPONSE,
)
def index(call: operation.Call) -> Any:
    """List the aggregates."""
    call.authorize(policies.INDEX)
    shape = _SHAPES.get(call.version)
    aggregates = servicegroup.get().inventory.aggregates()
    return {'aggregates': [shape(each) for each in aggregates]}


@operation.serves(
    errors=(400, 403, 404, 501),
    path=schemas.PATH,
    query=schemas.QUERY,
    response=schemas.SHOW_RESPONSE,
)
def show(call: operation.Call) -> Any:
    """Show an aggregate."""
    call.authorize(policies.SHOW)
    aggregate_id = call.path['aggregate_id']
    number = validation.to_id(aggregate_id)
    if number is None:
        raise exception.InvalidInput(reason='id must be an integer')
    found = servicegroup.get().inventory.aggregate(number)
    if found is None:
        raise exception.AggregateNotFound(aggregate_id=aggregate_id)
    return {'aggregate': _SHAPES.get(call.version)(found)}


def _v21(aggregate: inventory_base.Aggregate) -> dict[str, Any]:
    zone = aggregate.availability_zone
    return {
        'id': aggregate.id,
        'name': aggregate.name,
        'availability_zone': zone,
        'hosts': aggregate.hosts,
        'metadata': {} if zone is None else {'availability_zone': zone},
        'created_at': times.text(aggregate.created_at),
        'updated_at': times.text(aggregate.updated_at),
        # What is deleted is not kept.
        'deleted': False,
        'deleted_at': None,
    }


def _v241(aggregate: inventory_base.Aggregate) -> dict[str, Any]:
    return {**_v21(aggregate), 'uuid': aggregate.uuid}


_SHAPES: microversion.Versioned[
    Callable[[inventory_base.Aggregate], dict[str, Any]]
] = microversion.Versioned({'2.1': _v21, '2.41': _v241})
