# SPDX-License-Identifier: Apache-2.0

"""Rules of os-hypervisors.

``search`` and ``servers`` guard what is served before microversion 2.53,
``statistics`` and ``uptime`` what is served before 2.88; from then on the
query of a list and the body of show carry what they gave.
"""

from oslo_policy import policy

from nova_sg.policies import base

BASE_PATH = '/os-hypervisors'
PREFIX = f'{base.COMPUTE_API}:os-hypervisors:'
LIST = PREFIX + 'list'
LIST_DETAIL = PREFIX + 'list-detail'
SHOW = PREFIX + 'show'
STATISTICS = PREFIX + 'statistics'
UPTIME = PREFIX + 'uptime'
SEARCH = PREFIX + 'search'
SERVERS = PREFIX + 'servers'

_rules = [
    base.rule(LIST, 'List the hypervisors.', ('GET', BASE_PATH)),
    base.rule(
        LIST_DETAIL,
        'List the hypervisors with their details.',
        ('GET', f'{BASE_PATH}/detail'),
    ),
    base.rule(
        SHOW, 'Show a hypervisor.', ('GET', f'{BASE_PATH}/{{hypervisor_id}}')
    ),
    base.rule(
        STATISTICS,
        'Show the sums over all hypervisors.',
        ('GET', f'{BASE_PATH}/statistics'),
    ),
    base.rule(
        UPTIME,
        'Show how long a hypervisor has been up.',
        ('GET', f'{BASE_PATH}/{{hypervisor_id}}/uptime'),
    ),
    base.rule(
        SEARCH,
        'Find hypervisors by a part of their host name.',
        ('GET', f'{BASE_PATH}/{{hypervisor_hostname_pattern}}/search'),
    ),
    base.rule(
        SERVERS,
        'List the servers on the hypervisors found by their host name.',
        ('GET', f'{BASE_PATH}/{{hypervisor_hostname_pattern}}/servers'),
    ),
]


def list_rules() -> list[policy.DocumentedRuleDefault]:
    return _rules
