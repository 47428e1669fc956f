# SPDX-License-Identifier: Apache-2.0

"""GET /os-availability-zone/detail in one pass.

nova's method checks the policy and the query, and calls
``_describe_availability_zones_verbose``, which is taken over.
"""

from collections.abc import Callable
from collections.abc import Iterator
import functools
from typing import Any

from nova import availability_zones
from nova.api.openstack.compute import availability_zone as nova_zones

from nova_sg.nova_tree import controllers
from nova_sg.nova_tree import shown
from nova_sg.nova_tree import takeover
from nova_sg.nova_tree import zones
from nova_sg.nova_tree.lists import cells
from nova_sg.nova_tree.lists import reading
from nova_sg.nova_tree.lists import stock
from nova_sg.servicegroup import collector


class ZonesList(takeover.Takeover):
    """How ``AvailabilityZoneController`` shows the hosts of zones."""

    name = 'the list of os-availability-zone'

    def wrapped(self) -> Iterator[takeover.Wrapped]:
        there = stock.Stock(
            (
                (availability_zones, 'get_availability_zones'),
                (availability_zones, '_get_availability_zones'),
                *cells.PLACES,
            )
        )
        yield controllers.ZONES(functools.partial(_describe, there))

    def check(self) -> None:
        super().check()
        self.expect_function(
            availability_zones,
            'get_availability_zones',
            *('context', 'hostapi', 'get_only_available', 'with_hosts'),
            'services',
        )
        cells.check(self)


def _describe(
    there: stock.Stock,
    novas: Callable[..., Any],
    self: Any,
    context: Any,
    **kwargs: Any,
) -> Any:
    if (
        not kwargs
        and type(self) is nova_zones.AvailabilityZoneController
        and cells.readable(context, self, there)
    ):
        with collector.paused():
            return {'availabilityZoneInfo': _list(self, context)}
    return novas(self, context, **kwargs)


def _list(self: Any, context: Any) -> list[dict[str, Any]]:
    #: The hosts of each zone that has an enabled service, and theirs.
    available: dict[str, dict[str, Any]] = {}
    others: set[str] = set()
    known, error = False, None
    for _, answer in cells.read(context, self, set_zones=True):
        if answer is None:
            continue
        for each in answer.services:
            zone = zones.zone_of(each, answer.zones)
            if each.disabled:
                others.add(zone)
                continue
            hosts = available.setdefault(zone, {})
            if each.binary in shown.API_SERVICES:
                continue
            known = known or each.up is not None
            error = error or answer.error
            hosts.setdefault(each.host, {})[each.binary] = _shown(each)
    if error is not None and not known:
        raise error
    return [
        *(_zone(each, available[each]) for each in sorted(available)),
        *(_zone(each, None) for each in sorted(others - available.keys())),
    ]


def _shown(service: reading.Shown) -> dict[str, Any]:
    return {
        'available': bool(service.up),
        'active': True,
        'updated_at': reading.text(service.updated_at),
    }


def _zone(name: str, hosts: dict[str, Any] | None) -> dict[str, Any]:
    return {
        'zoneName': name,
        'zoneState': {'available': hosts is not None},
        'hosts': hosts,
    }
