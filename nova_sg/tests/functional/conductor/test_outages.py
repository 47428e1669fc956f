# SPDX-License-Identifier: Apache-2.0

"""What goes away between an agent and its database, and comes back."""

import time

from nova_sg.tests.fixtures.servers import rabbitmq
from nova_sg.tests.functional.conductor import base

OUTAGE = 10.0  # seconds


class OutagesTestCase(base.ConductorTestCase):
    # What a deployment has where nobody changed it.
    report_interval = 10
    service_down_time = 60

    def make_broker(self):
        return self.useFixture(rabbitmq.RabbitmqServer())

    def setUp(self) -> None:
        super().setUp()
        self.conductor = self.start_conductor()
        self.agent = self.start_agent('--host', 'c1')

    def watch_an_outage(self, start):
        """Wait, start what is out, and see that nobody was taken for dead."""
        until = time.monotonic() + OUTAGE
        while time.monotonic() < until:
            self.assertTrue(self.is_up())
            time.sleep(0.2)
        start()
        enough = self.stored().report_count + 2
        until = time.monotonic() + base.commands.PATIENCE
        while self.stored().report_count < enough:
            self.assertTrue(self.is_up())
            self.assertLess(time.monotonic(), until, self.agent.log)
            time.sleep(0.2)
        self.assertIsNone(self.agent.exit_code, self.agent.log)

    def test_a_killed_broker_is_no_death_of_a_service(self):
        self.rabbitmq.kill()
        self.watch_an_outage(self.rabbitmq.start)

    def test_a_killed_conductor_is_no_death_of_a_service(self):
        self.conductor.kill()
        self.watch_an_outage(self.conductor.start)
