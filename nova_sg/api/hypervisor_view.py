# SPDX-License-Identifier: Apache-2.0

"""A hypervisor as REST shows it, for each range of microversions."""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import functools
from typing import Any
from typing import NamedTuple

import orjson

from nova_sg.api import microversion
from nova_sg.api import shown
from nova_sg.inventory import base as inventory_base


class Hypervisor(NamedTuple):
    """A compute node with its service.

    :param uptime: the output of ``uptime`` on the host; None if not known
    :param servers: the instances on the host; None if not asked for
    """

    node: inventory_base.ComputeNode
    service: shown.Listed
    uptime: str | None = None
    servers: Sequence[inventory_base.Instance] | None = None


#: What the statistics sum up.
USAGE_FIELDS = (
    'vcpus',
    'memory_mb',
    'local_gb',
    'vcpus_used',
    'memory_mb_used',
    'local_gb_used',
    'free_ram_mb',
    'free_disk_gb',
    'current_workload',
    'running_vms',
    'disk_available_least',
)

View = Callable[[Hypervisor], dict[str, Any]]


def _brief(hypervisor: Hypervisor) -> dict[str, Any]:
    node, service = hypervisor.node, hypervisor.service
    return {
        'id': node.id,
        'hypervisor_hostname': node.hypervisor_hostname,
        'state': service.state,
        'status': shown.status(service),
        **_servers_if_any(hypervisor),
    }


def _brief_v253(hypervisor: Hypervisor) -> dict[str, Any]:
    return {**_brief(hypervisor), 'id': hypervisor.node.uuid}


def _brief_v275(hypervisor: Hypervisor) -> dict[str, Any]:
    return {**_brief_v253(hypervisor), **_servers(hypervisor)}


def _hardware(hypervisor: Hypervisor, service_id: int | str) -> dict[str, Any]:
    node, service = hypervisor.node, hypervisor.service
    return {
        'hypervisor_type': node.hypervisor_type,
        'hypervisor_version': node.hypervisor_version,
        'host_ip': node.host_ip,
        'service': {
            'id': service_id,
            'host': node.host,
            'disabled_reason': service.disabled_reason,
        },
    }


def _usage(node: inventory_base.ComputeNode) -> dict[str, Any]:
    return {
        'vcpus': node.vcpus,
        'memory_mb': node.memory_mb,
        'local_gb': node.local_gb,
        'vcpus_used': node.vcpus_used,
        'memory_mb_used': node.memory_mb_used,
        'local_gb_used': node.local_gb_used,
        'free_ram_mb': node.memory_mb - node.memory_mb_used,
        'free_disk_gb': node.local_gb - node.local_gb_used,
        'current_workload': node.current_workload,
        'running_vms': node.running_vms,
        'disk_available_least': node.disk_available_least,
    }


def _detail_v21(hypervisor: Hypervisor) -> dict[str, Any]:
    return {
        **_brief(hypervisor),
        **_hardware(hypervisor, hypervisor.service.id),
        **_usage(hypervisor.node),
        'cpu_info': hypervisor.node.cpu_info,
    }


def _detail_v228(hypervisor: Hypervisor) -> dict[str, Any]:
    return {
        **_detail_v21(hypervisor),
        'cpu_info': _cpu_info(hypervisor.node.cpu_info),
    }


def _detail_v253(hypervisor: Hypervisor) -> dict[str, Any]:
    return {
        **_brief_v253(hypervisor),
        **_hardware(hypervisor, hypervisor.service.uuid),
        **_usage(hypervisor.node),
        'cpu_info': _cpu_info(hypervisor.node.cpu_info),
    }


def _detail_v275(hypervisor: Hypervisor) -> dict[str, Any]:
    return {**_detail_v253(hypervisor), **_servers(hypervisor)}


def _detail_v288(hypervisor: Hypervisor) -> dict[str, Any]:
    return {
        **_brief_v275(hypervisor),
        **_hardware(hypervisor, hypervisor.service.uuid),
        'uptime': hypervisor.uptime,
    }


def _servers(hypervisor: Hypervisor) -> dict[str, Any]:
    if hypervisor.servers is None:
        return {}
    return {
        'servers': [
            {'name': each.display_name or each.uuid, 'uuid': each.uuid}
            for each in hypervisor.servers
        ]
    }


def _servers_if_any(hypervisor: Hypervisor) -> dict[str, Any]:
    return _servers(hypervisor) if hypervisor.servers else {}


@functools.lru_cache(maxsize=1000)
def _cpu_info(text: str) -> Any:
    """Return JSON text to be written as it is.

    Many hosts have the same processor: it is checked once, and never made
    an object of. Text that is no object shows as an empty one.
    """
    try:
        if isinstance(orjson.loads(text or '{}'), dict):
            return orjson.Fragment(text or '{}')
    except orjson.JSONDecodeError:
        pass
    return {}


#: In lists, and where servers are searched for.
BRIEF: microversion.Versioned[View] = microversion.Versioned(
    {'2.1': _brief, '2.53': _brief_v253, '2.75': _brief_v275}
)

DETAIL: microversion.Versioned[View] = microversion.Versioned(
    {
        '2.1': _detail_v21,
        '2.28': _detail_v228,
        '2.53': _detail_v253,
        '2.75': _detail_v275,
        '2.88': _detail_v288,
    }
)


def statistics(
    nodes: Sequence[inventory_base.ComputeNode],
) -> Mapping[str, int]:
    """Return the sums over compute nodes."""
    usages = [_usage(node) for node in nodes]
    return {
        'count': len(nodes),
        **{
            name: sum(usage[name] or 0 for usage in usages)
            for name in USAGE_FIELDS
        },
    }
