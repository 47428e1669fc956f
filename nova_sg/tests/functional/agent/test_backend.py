# SPDX-License-Identifier: Apache-2.0

"""An agent whose database server goes away, and comes back."""

import time

from nova_sg.tests.fixtures import databases
from nova_sg.tests.fixtures.servers import postgresql
from nova_sg.tests.functional.agent import base

OUTAGE = 3.0  # seconds


class BackendTestCase(base.AgentTestCase):
    # More than the outage, the beat that was due before, and the way back.
    service_down_time = 10

    def make_database(self):
        self.server = self.useFixture(postgresql.PostgresqlServer())
        return self.useFixture(databases.PostgresqlDatabase(self.server))

    def test_a_restart_of_the_database_server_is_no_death_of_a_service(self):
        agent = self.start('--host', 'c1')
        service = self.service()
        self.assertTrue(self.api.service_is_up(service))

        self.server.stop()
        until = time.monotonic() + OUTAGE
        while time.monotonic() < until:
            self.assertTrue(self.api.service_is_up(service))
            time.sleep(0.1)
        self.server.start()

        enough = service.report_count + 5
        while self.service().report_count < enough:
            self.assertTrue(self.is_up())
            time.sleep(0.1)
        self.assertIsNone(agent.exit_code)
        self.assertEqual(1, agent.log.count('Cannot report state'), agent.log)
        self.assertEqual(1, agent.log.count('Recovered'), agent.log)
        self.assertEqual(3, len(agent.log.splitlines()), agent.log)

    def test_an_agent_can_be_stopped_while_its_database_is_away(self):
        agent = self.start('--host', 'c1')
        self.server.stop()
        self.assertEqual(0, agent.stop(), agent.log)
        self.assertIn('Cannot leave', agent.log)
        self.server.start()
