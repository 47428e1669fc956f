# SPDX-License-Identifier: Apache-2.0


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
