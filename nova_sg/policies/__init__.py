# SPDX-License-Identifier: Apache-2.0

"""Who may do what: one module per API, under nova's own rule names.

An override in a deployment's ``policy.yaml`` reads as it does for nova.
"""

from collections.abc import Iterator
import itertools

from oslo_policy import policy

from nova_sg.policies import aggregates
from nova_sg.policies import availability_zone
from nova_sg.policies import base
from nova_sg.policies import hosts
from nova_sg.policies import hypervisors
from nova_sg.policies import metrics
from nova_sg.policies import services


def list_rules() -> Iterator[policy.RuleDefault]:
    """Return the defaults of every rule of nova_sg."""
    return itertools.chain(
        base.list_rules(),
        aggregates.list_rules(),
        availability_zone.list_rules(),
        hosts.list_rules(),
        hypervisors.list_rules(),
        metrics.list_rules(),
        services.list_rules(),
    )
