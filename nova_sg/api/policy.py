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

"""Whether who asks may do what they ask for."""

from oslo_config import cfg
from oslo_policy import policy

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg import policies


class Enforcer:
    """The rules of nova_sg, as a deployment's policy file changes them.

    :param conf: a loaded configuration
    :raises InvalidConfiguration: the policy file cannot be used
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._enforcer = policy.Enforcer(conf)
        self._enforcer.register_defaults(policies.list_rules())
        try:
            self._enforcer.load_rules()
        except Exception as error:
            raise exception.InvalidConfiguration(
                option='[oslo_policy] policy_file',
                reason=' '.join(str(error).split()),
            ) from error

    def authorize(self, context: sg_context.RequestContext, rule: str) -> None:
        """Refuse whoever a rule does not let pass.

        :param rule: its whole name
        :raises PolicyNotAuthorized: naming the rule
        """
        try:
            allowed = self._enforcer.authorize(rule, {}, context)
        except policy.InvalidScope:
            # A token of the whole system, where one of a project is asked
            # for.
            allowed = False
        if not allowed:
            raise exception.PolicyNotAuthorized(action=rule)
