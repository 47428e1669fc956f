# SPDX-License-Identifier: Apache-2.0

"""A broker that is unreachable is logged once by each process."""

import time

from nova_sg import broker_log
from nova_sg.tests.fixtures import conductor
from nova_sg.tests.functional.conductor import base

#: How often the broker is unreachable.
OUTAGES = 2


class OutageLogTestCase(base.ConductorTestCase):
    """A conductor and an agent lose their broker again and again."""

    service_down_time = 60

    def setUp(self) -> None:
        super().setUp()
        started = self.start_conductor()
        self.commands = [started, self.start_agent('--host', 'c1')]

    def make_broker(self):
        return self.useFixture(conductor.UnreachableBroker())

    def lines(self, command, text):
        return [
            line
            for line in command.log.splitlines()
            if broker_log.LOGGER in line and text in line
        ]

    def wait_for_lines(self, number, text):
        for command in self.commands:
            base.wait_until(
                lambda c=command: len(self.lines(c, text)) >= number,
                f'{number} lines with {text!r}',
            )

    def test_each_outage_is_one_line_and_its_end_another(self):
        for number in range(1, OUTAGES + 1):
            self.rabbitmq.kill()
            self.wait_for_lines(number, ' ERROR ')
            # Both would try again each second; one outage is very short.
            time.sleep(3 if number == 1 else 0)
            self.rabbitmq.start()
            self.wait_for_lines(number, broker_log.BACK)
            self.wait_for_beats(1)
        for command in self.commands:
            told = self.lines(command, '')
            self.assertEqual(2 * OUTAGES, len(told), '\n'.join(told))
            for lost, back in zip(told[::2], told[1::2], strict=True):
                self.assertIn(' ERROR ', lost)
                self.assertIn(broker_log.BACK, back)
            self.assertNotIn('guest:guest', command.log)
