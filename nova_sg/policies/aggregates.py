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

"""Rules of what is served of os-aggregates: to read them."""

from oslo_policy import policy

from nova_sg.policies import base

BASE_PATH = '/os-aggregates'
PREFIX = f'{base.COMPUTE_API}:os-aggregates:'
INDEX = PREFIX + 'index'
SHOW = PREFIX + 'show'

_rules = [
    base.rule(
        INDEX,
        base.RULE_ADMIN,
        'List the aggregates.',
        ('GET', BASE_PATH),
    ),
    base.rule(
        SHOW,
        base.RULE_ADMIN,
        'Show an aggregate.',
        ('GET', f'{BASE_PATH}/{{aggregate_id}}'),
    ),
]


def list_rules() -> list[policy.DocumentedRuleDefault]:
    return _rules
