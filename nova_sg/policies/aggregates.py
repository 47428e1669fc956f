# SPDX-License-Identifier: Apache-2.0

"""Rules of what is served of os-aggregates: to read them."""

from oslo_policy import policy

from nova_sg.policies import base

BASE_PATH = '/os-aggregates'
PREFIX = f'{base.COMPUTE_API}:os-aggregates:'
INDEX = PREFIX + 'index'
SHOW = PREFIX + 'show'

_rules = [
    base.rule(INDEX, 'List the aggregates.', ('GET', BASE_PATH)),
    base.rule(
        SHOW, 'Show an aggregate.', ('GET', f'{BASE_PATH}/{{aggregate_id}}')
    ),
]


def list_rules() -> list[policy.DocumentedRuleDefault]:
    return _rules
