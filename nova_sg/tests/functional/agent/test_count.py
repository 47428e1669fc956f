# SPDX-License-Identifier: Apache-2.0

"""Many simulated hosts in one agent."""

from nova_sg.tests.functional.agent import base

NUMBER = 200
HOSTS = [f'sim-{number:04d}' for number in range(NUMBER)]


class CountTestCase(base.AgentTestCase):
    def test_one_agent_stands_for_many_hosts_and_takes_all_along(self):
        agent = self.start('--host', 'sim', '--count', str(NUMBER))
        self.assertIn(
            'nova-compute on 200 hosts, sim-0000 to sim-0199, is up', agent.log
        )
        self.assertEqual(dict.fromkeys(HOSTS, True), self.states())
        nodes = self.api.inventory.compute_nodes()
        self.assertEqual(HOSTS, sorted(node.host for node in nodes))
        self.assertEqual({'fake'}, {node.hypervisor_type for node in nodes})

        self.wait_for_beats(host=HOSTS[0])
        self.wait_for_beats(host=HOSTS[-1])
        self.assertEqual(0, agent.stop())
        self.assertEqual(dict.fromkeys(HOSTS, False), self.states())

        # Again, with the same names: the same services.
        before = {self.service(host).uuid for host in HOSTS[::50]}
        self.service(HOSTS[7]).destroy()
        again = self.start('--host', 'sim', '--count', str(NUMBER))
        self.assertEqual(dict.fromkeys(HOSTS, True), self.states())
        after = {self.service(host).uuid for host in HOSTS[::50]}
        self.assertEqual(before, after)

        # It stays for the others when one is deleted.
        self.service(HOSTS[8]).destroy()
        base.wait_until(
            lambda: 'The record of nova-compute on host sim-0008' in again.log,
            'the agent notices',
        )
        self.wait_for_beats(host=HOSTS[9])
        self.assertIsNone(again.exit_code)
