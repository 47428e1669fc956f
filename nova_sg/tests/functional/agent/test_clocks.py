# SPDX-License-Identifier: Apache-2.0

"""Wrong clocks of agents and of who lists them."""

import json

from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import databases
from nova_sg.tests.functional.agent import base

AN_HOUR = 3600

#: See test_life.
CRASH_SHOWS_WITHIN = 6.0


class ClocksTestCase(base.AgentTestCase):
    # SQLite is a library: its clock is that of the agent.
    database = databases.PostgresqlDatabase

    def listed(self, seconds_ahead):
        """Return the state of services as a command with this clock says."""
        result = commands.run(
            'nova_sg.cmd.manage',
            *('service', 'list', '-f', 'json'),
            environment=self.environment(seconds_ahead),
        )
        return {
            service['Host']: service['State']
            for service in json.loads(result.stdout)
        }

    def test_no_clock_but_the_backends_has_a_part_in_a_verdict(self):
        fast = self.begin('--host', 'fast', seconds_ahead=AN_HOUR)
        slow = self.begin('--host', 'slow', seconds_ahead=-AN_HOUR)
        fast.wait_until_up()
        slow.wait_until_up()
        self.wait_for_beats(host='slow')
        self.assertEqual({'fast': 'up', 'slow': 'up'}, self.listed(AN_HOUR))

        # Its last beat was no hour ahead.
        fast.kill()
        base.wait_until(
            lambda: not self.is_up('fast'), 'fast is down', CRASH_SHOWS_WITHIN
        )
        self.assertEqual({'fast': 'down', 'slow': 'up'}, self.listed(-AN_HOUR))
