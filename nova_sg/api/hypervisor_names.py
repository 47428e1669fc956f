# SPDX-License-Identifier: Apache-2.0

"""How a client names a hypervisor: in a path, or as the marker of a page."""

from collections.abc import Callable
import operator
from typing import Any
from urllib import parse

from nova_sg import exception
from nova_sg import servicegroup
from nova_sg.api import microversion
from nova_sg.api import operation
from nova_sg.api import validation
from nova_sg.inventory import base as inventory_base


def node(call: operation.Call) -> inventory_base.ComputeNode:
    """Return the node with the id in the path.

    :raises HypervisorNotFound: there is none
    :raises ValidationError: it is no uuid, where it must be one
    """
    find = _FINDERS.get(call.version)
    found = find(call.path['hypervisor_id'])
    if found is None:
        raise not_found(call)
    return found


def _by_id(text: str) -> inventory_base.ComputeNode | None:
    number = validation.to_id(text)
    if not number:
        return None
    return servicegroup.get().inventory.compute_node(id=number)


def _by_uuid(text: str) -> inventory_base.ComputeNode | None:
    uuid = validation.to_uuid(text)
    return servicegroup.get().inventory.compute_node(uuid=uuid)


#: What the id of a hypervisor is.
_FINDERS = microversion.Versioned({'2.1': _by_id, '2.53': _by_uuid})


#: How a node is named to a client.
_IDS: microversion.Versioned[Callable[[inventory_base.ComputeNode], Any]]
_IDS = microversion.Versioned(
    {
        '2.1': operator.attrgetter('id'),
        '2.53': operator.attrgetter('uuid'),
    }
)


def not_found(call: operation.Call) -> exception.HypervisorNotFound:
    """Return the error of a path that leads to no hypervisor."""
    return exception.HypervisorNotFound(
        hypervisor_id=call.path['hypervisor_id'][:255]
    )


def marker(call: operation.Call) -> int | None:
    """Return the id of the node after which a page begins.

    :raises ValidationError: there is no such node
    """
    asked = call.asked('marker')
    if asked is None:
        return None
    try:
        found = _FINDERS.get(call.version)(asked)
    except exception.ValidationError:
        found = None
    if found is None:
        raise exception.ValidationError(
            detail=f'marker [{asked[:255]}] not found'
        )
    return found.id


def next_link(
    call: operation.Call, last: inventory_base.ComputeNode
) -> dict[str, str]:
    """Return the link to the page after one.

    :param last: the last node of that page
    """
    query = [
        (name, value)
        for name, values in call.query.items()
        for value in values[-1:]
        if name != 'marker'
    ]
    query.append(('marker', str(_IDS.get(call.version)(last))))
    path = call.request.path_url
    return {'rel': 'next', 'href': f'{path}?{parse.urlencode(query)}'}
