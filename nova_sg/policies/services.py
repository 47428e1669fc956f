# SPDX-License-Identifier: Apache-2.0

"""Rules of os-services."""

from oslo_policy import policy

from nova_sg.policies import base

BASE_PATH = '/os-services'
PREFIX = f'{base.COMPUTE_API}:os-services:'
LIST = PREFIX + 'list'
UPDATE = PREFIX + 'update'
DELETE = PREFIX + 'delete'

_rules = [
    base.rule(
        LIST,
        'List the services, with their status and state.',
        ('GET', BASE_PATH),
    ),
    base.rule(
        UPDATE,
        'Enable, disable or force down a service.',
        ('PUT', f'{BASE_PATH}/enable'),
        ('PUT', f'{BASE_PATH}/disable'),
        ('PUT', f'{BASE_PATH}/disable-log-reason'),
        ('PUT', f'{BASE_PATH}/force-down'),
        ('PUT', f'{BASE_PATH}/{{service_id}}'),
    ),
    base.rule(
        DELETE, 'Delete a service.', ('DELETE', f'{BASE_PATH}/{{service_id}}')
    ),
]


def list_rules() -> list[policy.DocumentedRuleDefault]:
    return _rules
