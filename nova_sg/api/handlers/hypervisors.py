# SPDX-License-Identifier: Apache-2.0

"""os-hypervisors: compute nodes, each with the service that sits on it.

A node without a service is not shown. A list costs the same number of
calls for any number of hypervisors.
"""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from nova_sg import exception
from nova_sg import servicegroup
from nova_sg.api import hypervisor_names
from nova_sg.api import hypervisor_view
from nova_sg.api import microversion
from nova_sg.api import operation
from nova_sg.api import shown
from nova_sg.api import validation
from nova_sg.api.schemas import hypervisors as schemas
from nova_sg.inventory import base as inventory_base
from nova_sg.policies import hypervisors as policies
from nova_sg.servicegroup import liveness

LAST_WITHOUT_UUID = '2.52'
LAST_WITH_USAGE = '2.87'

Views = microversion.Versioned[hypervisor_view.View]


@operation.serves(
    errors=(400, 403, 404, 501),
    query=schemas.INDEX_QUERY,
    response=schemas.INDEX_RESPONSE,
)
def index(call: operation.Call) -> Any:
    """List the hypervisors."""
    call.authorize(policies.LIST)
    return _list(call, hypervisor_view.BRIEF)


@operation.serves(
    errors=(400, 403, 404, 501),
    query=schemas.INDEX_QUERY,
    response=schemas.DETAIL_RESPONSE,
)
def detail(call: operation.Call) -> Any:
    """List the hypervisors with their details."""
    call.authorize(policies.LIST_DETAIL)
    return _list(call, hypervisor_view.DETAIL)


@operation.serves(
    errors=(400, 403, 404, 501),
    path=schemas.PATH,
    query=schemas.SHOW_QUERY,
    response=schemas.SHOW_RESPONSE,
)
def show(call: operation.Call) -> Any:
    """Show a hypervisor."""
    call.authorize(policies.SHOW)
    found = _one(call, servers=_asks_for_servers(call))
    return {'hypervisor': hypervisor_view.DETAIL.get(call.version)(found)}


@operation.serves(
    last=LAST_WITH_USAGE,
    errors=(400, 403, 404, 501),
    path=schemas.PATH,
    response=schemas.UPTIME_RESPONSE,
)
def uptime(call: operation.Call) -> Any:
    """Show how long a hypervisor has been up."""
    call.authorize(policies.UPTIME)
    found = _one(call)
    host = found.node.host
    if found.service.state == liveness.DOWN:
        raise exception.ComputeServiceUnavailable(host=host)
    view = hypervisor_view.BRIEF.get(call.version)
    since = servicegroup.get().inventory.host_uptime(host)
    return {'hypervisor': {**view(found), 'uptime': since}}


@operation.serves(
    last=LAST_WITH_USAGE,
    errors=(403, 501),
    response=schemas.STATISTICS_RESPONSE,
)
def statistics(call: operation.Call) -> Any:
    """Show the sums over all hypervisors with an enabled service."""
    call.authorize(policies.STATISTICS)
    nodes = servicegroup.get().inventory.compute_nodes()
    enabled = [
        each.node
        for each in _with_services(call, nodes)
        if not each.service.disabled
    ]
    return {'hypervisor_statistics': hypervisor_view.statistics(enabled)}


@operation.serves(
    last=LAST_WITHOUT_UUID,
    errors=(403, 404, 501),
    response=schemas.SEARCH_RESPONSE,
)
def search(call: operation.Call) -> Any:
    """Find hypervisors by a part of their host name."""
    call.authorize(policies.SEARCH)
    nodes = _matching(call.path['hostname_pattern'])
    return _show(call, hypervisor_view.BRIEF, nodes)


@operation.serves(
    last=LAST_WITHOUT_UUID,
    errors=(403, 404, 501),
    response=schemas.SERVERS_RESPONSE,
)
def servers(call: operation.Call) -> Any:
    """List the servers on the hypervisors found by their host name."""
    call.authorize(policies.SERVERS)
    nodes = _matching(call.path['hostname_pattern'])
    return _show(call, hypervisor_view.BRIEF, nodes, servers=True)


def _list(call: operation.Call, views: Views) -> Any:
    """Return the body of a list, of what the query asks for."""
    return _LISTS.get(call.version)(call, views)


def _list_all(call: operation.Call, views: Views) -> Any:
    return _show(call, views, servicegroup.get().inventory.compute_nodes())


def _list_page(call: operation.Call, views: Views) -> Any:
    limit = call.conf.api.max_limit
    asked = call.asked('limit')
    if asked is not None:
        limit = min(limit, int(asked))
    nodes = servicegroup.get().inventory.compute_nodes(
        after=hypervisor_names.marker(call), limit=limit
    )
    answer = _show(call, views, nodes, servers=_asks_for_servers(call))
    if nodes and len(nodes) == limit:
        answer['hypervisors_links'] = [
            hypervisor_names.next_link(call, nodes[-1])
        ]
    return answer


def _list_page_or_matching(call: operation.Call, views: Views) -> Any:
    pattern = call.asked('hypervisor_hostname_pattern')
    if pattern is None:
        return _list_page(call, views)
    if 'limit' in call.query or call.asked('marker'):
        raise exception.ValidationError(
            detail='Paging over hypervisors with the '
            'hypervisor_hostname_pattern query parameter is not supported.'
        )
    return _show(
        call, views, _matching(pattern), servers=_asks_for_servers(call)
    )


#: How a list is asked for.
_LISTS = microversion.Versioned(
    {
        '2.1': _list_all,
        '2.33': _list_page,
        '2.53': _list_page_or_matching,
    }
)


def _show(
    call: operation.Call,
    views: Views,
    nodes: Sequence[inventory_base.ComputeNode],
    *,
    servers: bool = False,
) -> dict[str, Any]:
    """Return the body of a list of compute nodes."""
    view = views.get(call.version)
    found = _with_services(call, nodes, servers=servers)
    return {'hypervisors': [view(each) for each in found]}


def _one(
    call: operation.Call, *, servers: bool = False
) -> hypervisor_view.Hypervisor:
    """Return the hypervisor in the path.

    :param servers: read the instances on its host, too
    :raises HypervisorNotFound: there is none with a service
    """
    node = hypervisor_names.node(call)
    found = _with_services(call, [node], node.host, servers=servers)
    if not found:
        raise hypervisor_names.not_found(call)
    return found[0]


def _with_services(
    call: operation.Call,
    nodes: Sequence[inventory_base.ComputeNode],
    host: str | None = None,
    *,
    servers: bool = False,
) -> list[hypervisor_view.Hypervisor]:
    """Return the nodes that have a service, with it.

    :param host: of all of the nodes; None where they are of several
    :param servers: read the instances on the hosts, too
    """
    listed = shown.services(
        call,
        host=host,
        binary=inventory_base.COMPUTE_BINARY,
        set_zones=False,
    )
    services = {each.host: each for each in listed}
    inventory = servicegroup.get().inventory
    instances: Mapping[str, Sequence[inventory_base.Instance]] | None = None
    if servers:
        instances = inventory.instances_by_host([each.host for each in nodes])
    uptimes = inventory.known_uptimes([each.host for each in nodes])
    return [
        hypervisor_view.Hypervisor(
            node,
            services[node.host],
            uptimes.get(node.host),
            None if instances is None else instances.get(node.host, ()),
        )
        for node in nodes
        if node.host in services
    ]


def _matching(pattern: str) -> Sequence[inventory_base.ComputeNode]:
    """Return the nodes with a pattern in their host name.

    :raises NotFound: there are none
    """
    nodes: Sequence[inventory_base.ComputeNode] = ()
    if pattern.isprintable():
        nodes = servicegroup.get().inventory.compute_nodes(pattern=pattern)
    if not nodes:
        raise exception.NotFound(
            f"No hypervisor matching '{pattern[:255]}' could be found."
        )
    return nodes


def _asks_for_servers(call: operation.Call) -> bool:
    return validation.to_bool(call.asked('with_servers') or 'false')
