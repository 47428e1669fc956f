# SPDX-License-Identifier: Apache-2.0

"""os-hosts, which is gone from microversion 2.43 on."""

from nova_sg.api import microversion
from nova_sg.api.schemas import common

PATH = microversion.always({'host_name': common.HOST})

INDEX_QUERY = microversion.always(
    common.query(zone=common.many(common.STRING))
)

INDEX_RESPONSE = microversion.always(
    common.listing(
        'hosts',
        common.closed(
            {
                'host_name': common.STRING,
                # The topic, which not every service has.
                'service': common.STRING_OR_NULL,
                'zone': common.STRING,
            }
        ),
    )
)

_RESOURCE = common.closed(
    {
        'host': common.STRING,
        'project': common.STRING,
        'cpu': common.INTEGER,
        'memory_mb': common.INTEGER,
        'disk_gb': common.INTEGER,
    }
)

SHOW_RESPONSE = microversion.always(
    common.listing('host', common.closed({'resource': _RESOURCE}))
)

_SWITCH = {
    'type': 'string',
    'enum': ['enable', 'disable', 'Enable', 'Disable', 'ENABLE', 'DISABLE'],
}

UPDATE = microversion.always(
    {
        'type': 'object',
        'properties': {'status': _SWITCH, 'maintenance_mode': _SWITCH},
        'anyOf': [
            {'required': ['status']},
            {'required': ['maintenance_mode']},
        ],
        'additionalProperties': False,
    }
)

UPDATE_RESPONSE = microversion.always(
    common.closed(
        {
            'host': common.STRING,
            'status': common.STATUS,
            'maintenance_mode': {
                'enum': ['on_maintenance', 'off_maintenance']
            },
        },
        optional=('status', 'maintenance_mode'),
    )
)

POWER_RESPONSE = microversion.always(
    common.closed(
        {
            'host': common.STRING,
            'power_action': {'enum': ['startup', 'shutdown', 'reboot']},
        }
    )
)
