# SPDX-License-Identifier: Apache-2.0

"""The rule of the metrics of nova-sg-api, on the port of the API."""

from oslo_policy import policy

from nova_sg.policies import base

SHOW = 'nova_sg:metrics'

_rules = [
    base.rule(
        SHOW,
        'Show the metrics of nova-sg-api, for Prometheus.',
        ('GET', '/metrics'),
    ),
]


def list_rules() -> list[policy.DocumentedRuleDefault]:
    return _rules
