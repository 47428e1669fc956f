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


"""What REST answered, as facts that are compared between the sides.

Runs in this project's environment and in nova's.
"""

import collections
import json
from typing import Any

#: The microversion that is asked for.
MICROVERSION = 'compute 2.87'

Facts = dict[str, Any]


def facts(path: str, body: bytes) -> Facts:
    """Return what an answer says.

    :param path: what was asked for, below ``/v2.1``
    """
    answer = json.loads(body)
    match path.partition('?')[0]:
        case '/os-services':
            return _services(answer['services'])
        case '/os-hypervisors' | '/os-hypervisors/detail':
            hypervisors = answer['hypervisors']
            return {'hypervisors': len(hypervisors), **_states(hypervisors)}
        case '/os-availability-zone/detail':
            zones = answer['availabilityZoneInfo']
            # Not those of each: others are disabled before each sample.
            return {
                'zones': sorted(zone['zoneName'] for zone in zones),
                'hosts': sum(len(zone['hosts'] or ()) for zone in zones),
            }
    raise ValueError(f'nothing is known of {path}')


def _services(services: list[Any]) -> Facts:
    return {
        'services': len(services),
        'zones': collections.Counter(each['zone'] for each in services),
        **_states(services),
    }


def _states(each_of: list[Any]) -> Facts:
    return {
        'states': collections.Counter(each['state'] for each in each_of),
        'statuses': collections.Counter(each['status'] for each in each_of),
    }
