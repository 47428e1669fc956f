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
from nova_sg.policies import services


def list_rules() -> Iterator[policy.RuleDefault]:
    """Return the defaults of every rule of nova_sg."""
    return itertools.chain(
        base.list_rules(),
        aggregates.list_rules(),
        availability_zone.list_rules(),
        hosts.list_rules(),
        hypervisors.list_rules(),
        services.list_rules(),
    )
