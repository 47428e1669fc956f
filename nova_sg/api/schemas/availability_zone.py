# SPDX-License-Identifier: Apache-2.0

"""os-availability-zone."""

from nova_sg.api import microversion
from nova_sg.api.schemas import common

QUERY = common.NO_QUERY

_STATE = common.closed({'available': common.BOOLEAN})


def _response(hosts: common.Schema) -> microversion.Versioned[common.Schema]:
    """Return the schema of an answer with these hosts of each zone."""
    zone = {'zoneName': common.STRING, 'zoneState': _STATE, 'hosts': hosts}
    return microversion.always(
        common.listing('availabilityZoneInfo', common.closed(zone))
    )


INDEX_RESPONSE = _response({'type': 'null'})

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

DETAIL_RESPONSE = _response(_HOSTS)
