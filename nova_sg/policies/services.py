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
        base.RULE_ADMIN,
        'List the services, with their status and state.',
        ('GET', BASE_PATH),
    ),
    base.rule(
        UPDATE,
        base.RULE_ADMIN,
        'Enable, disable or force down a service.',
        ('PUT', f'{BASE_PATH}/enable'),
        ('PUT', f'{BASE_PATH}/disable'),
        ('PUT', f'{BASE_PATH}/disable-log-reason'),
        ('PUT', f'{BASE_PATH}/force-down'),
        ('PUT', f'{BASE_PATH}/{{service_id}}'),
    ),
    base.rule(
        DELETE,
        base.RULE_ADMIN,
        'Delete a service.',
        ('DELETE', f'{BASE_PATH}/{{service_id}}'),
    ),
]


def list_rules() -> list[policy.DocumentedRuleDefault]:
    return _rules
