# SPDX-License-Identifier: Apache-2.0

"""What an operator decides holds while an agent beats."""

from nova_sg.tests.functional.agent import base


class DecisionsTestCase(base.AgentTestCase):
    def test_a_disabled_service_stays_disabled_while_it_beats(self):
        self.start('--host', 'c1')
        service = self.service()
        service.disabled = True
        service.disabled_reason = 'new disks'
        service.save()
        self.wait_for_beats()
        service = self.service()
        self.assertTrue(service.disabled)
        self.assertEqual('new disks', service.disabled_reason)
        self.assertTrue(service.is_up)

    def test_a_forced_down_service_is_down_while_it_beats(self):
        self.start('--host', 'c1')
        service = self.service()
        service.forced_down = True
        service.save()
        self.wait_for_beats()
        self.assertFalse(self.is_up())
        service.forced_down = False
        service.save()
        self.assertTrue(self.is_up())

    def test_an_agent_whose_record_is_deleted_says_so_and_ends(self):
        agent = self.start('--host', 'c1')
        self.service().destroy()
        self.assertEqual(3, agent.wait())
        errors = [line for line in agent.log.splitlines() if 'ERROR' in line]
        self.assertEqual(1, len(errors), agent.log)
        self.assertIn('The record of nova-compute on host c1', errors[0])
        self.assertEqual({}, self.states())
        self.assertEqual([], self.api.inventory.compute_nodes())
