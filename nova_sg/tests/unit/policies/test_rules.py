# SPDX-License-Identifier: Apache-2.0

"""Rules a deployment's policy.yaml may override, as it does for nova."""

import fixtures
from oslo_config import cfg
from oslo_policy import generator
from oslo_policy import policy
from oslotest import base
import testscenarios

from nova_sg import context
from nova_sg import policies

load_tests = testscenarios.load_tests_apply_scenarios

ADMIN = {'roles': ['admin'], 'project_id': 'p1'}
READER = {'roles': ['reader'], 'project_id': 'p1'}

#: nova 34's names, and whether nova lets anybody in.
RULES = {
    'os_compute_api:os-aggregates:index': False,
    'os_compute_api:os-aggregates:show': False,
    'os_compute_api:os-services:list': False,
    'os_compute_api:os-services:update': False,
    'os_compute_api:os-services:delete': False,
    'os_compute_api:os-hosts:list': False,
    'os_compute_api:os-hosts:show': False,
    'os_compute_api:os-hosts:update': False,
    'os_compute_api:os-hosts:reboot': False,
    'os_compute_api:os-hosts:shutdown': False,
    'os_compute_api:os-hosts:start': False,
    'os_compute_api:os-hypervisors:list': False,
    'os_compute_api:os-hypervisors:list-detail': False,
    'os_compute_api:os-hypervisors:statistics': False,
    'os_compute_api:os-hypervisors:show': False,
    'os_compute_api:os-hypervisors:uptime': False,
    'os_compute_api:os-hypervisors:search': False,
    'os_compute_api:os-hypervisors:servers': False,
    'os_compute_api:os-availability-zone:list': True,
    'os_compute_api:os-availability-zone:detail': False,
}

#: What nova has no rule for.
OURS = {'nova_sg:metrics'}


class PolicyTestCase(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.conf = cfg.ConfigOpts()
        self.conf([], default_config_files=[], default_config_dirs=[])
        self.enforcer = policy.Enforcer(self.conf)
        self.enforcer.register_defaults(policies.list_rules())

    def passes(self, rule, **who):
        return self.enforcer.authorize(rule, {}, context.RequestContext(**who))


class TestRules(PolicyTestCase):
    def test_they_are_novas_and_few_others(self):
        names = {rule.name for rule in policies.list_rules()}
        self.assertEqual({*RULES, *OURS, 'context_is_admin'}, names)

    def test_each_says_what_it_guards(self):
        for rule in policies.list_rules():
            if rule.name != 'context_is_admin':
                self.assertTrue(rule.operations, rule.name)
                self.assertTrue(rule.description.endswith('.'), rule.name)

    def test_a_sample_can_be_made(self):
        path = self.useFixture(fixtures.TempDir()).join('policy.yaml')
        generator.generate_sample(
            ['--namespace', 'nova_sg', '--output-file', path],
            cfg.ConfigOpts(),
        )
        with open(path) as sample:
            text = sample.read()
        for name in RULES:
            self.assertIn(f'#"{name}": ', text)


class TestWhoPasses(PolicyTestCase):
    scenarios = [
        (name, {'rule': name, 'anybody': anybody})
        for name, anybody in RULES.items()
    ]

    def test_an_admin_passes(self):
        self.assertTrue(self.passes(self.rule, **ADMIN))

    def test_a_reader_passes_where_anybody_does(self):
        self.assertEqual(self.anybody, self.passes(self.rule, **READER))
