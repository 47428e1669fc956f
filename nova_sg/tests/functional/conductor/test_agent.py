# SPDX-License-Identifier: Apache-2.0

"""Agents that have no database, and what they reach one through."""

import json

from nova_sg.tests.fixtures import commands
from nova_sg.tests.functional.conductor import base


class AgentTestCase(base.ConductorTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.start_conductor()

    def manage(self, *arguments):
        """Run nova-sg-manage without a database, and return what it says."""
        return commands.run(
            'nova_sg.cmd.manage',
            *arguments,
            environment=self.remote_environment(),
        )

    def test_it_registers_lists_beats_and_leaves(self):
        agent = self.start_agent('--host', 'c1', '--zone', 'az1')
        service = self.stored()
        self.assertIsNone(service.updated_at)
        [node] = self.api.inventory.compute_nodes('c1')
        self.assertEqual('host', node.hypervisor_type)
        self.assertEqual({'c1': 'az1'}, self.api.inventory.zones())
        self.wait_for_beats()

        listed = self.manage('service', 'list', '-f', 'json')
        self.assertEqual('', listed.stderr)
        [row] = json.loads(listed.stdout)
        self.assertEqual(
            [service.uuid, 'c1', 'az1', 'up'],
            [row[name] for name in ('ID', 'Host', 'Zone', 'State')],
        )

        # It shows at once that one leaves.
        self.assertEqual(0, agent.stop(), agent.log)
        self.assertFalse(self.is_up())

    def test_what_an_operator_does_needs_no_database_either(self):
        self.service()
        disabled = self.manage(
            'service', 'disable', '--reason', 'disk', 'c1', 'nova-compute'
        )
        self.assertEqual((0, ''), (disabled.returncode, disabled.stderr))
        self.assertEqual('disk', self.stored().disabled_reason)
        missing = self.manage('service', 'enable', 'c9', 'nova-compute')
        self.assertEqual(3, missing.returncode)
        self.assertIn('Could not find binary nova-compute', missing.stderr)
        described = self.manage(
            'service', 'describe-resource', 'c1', '-f', 'json'
        )
        self.assertEqual(
            ['(total)', '(used_now)', '(used_max)'],
            [row['Project'] for row in json.loads(described.stdout)],
        )

    def test_the_first_of_two_workers_to_leave_leaves_the_other(self):
        first = self.start_agent('--host', 'c1')
        self.start_agent('--host', 'c1')
        self.assertEqual(0, first.stop(), first.log)
        self.assertTrue(self.is_up())
        self.wait_for_beats()

    def test_an_agent_whose_record_is_deleted_says_so_and_ends(self):
        agent = self.start_agent('--host', 'c1')
        self.stored().destroy()
        self.assertEqual(3, agent.wait())
        self.assertIn('The record of nova-compute on host c1', agent.log)

    def test_one_agent_stands_for_many_hosts(self):
        self.start_agent('--host', 'sim', '--count', '50')
        self.wait_for_beats(host='sim-0049')


class ConfigurationTestCase(base.ConductorTestCase):
    def test_an_agent_of_another_deployment_is_refused(self):
        self.start_conductor()
        result = commands.run(
            'nova_sg.cmd.agent',
            '--remote',
            environment=self.remote_environment(
                OS_SERVICEGROUP__DRIVER='mc', OS_INVENTORY__BACKEND='none'
            ),
        )
        self.assertEqual(4, result.returncode, result.stderr)
        self.assertIn('driver = db', result.stderr)
        self.assertIn('driver = mc', result.stderr)

    def test_without_a_conductor_an_agent_says_who_does_not_answer(self):
        result = commands.run(
            'nova_sg.cmd.agent',
            '--remote',
            environment=self.remote_environment(
                OS_DEFAULT__RPC_RESPONSE_TIMEOUT='1'
            ),
        )
        self.assertEqual(5, result.returncode)
        self.assertIn(
            'nova-sg-conductor over rabbit://127.0.0.1:', result.stderr
        )
        self.assertIn('no answer', result.stderr)
        self.assertNotIn('guest', result.stderr)

    def test_without_a_broker_it_says_so_and_hangs_for_nobody(self):
        nowhere = {'OS_DEFAULT__TRANSPORT_URL': 'rabbit://me:secret@[::1]:1'}
        for module, arguments in (
            ('nova_sg.cmd.agent', ('--remote',)),
            ('nova_sg.cmd.manage', ('service', 'list')),
            ('nova_sg.cmd.manage', ('conductor', 'check')),
        ):
            result = commands.run(
                module,
                *arguments,
                environment=self.remote_environment() | nowhere,
            )
            self.assertEqual(5, result.returncode, result.stderr)
            [line] = result.stderr.splitlines()
            self.assertIn('nova-sg-conductor over rabbit://', line)
            self.assertNotIn('secret', line)
