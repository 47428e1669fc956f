# SPDX-License-Identifier: Apache-2.0

"""os-availability-zone."""

from nova_sg.api import microversion
from nova_sg.api.schemas import common

QUERY = microversion.Versioned(
    {'2.1': common.query(), '2.102': common.query(strict=True)}
)

_STATE = common.closed({'available': common.BOOLEAN})

INDEX_RESPONSE = microversion.Versioned(
    {
        '2.1': common.listing(
            'availabilityZoneInfo',
            common.closed(
                {
                    'zoneName': common.STRING,
                    'zoneState': _STATE,
                    'hosts': {'type': 'null'},
                }
            ),
        )
    }
)

_SERVICE = common.closed(
    {
        'available': common.BOOLEAN,
        'active': common.BOOLEAN,
        'updated_at': common.TIME_OR_NULL,
    }
)

#: By host, and there by binary.
_HOSTS = {
    'type': ['object', 'null'],
    'additionalProperties': {
        'type': 'object',
        'additionalProperties': _SERVICE,
    },
}

DETAIL_RESPONSE = microversion.Versioned(
    {
        '2.1': common.listing(
            'availabilityZoneInfo',
            common.closed(
                {
                    'zoneName': common.STRING,
                    'zoneState': _STATE,
                    'hosts': _HOSTS,
                }
            ),
        )
    }
)
