# SPDX-License-Identifier: Apache-2.0

"""Several workers of one service."""

from nova_sg.tests.functional.agent import base


class WorkersTestCase(base.AgentTestCase):
    def test_agents_of_one_name_are_workers_of_one_service(self):
        workers = [self.begin('--host', 'c1') for _ in range(3)]
        for worker in workers:
            worker.wait_until_up()
        self.assertEqual({'c1': True}, self.states())
        self.assertEqual(1, len(self.api.inventory.compute_nodes()))

        # The first to leave does not take the others along.
        self.assertEqual(0, workers[0].stop())
        self.assertTrue(self.is_up())
        workers[1].kill()
        self.wait_for_beats(base.SERVICE_DOWN_TIME + 1)
        self.assertTrue(self.is_up())
