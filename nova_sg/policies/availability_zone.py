# SPDX-License-Identifier: Apache-2.0

"""Rules of os-availability-zone."""

from oslo_policy import policy

from nova_sg.policies import base

BASE_PATH = '/os-availability-zone'
PREFIX = f'{base.COMPUTE_API}:os-availability-zone:'
LIST = PREFIX + 'list'
DETAIL = PREFIX + 'detail'

_rules = [
    base.rule(
        LIST,
        'List the availability zones, without their hosts.',
        ('GET', BASE_PATH),
        check_str=base.RULE_ANY,
    ),
    base.rule(
        DETAIL,
        'List the availability zones with their hosts and services.',
        ('GET', f'{BASE_PATH}/detail'),
    ),
]


def list_rules() -> list[policy.DocumentedRuleDefault]:
    return _rules
