# SPDX-License-Identifier: Apache-2.0


"""What REST answered, as facts that are compared between the sides.

Runs in this project's environment and in nova's.
"""

import collections
from collections.abc import Iterable
import json
import subprocess
import sys
from typing import Any

#: The microversion that is asked for.
MICROVERSION = 'compute 2.87'

Facts = dict[str, Any]


def found_elsewhere(path: str, body: Iterable[bytes]) -> Facts:
    """Return what an answer says, which another process finds out.

    To parse an answer takes more memory than to make it, and the memory of
    this process is measured. It is not forked: nova-sg closes a file of
    SQLite before a fork, and the next request would open it anew.

    :param path: see :func:`facts`
    :param body: its parts
    """
    with subprocess.Popen(
        [sys.executable, '-m', __name__, path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.writelines(body)
        process.stdin.close()
        found: Facts = json.load(process.stdout)
    return found


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


if __name__ == '__main__':
    json.dump(facts(sys.argv[1], sys.stdin.buffer.read()), sys.stdout)
