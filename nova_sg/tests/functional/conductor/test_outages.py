# SPDX-License-Identifier: Apache-2.0

"""What goes away between an agent and its database, and comes back."""

import contextlib
import os
import threading
import time

from nova_sg import exception
from nova_sg import objects
from nova_sg.tests.functional.conductor import base

OUTAGE = 5.0  # seconds


class OutagesTestCase(base.ConductorTestCase):
    report_interval = 5
    # A broker starts meanwhile also on a machine that has other work.
    service_down_time = 120

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


class FlappingTestCase(base.ConductorTestCase):
    """Reads of the database fail now and then, and a service dies."""

    service_down_time = 3

    def setUp(self) -> None:
        super().setUp()
        self.service()
        records, _ = self.api.list(self.context)
        (self.handle,) = self.api.join_many(self.context, records)

    def state(self) -> str:
        """Return how a list shows the service; in vain that is unknown."""
        with contextlib.suppress(exception.ServiceGroupUnavailable):
            (listed,) = objects.ServiceGroupServiceList.get_all(self.context)
            return listed.state
        return 'unknown'

    def flap(self) -> None:
        """Take the database away for a moment, again and again."""
        there = os.path.dirname(self.url.removeprefix('sqlite:///'))
        over = threading.Event()

        def run() -> None:
            while not over.wait(1.7):
                os.rename(there, f'{there}.away')
                # For so long that a read is given up.
                over.wait(0.8)
                os.rename(f'{there}.away', there)

        flapping = threading.Thread(target=run)
        flapping.start()
        self.addCleanup(flapping.join)
        self.addCleanup(over.set)

    def test_a_dead_service_is_down_soon(self):
        self.assertEqual('up', self.state())
        self.flap()
        base.wait_until(lambda: self.state() == 'down', 'it is down', 20)

    def test_through_a_conductor_a_dead_service_is_down_soon(self):
        self.start_conductor()
        self.handle.beat(self.context)
        with self.remotely():
            self.assertEqual('up', self.state())
            self.flap()
            base.wait_until(lambda: self.state() == 'down', 'it is down', 20)
