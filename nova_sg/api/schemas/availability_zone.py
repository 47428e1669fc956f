# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

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
