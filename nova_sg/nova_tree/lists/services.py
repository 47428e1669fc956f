# SPDX-License-Identifier: Apache-2.0

"""GET /os-services in one pass.

nova's method checks the policy and the query, and calls
``_get_services_list``, which is taken over.
"""

from collections.abc import Callable
from collections.abc import Iterator
import functools
from typing import Any

from nova.api.openstack import api_version_request
from nova.api.openstack.compute import services as nova_services

from nova_sg.inventory import base as inventory_base
from nova_sg.nova_tree import controllers
from nova_sg.nova_tree import shown
from nova_sg.nova_tree import takeover
from nova_sg.nova_tree import zones
from nova_sg.nova_tree.lists import cells
from nova_sg.nova_tree.lists import reading
from nova_sg.nova_tree.lists import stock
from nova_sg.servicegroup import collector

#: The fields that nova has been seen to ask for.
FIELDS = frozenset({'forced_down'})


class ServicesList(takeover.Takeover):
    """How ``ServiceController`` makes its list."""

    name = 'the list of os-services'

    def wrapped(self) -> Iterator[takeover.Wrapped]:
        controller = nova_services.ServiceController
        there = stock.Stock(
            (
                (controller, '_get_services'),
                (controller, '_get_service_detail'),
                *cells.PLACES,
            )
        )
        yield controllers.SERVICES(
            functools.partial(_get_services_list, there)
        )

    def check(self) -> None:
        super().check()
        controller = nova_services.ServiceController
        self.expect_function(controller, '_get_services', 'self', 'req')
        self.expect_function(
            controller,
            '_get_service_detail',
            *('self', 'svc', 'additional_fields', 'req', 'cell_down_support'),
        )
        cells.check(self)


def _get_services_list(
    there: stock.Stock,
    novas: Callable[..., Any],
    self: Any,
    req: Any,
    additional_fields: Any = (),
) -> Any:
    context = req.environ['nova.context']
    if (
        type(self) is nova_services.ServiceController
        and FIELDS.issuperset(additional_fields)
        and cells.readable(context, self, there)
    ):
        with collector.paused():
            return _list(self, context, req, additional_fields)
    return novas(self, req, additional_fields)


def _list(
    self: Any, context: Any, req: Any, additional_fields: Any
) -> list[dict[str, Any]]:
    shows_unknown = api_version_request.is_supported(req, '2.69')
    by_uuid = api_version_request.is_supported(req, '2.53')
    wanted = _filter(req)
    listed: list[dict[str, Any]] = []
    errors = []
    for cell, answer in cells.read(context, self, set_zones=True):
        if answer is None:
            if shows_unknown:
                listed += [
                    _unknown(inventory_base.COMPUTE_BINARY, host)
                    for host in cells.hosts_of(context, cell)
                    if wanted(host, inventory_base.COMPUTE_BINARY)
                ]
            continue
        for each in answer.services:
            if not wanted(each.host, each.binary):
                continue
            if each.up is not None:
                zone = zones.zone_of(each, answer.zones)
                detail = _detail(each, zone, by_uuid=by_uuid)
                if additional_fields:
                    detail['forced_down'] = each.forced_down
                listed.append(detail)
            elif shows_unknown:
                listed.append(_unknown(each.binary, each.host))
            else:
                errors.append(answer.error)
    if errors and not listed:
        raise errors[-1]
    return listed


def _filter(req: Any) -> Callable[[str, str], bool]:
    """Return whether a list shows a service, by its host and binary."""
    host, binary = req.GET.get('host'), req.GET.get('binary')

    def wanted(of_host: str, of_binary: str) -> bool:
        return (
            of_binary not in shown.API_SERVICES
            and (not host or of_host == host)
            and (not binary or of_binary == binary)
        )

    return wanted


def _detail(
    service: reading.Shown, zone: str, *, by_uuid: bool
) -> dict[str, Any]:
    return {
        'binary': service.binary,
        'host': service.host,
        'id': service.uuid if by_uuid else service.id,
        'zone': zone,
        'status': 'disabled' if service.disabled else 'enabled',
        'state': 'up' if service.up else 'down',
        'updated_at': reading.text(service.changed_at),
        'disabled_reason': service.disabled_reason,
    }


def _unknown(binary: str, host: str) -> dict[str, Any]:
    return {'binary': binary, 'host': host, 'status': 'UNKNOWN'}
