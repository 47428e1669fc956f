# SPDX-License-Identifier: Apache-2.0

"""Whether policy allows a caller what it asks for."""

from oslo_config import cfg
from oslo_policy import policy

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg import policies


class Enforcer:
    """The rules of nova_sg, as a deployment's policy file changes them.

    :raises InvalidConfiguration: the policy file cannot be used
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._enforcer = policy.Enforcer(conf)
        self._enforcer.register_defaults(list(policies.list_rules()))
        try:
            self._enforcer.load_rules()
        except Exception as error:
            raise _unusable(error) from error

    def authorize(self, context: sg_context.RequestContext, rule: str) -> None:
        """Refuse the caller if a rule forbids the operation.

        :param rule: its whole name
        :raises InvalidConfiguration: the policy file has changed, and cannot
            be used. Where it could be read, that is said once, and the rules
            from before stay in force.
        :raises PolicyNotAuthorized: naming the rule
        """
        try:
            allowed = self._enforcer.authorize(rule, {}, context)
        except policy.InvalidScope:
            # A token of the whole system, where one of a project is asked
            # for.
            allowed = False
        except (cfg.Error, OSError, ValueError) as error:
            raise _unusable(error) from error
        if not allowed:
            raise exception.PolicyNotAuthorized(action=rule)


def _unusable(error: Exception) -> exception.InvalidConfiguration:
    return exception.InvalidConfiguration(
        option='[oslo_policy] policy_file',
        reason=' '.join(str(error).split()),
    )
