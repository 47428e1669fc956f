# SPDX-License-Identifier: Apache-2.0

"""What the rules of every API are made of."""

from oslo_policy import policy

#: Prefix of every rule name; the rest is ``<API>:<action>``.
COMPUTE_API = 'os_compute_api'

RULE_ADMIN = 'rule:context_is_admin'
RULE_ANY = '@'

#: The compute API asks for a token of a project, an operator's too.
SCOPE_TYPES = ['project']

_rules = [
    policy.RuleDefault(
        name='context_is_admin',
        check_str='role:admin',
        description='An admin, to the rules of the APIs.',
    ),
]


def rule(
    name: str,
    description: str,
    *operations: tuple[str, str],
    check_str: str = RULE_ADMIN,
) -> policy.DocumentedRuleDefault:
    """Return a rule as the policy sample documents it.

    :param name: the whole name of the rule
    :param description: what the rule allows, a sentence
    :param operations: the (method, path) pairs that it guards
    :param check_str: the default rule, which a policy file may override
    """
    return policy.DocumentedRuleDefault(
        name=name,
        check_str=check_str,
        description=description,
        operations=[
            {'method': method, 'path': path} for method, path in operations
        ],
        scope_types=SCOPE_TYPES,
    )


def list_rules() -> list[policy.RuleDefault]:
    return _rules
