# SPDX-License-Identifier: Apache-2.0

"""Rules of os-hosts, which is served before microversion 2.43."""

from oslo_policy import policy

from nova_sg.policies import base

BASE_PATH = '/os-hosts'
HOST_PATH = f'{BASE_PATH}/{{host_name}}'
PREFIX = f'{base.COMPUTE_API}:os-hosts:'
LIST = PREFIX + 'list'
SHOW = PREFIX + 'show'
UPDATE = PREFIX + 'update'
REBOOT = PREFIX + 'reboot'
SHUTDOWN = PREFIX + 'shutdown'
# The path says startup, nova's rule says start.
START = PREFIX + 'start'

_rules = [
    base.rule(
        LIST,
        'List the hosts that have an enabled service.',
        ('GET', BASE_PATH),
    ),
    base.rule(
        SHOW,
        'Show the resources of a host, in total and by project.',
        ('GET', HOST_PATH),
    ),
    base.rule(
        UPDATE,
        'Enable or disable a host, or put it into maintenance mode.',
        ('PUT', HOST_PATH),
    ),
    base.rule(REBOOT, 'Reboot a host.', ('GET', f'{HOST_PATH}/reboot')),
    base.rule(SHUTDOWN, 'Shut down a host.', ('GET', f'{HOST_PATH}/shutdown')),
    base.rule(START, 'Start up a host.', ('GET', f'{HOST_PATH}/startup')),
]


def list_rules() -> list[policy.DocumentedRuleDefault]:
    return _rules
