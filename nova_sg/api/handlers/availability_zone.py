# SPDX-License-Identifier: Apache-2.0

"""os-availability-zone: the zones, and which services are in them.

A zone is available where one of its services is enabled; whether that one
lives says the detail.
"""

from collections.abc import Iterable
from typing import Any

from nova_sg.api import operation
from nova_sg.api import shown
from nova_sg.api.schemas import availability_zone as schemas
from nova_sg.policies import availability_zone as policies
from nova_sg.servicegroup import liveness


@operation.serves(
    errors=(400, 403),
    query=schemas.QUERY,
    response=schemas.INDEX_RESPONSE,
)
def index(call: operation.Call) -> Any:
    """List the availability zones, without their hosts."""
    call.authorize(policies.LIST)
    internal = call.conf.internal_service_availability_zone
    available, others = _zones(shown.services(call))
    return {
        'availabilityZoneInfo': [
            _zone(name, is_available, None)
            for names, is_available in ((available, True), (others, False))
            for name in names
            if name != internal
        ]
    }


@operation.serves(
    errors=(400, 403),
    query=schemas.QUERY,
    response=schemas.DETAIL_RESPONSE,
)
def detail(call: operation.Call) -> Any:
    """List the availability zones with their hosts and services."""
    call.authorize(policies.DETAIL)
    services = shown.services(call)
    available, others = _zones(services)
    hosts: dict[str, dict[str, dict[str, Any]]] = {
        name: {} for name in available
    }
    for each in services:
        # The answer knows only True and False: a service with an unknown
        # state is left out, as nova leaves out a cell that does not answer.
        if shown.is_shown(each) and not each.disabled and shown.is_told(each):
            in_zone = hosts[each.zone]
            in_zone.setdefault(each.host or '', {})[each.binary or ''] = {
                'available': each.state == liveness.UP,
                'active': True,
                'updated_at': each.changed_at,
            }
    return {
        'availabilityZoneInfo': [
            *(_zone(name, True, hosts[name]) for name in available),
            *(_zone(name, False, None) for name in others),
        ]
    }


def _zones(
    services: Iterable[shown.Listed],
) -> tuple[list[str], list[str]]:
    """Return the zones with an enabled service, and those without."""
    zones: dict[str, bool] = {}
    for each in services:
        zones[each.zone] = zones.get(each.zone, False) or not each.disabled
    return (
        sorted(zone for zone, enabled in zones.items() if enabled),
        sorted(zone for zone, enabled in zones.items() if not enabled),
    )


def _zone(name: str, available: bool, hosts: Any) -> dict[str, Any]:
    return {
        'zoneName': name,
        'zoneState': {'available': available},
        'hosts': hosts,
    }
