# SPDX-License-Identifier: Apache-2.0

"""GET /os-hypervisors and its detail in one pass.

nova's method checks the policy and the query, and calls
``_get_hypervisors``, which is taken over. Searches, lists with servers and
short pages are made by nova (see :mod:`nova_sg.nova_tree.hypervisors`).
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import functools
import json
from typing import Any
from typing import NamedTuple

import netaddr
from nova import exception as nova_exception
from nova import objects
from nova.api.openstack import api_version_request
from nova.api.openstack.compute import hypervisors as nova_hypervisors
from nova.compute import api as compute_api
from nova.db.main import api as db
from nova.i18n import _
from oslo_utils import uuidutils
import webob.exc

from nova_sg import exception
from nova_sg.inventory import base as inventory_base
from nova_sg.nova_tree import controllers
from nova_sg.nova_tree import hypervisors
from nova_sg.nova_tree import takeover
from nova_sg.nova_tree.lists import cells
from nova_sg.nova_tree.lists import nodes
from nova_sg.nova_tree.lists import reading
from nova_sg.nova_tree.lists import stock
from nova_sg.servicegroup import collector

#: Parameters of a query that nova answers itself.
_NOVAS = frozenset({'hypervisor_hostname_pattern', 'with_servers'})


class HypervisorsList(takeover.Takeover):
    """How ``HypervisorsController`` makes its lists."""

    name = 'the list of os-hypervisors'

    def wrapped(self) -> Iterator[takeover.Wrapped]:
        controller = nova_hypervisors.HypervisorsController
        there = stock.Stock(
            (
                (controller, '_view_hypervisor'),
                (compute_api.HostAPI, 'compute_node_get_all'),
                (compute_api.HostAPI, 'service_get_by_compute_host'),
                (db, 'compute_node_get_all_by_pagination'),
                (db, 'service_get_by_compute_host'),
                (objects, 'ComputeNode'),
                (objects, 'ComputeNodeList'),
                (objects.ComputeNode, '_from_db_object'),
                (objects.ComputeNodeList, 'get_by_pagination'),
                (objects.HostMapping, 'get_by_host'),
                (objects.HostMapping, '_get_by_host_from_db'),
                *cells.PLACES,
            )
        )
        yield controllers.HYPERVISORS(
            functools.partial(_get_hypervisors, there)
        )

    def check(self) -> None:
        super().check()
        self.expect_function(
            compute_api.HostAPI,
            'compute_node_get_all',
            *('self', 'context', 'limit', 'marker'),
        )
        self.expect_attribute(compute_api, 'CELLS')
        self.expect_function(compute_api, 'load_cells')
        cells.check(self)


def _get_hypervisors(
    there: stock.Stock,
    novas: Callable[..., Any],
    self: Any,
    req: Any,
    detail: bool = False,
    limit: int | None = None,
    marker: str | None = None,
    links: bool = False,
) -> Any:
    answer = None
    if (
        type(self) is nova_hypervisors.HypervisorsController
        and _NOVAS.isdisjoint(req.GET)
        and (limit is None or limit > hypervisors.FEW)
        and (marker is None or uuidutils.is_uuid_like(marker))
        and cells.readable(req.environ['nova.context'], self, there)
    ):
        view = _View(self, req, detail)
        with collector.paused():
            answer = _list(self, view, req, detail, limit, marker, links)
        if answer is not None:
            view.ask_uptimes()
    if answer is None:
        return novas(self, req, detail, limit, marker, links)
    return answer


def _list(
    self: Any,
    view: '_View',
    req: Any,
    detail: bool,
    limit: int | None,
    marker: str | None,
    links: bool,
) -> dict[str, Any] | None:
    """Return the answer, None where nova is to make it.

    That is so where a node is read only as nova reads it, or where a cell is
    down.
    """
    context = req.environ['nova.context']
    try:
        pages = nodes.read(context, limit, marker)
    except nova_exception.MarkerNotFound:
        raise webob.exc.HTTPBadRequest(
            explanation=_('marker [%s] not found') % marker
        ) from None
    needed = len(nodes.NEEDED)
    if not all(all(row[:needed]) for _cell, page in pages for row in page):
        # nova would not show a node as it is in its row.
        return None
    services = _services(self, context)
    if services is None:
        return None
    mapped = nodes.cells_of_hosts(context)
    shown, known = [], []
    for _cell, page in pages:
        for row in page:
            host = row[0]
            service = services.found.get((mapped.get(host), host))
            if service is None:
                # nova leaves out nodes without a service.
                continue
            made = view.of(row, service)
            shown.append(made)
            if service.up is not None:
                known.append(made)
    if services.error is not None and shown and not known:
        raise services.error
    found: dict[str, Any] = {'hypervisors': known}
    if links:
        # Of the last one, though it may be left out as unknown.
        next_page = self._view_builder.get_links(req, shown, detail)
        if next_page:
            found['hypervisors_links'] = next_page
    return found


class _Services(NamedTuple):
    """The computes of all cells.

    :param found: by cell and host
    :param error: why one of those that are unknown is
    """

    found: dict[tuple[str | None, str], reading.Shown]
    error: exception.ServiceGroupUnavailable | None


def _services(self: Any, context: Any) -> _Services | None:
    """Return the computes of all cells, None where one is down.

    There is none in cell0, and nova does not look there.
    """
    found = {}
    error = None
    for cell, answer in cells.read(
        context,
        self,
        with_cell0=False,
        binary=inventory_base.COMPUTE_BINARY,
    ):
        if answer is None:
            return None
        error = error or answer.error
        for each in answer.services:
            found[cell, each.host] = each
    return _Services(found, error)


class _View:
    """What nova shows of a node, in a microversion."""

    def __init__(self, controller: Any, req: Any, detail: bool) -> None:
        def since(version: str) -> bool:
            found: bool = api_version_request.is_supported(req, version)
            return found

        self._host_api = controller.host_api
        self._context = req.environ['nova.context']
        self._detail = detail
        self._by_uuid = since('2.53')
        self._parses_cpu = since('2.28')
        self._has_uptime = since('2.88')
        self._to_ask: list[tuple[str, dict[str, Any]]] = []
        # Many nodes have the same processors.
        self._parse = functools.cache(json.loads)

    def of(self, row: Any, service: reading.Shown) -> dict[str, Any]:
        """Return one node with its service."""
        host, uuid, _, id_, name, kind, version, ip, cpu, stats, *sums = row
        shown = {
            'id': uuid if self._by_uuid else id_,
            'hypervisor_hostname': name,
            'state': 'up' if service.up else 'down',
            'status': 'disabled' if service.disabled else 'enabled',
        }
        if not self._detail:
            return shown
        if ip is not None and ':' in ip:
            # nova's field writes them in their short form.
            ip = str(netaddr.IPAddress(ip))
        shown |= {
            'hypervisor_type': kind,
            'hypervisor_version': version,
            'host_ip': ip,
            'service': {
                'id': service.uuid if self._by_uuid else service.id,
                'host': host,
                'disabled_reason': service.disabled_reason,
            },
        }
        if self._has_uptime:
            known = json.loads(stats) if stats else {}
            found = known.get('uptime')
            shown['uptime'] = None if found is None else str(found)
            if 'uptime' not in known and service.up:
                self._to_ask.append((host, shown))
            return shown
        shown.update(zip(nodes.SUMS, sums, strict=True))
        if self._parses_cpu:
            cpu = self._parse(cpu) if cpu else {}
        shown['cpu_info'] = cpu
        return shown

    def ask_uptimes(self) -> None:
        """Ask the hosts that are up for what no row has told."""
        for host, shown in self._to_ask:
            # Few drivers tell it, and a host that went down does not.
            with contextlib.suppress(
                NotImplementedError,
                exception.ServiceGroupUnavailable,
                nova_exception.ComputeServiceUnavailable,
                nova_exception.HostMappingNotFound,
                nova_exception.HostNotFound,
            ):
                shown['uptime'] = self._host_api.get_host_uptime(
                    self._context, host
                )
