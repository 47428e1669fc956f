# SPDX-License-Identifier: Apache-2.0

"""os-hypervisors."""

from typing import Any

from nova_sg.api import microversion
from nova_sg.api.schemas import common

PATH = microversion.Versioned(
    {
        '2.1': {'hypervisor_id': common.ID},
        '2.53': {'hypervisor_id': common.UUID},
    }
)

_PAGE: dict[str, Any] = {
    'limit': common.many(common.COUNT),
    'marker': common.many(common.STRING),
}

#: The queries of both lists.
INDEX_QUERY = microversion.Versioned(
    {
        '2.1': common.query(),
        '2.33': common.query(**_PAGE),
        '2.53': common.query(
            strict=True,
            limit=common.once(common.COUNT),
            marker=common.once(common.STRING),
            hypervisor_hostname_pattern=common.once(common.HOST),
            with_servers=common.once(common.FLAG),
        ),
    }
)

SHOW_QUERY = microversion.Versioned(
    {
        '2.1': common.query(),
        '2.53': common.query(
            strict=True, with_servers=common.once(common.FLAG)
        ),
    }
)

_SERVERS = {
    'type': 'array',
    'items': common.closed({'name': common.STRING, 'uuid': common.UUID}),
}

#: Shown where they are asked for.
_OPTIONAL = ('servers',)

_HYPERVISOR = {
    'id': common.INTEGER,
    'hypervisor_hostname': common.STRING,
    'state': common.STATE_OR_UNKNOWN,
    'status': common.STATUS,
}
_HYPERVISOR_V253 = {
    **_HYPERVISOR,
    'id': common.UUID,
    'servers': _SERVERS,
}

_SERVICE = {
    'id': common.INTEGER,
    'host': common.STRING,
    'disabled_reason': common.STRING_OR_NULL,
}
_SERVICE_V253 = {**_SERVICE, 'id': common.UUID}

_HARDWARE = {
    'hypervisor_type': common.STRING,
    'hypervisor_version': common.INTEGER,
    'host_ip': common.STRING_OR_NULL,
}

#: What placement knows, too; gone in 2.88.
_USAGE = {
    'vcpus': common.INTEGER,
    'memory_mb': common.INTEGER,
    'local_gb': common.INTEGER,
    'vcpus_used': common.INTEGER,
    'memory_mb_used': common.INTEGER,
    'local_gb_used': common.INTEGER,
    'free_ram_mb': common.INTEGER,
    'free_disk_gb': common.INTEGER,
    'current_workload': common.INTEGER,
    'running_vms': common.INTEGER,
    'disk_available_least': common.INTEGER_OR_NULL,
}
_CPU_INFO_V228 = {'type': 'object', 'additionalProperties': True}

_DETAIL = {
    **_HYPERVISOR,
    **_HARDWARE,
    **_USAGE,
    'cpu_info': common.STRING,
    'service': common.closed(_SERVICE),
}
_DETAIL_V228 = {**_DETAIL, 'cpu_info': _CPU_INFO_V228}
_DETAIL_V253 = {
    **_DETAIL_V228,
    **_HYPERVISOR_V253,
    'service': common.closed(_SERVICE_V253),
}
_DETAIL_V288 = {
    **_HYPERVISOR_V253,
    **_HARDWARE,
    'uptime': common.STRING_OR_NULL,
    'service': common.closed(_SERVICE_V253),
}

_LINKS = {
    'type': 'array',
    'items': common.closed({'rel': {'const': 'next'}, 'href': common.STRING}),
    'minItems': 1,
    'maxItems': 1,
}


def _listing(
    properties: common.Schema, *, links: bool = False
) -> common.Schema:
    more = {'hypervisors_links': _LINKS} if links else {}
    return common.listing(
        'hypervisors', common.closed(properties, optional=_OPTIONAL), **more
    )


def _one(properties: common.Schema) -> common.Schema:
    return common.closed(
        {'hypervisor': common.closed(properties, optional=_OPTIONAL)}
    )


INDEX_RESPONSE = microversion.Versioned(
    {
        '2.1': _listing(_HYPERVISOR),
        '2.33': _listing(_HYPERVISOR, links=True),
        '2.53': _listing(_HYPERVISOR_V253, links=True),
    }
)

DETAIL_RESPONSE = microversion.Versioned(
    {
        '2.1': _listing(_DETAIL),
        '2.28': _listing(_DETAIL_V228),
        '2.33': _listing(_DETAIL_V228, links=True),
        '2.53': _listing(_DETAIL_V253, links=True),
        '2.88': _listing(_DETAIL_V288, links=True),
    }
)

SHOW_RESPONSE = microversion.Versioned(
    {
        '2.1': _one(_DETAIL),
        '2.28': _one(_DETAIL_V228),
        '2.53': _one(_DETAIL_V253),
        '2.88': _one(_DETAIL_V288),
    }
)

_UPTIME = {'uptime': common.STRING}

UPTIME_RESPONSE = microversion.Versioned(
    {
        '2.1': _one({**_HYPERVISOR, **_UPTIME}),
        '2.53': _one({**_HYPERVISOR_V253, **_UPTIME}),
    }
)

SEARCH_RESPONSE = microversion.always(_listing(_HYPERVISOR))

SERVERS_RESPONSE = microversion.always(
    _listing({**_HYPERVISOR, 'servers': _SERVERS})
)

STATISTICS_RESPONSE = microversion.always(
    common.closed(
        {
            'hypervisor_statistics': common.closed(
                {
                    'count': common.INTEGER,
                    **_USAGE,
                    'disk_available_least': common.INTEGER,
                }
            )
        }
    )
)
