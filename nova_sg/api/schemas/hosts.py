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

"""os-hosts, which is gone from microversion 2.43 on."""

from nova_sg.api import microversion
from nova_sg.api.schemas import common

PATH = microversion.Versioned({'2.1': {'host_name': common.HOST}})

INDEX_QUERY = microversion.Versioned(
    {'2.1': common.query(zone=common.many(common.STRING))}
)

INDEX_RESPONSE = microversion.Versioned(
    {
        '2.1': common.listing(
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
    }
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

SHOW_RESPONSE = microversion.Versioned(
    {'2.1': common.listing('host', common.closed({'resource': _RESOURCE}))}
)

_SWITCH = {
    'type': 'string',
    'enum': ['enable', 'disable', 'Enable', 'Disable', 'ENABLE', 'DISABLE'],
}

UPDATE = microversion.Versioned(
    {
        '2.1': {
            'type': 'object',
            'properties': {'status': _SWITCH, 'maintenance_mode': _SWITCH},
            'anyOf': [
                {'required': ['status']},
                {'required': ['maintenance_mode']},
            ],
            'additionalProperties': False,
        }
    }
)

UPDATE_RESPONSE = microversion.Versioned(
    {
        '2.1': common.closed(
            {
                'host': common.STRING,
                'status': common.STATUS,
                'maintenance_mode': {
                    'enum': ['on_maintenance', 'off_maintenance']
                },
            },
            optional=('status', 'maintenance_mode'),
        )
    }
)

POWER_RESPONSE = microversion.Versioned(
    {
        '2.1': common.closed(
            {
                'host': common.STRING,
                'power_action': {'enum': ['startup', 'shutdown', 'reboot']},
            }
        )
    }
)
