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
        base.RULE_ANY,
        'List the availability zones, without their hosts.',
        ('GET', BASE_PATH),
    ),
    base.rule(
        DETAIL,
        base.RULE_ADMIN,
        'List the availability zones with their hosts and services.',
        ('GET', f'{BASE_PATH}/detail'),
    ),
]


def list_rules() -> list[policy.DocumentedRuleDefault]:
    return _rules
