# SPDX-License-Identifier: Apache-2.0

"""The availability zones of a list of services.

nova's own ``set_availability_zones`` gives the same zones. It takes each
service's host out of and into nova's cache of zones, which looks at all of
its entries each time: five seconds for ten thousand hosts in the default
zone. Here the cache is touched where it is wrong.
"""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from nova import availability_zones
from nova import conf as nova_conf
from nova import objects

from nova_sg.inventory import base as inventory_base

CONF = nova_conf.CONF


def set_zones(context: Any, services: Any) -> None:
    """Set ``availability_zone`` of services, with nothing left to be saved.

    One read of the aggregates, whatever the number of services.
    """
    found = of_computes(context, services)
    for service in services:
        # Where its setter would put it, less the note of a change.
        service._obj_availability_zone = zone_of(service, found)


def zone_of(service: Any, zones: Mapping[str, str]) -> str:
    """Return the zone of a service.

    :param zones: from :func:`of_computes`
    """
    if service.topic == inventory_base.COMPUTE_TOPIC:
        return zones[service.host]
    return str(CONF.internal_service_availability_zone)


def of_computes(context: Any, services: Iterable[Any]) -> dict[str, str]:
    """Return the zones of the computes among services, by host.

    :param context: nova's
    """
    hosts = {
        service.host
        for service in services
        if service.topic == inventory_base.COMPUTE_TOPIC
    }
    if not hosts:
        return {}
    aggregates = objects.AggregateList.get_by_metadata_key(
        context, 'availability_zone', hosts=hosts
    )
    zones: dict[str, dict[str, None]] = {}
    for aggregate in aggregates:
        zone = aggregate.metadata['availability_zone']
        for host in aggregate.hosts:
            zones.setdefault(host, {})[zone] = None
    found = {host: ','.join(zones[host]) for host in hosts & zones.keys()}
    default = CONF.default_availability_zone
    others = hosts - zones.keys()
    if others:
        _correct_cache(context, others, default)
    return found | dict.fromkeys(others, default)


def _correct_cache(context: Any, hosts: Collection[str], zone: str) -> None:
    """See that nova's cache does not know hosts by a zone they have left.

    What it does not know at all, it asks for. The cache may be memcached, so
    all hosts are looked up in one request.
    """
    keys = {availability_zones._make_cache_key(host): host for host in hosts}
    region = availability_zones._get_cache().region
    cached = region.get_multi(list(keys))
    for host, known in zip(keys.values(), cached, strict=True):
        if isinstance(known, str) and known != zone:
            availability_zones.update_host_availability_zone_cache(
                context, host, zone
            )
