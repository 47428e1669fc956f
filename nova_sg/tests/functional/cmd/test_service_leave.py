# SPDX-License-Identifier: Apache-2.0


"""``service leave``: what systemd has to say when a unit has ended.

The agents here are those of a unit: systemd gives each start an id in the
environment, and runs the command with it when all processes have ended. They
would be missed a minute later; that is not waited for.
"""

import os
import socket
import time
import uuid

from nova_sg.cmd.commands import leave
from nova_sg.tests.fixtures import commands
from nova_sg.tests.functional.cmd import backends
from nova_sg.tests.functional.cmd import base


class _LeaveTests:
    """What holds for every driver.

    :cvar driver: its name
    """

    driver: str

    def setUp(self) -> None:
        super().setUp()
        self.option('SERVICEGROUP__DRIVER', self.driver)
        self.option('ZOOKEEPER__SESSION_TIMEOUT', '30')

    def begin(self) -> tuple[commands.Agent, str]:
        """Start an agent as systemd does; return it, and its invocation."""
        invocation = uuid.uuid4().hex
        agent = self.useFixture(
            commands.Agent(
                *('--host', 'c1'),
                environment=commands.environment(
                    INVOCATION_ID=invocation, **self.environment()
                ),
            )
        )
        agent.wait_until_up()
        return agent, invocation

    def environment(self) -> dict[str, str]:
        raise NotImplementedError

    def leave(self, invocation: str) -> base.Result:
        return self.run_process(
            *('service', 'leave', 'c1', 'nova-compute'),
            *('--invocation', invocation),
        )

    def assert_left(self, invocation: str, says: str) -> None:
        result = self.leave(invocation)
        self.assertEqual((0, ''), (result.code, result.err), result)
        self.assertIn(says, result.out)

    def state(self) -> str:
        return self.done(
            'service', 'list', '-f', 'value', '-c', 'State'
        ).out.strip()

    def test_a_crash_shows_at_once_and_a_late_call_changes_nothing(self):
        agent, first = self.begin()
        agent.kill()
        self.assertEqual('up', self.state())
        self.assert_left(first, '1 member(s) of this invocation taken out.\n')
        self.assertEqual('down', self.state())

        agent, second = self.begin()
        self.assert_left(first, 'no member of this invocation is left.\n')
        self.assertEqual('up', self.state())
        self.assertEqual(0, agent.stop(), agent.log)
        self.assertEqual('down', self.state())
        self.assert_left(second, 'no member of this invocation is left.\n')


class TestDatabase(_LeaveTests, base.CommandTestCase):
    driver = 'db'

    def environment(self) -> dict[str, str]:
        return {'OS_DATABASE__CONNECTION': self.url}

    def test_a_service_that_is_not_registered_is_no_error(self):
        result = self.done(
            *('service', 'leave', 'c2', 'nova-compute'),
            *('--invocation', str(uuid.uuid4())),
        )
        self.assertEqual(
            'nova-compute on host c2 is not registered.\n', result.out
        )

    def test_what_is_no_invocation_is_bad_usage(self):
        for wrong in ('', 'abc', '$INVOCATION_ID', 'g' * 32):
            result = self.manage(
                'service', 'leave', 'c1', 'nova-compute', '--invocation', wrong
            )
            self.assert_error(2, 'is no invocation', result)

    def test_a_row_that_others_beat_for_is_not_aged(self):
        agent, first = self.begin()
        self.begin()
        agent.kill()
        self.assert_left(first, 'has one row for all')
        self.assertEqual('up', self.state())

    def test_a_backend_that_does_not_answer_does_not_hold_a_unit_up(self):
        # By which the bound of a command is measured.
        self.option('SERVICEGROUP__REPORT_INTERVAL', '1')
        self.option('SERVICEGROUP__SERVICE_DOWN_TIME', '3')
        silent = socket.create_server(('127.0.0.1', 0))
        self.addCleanup(silent.close)
        self.option(
            'DATABASE__CONNECTION',
            'postgresql+psycopg2://nova@127.0.0.1:'
            f'{silent.getsockname()[1]}/nova?connect_timeout=600',
        )
        began = time.monotonic()
        result = self.leave(uuid.uuid4().hex)
        self.assert_error(5, '', result)
        self.assertLess(time.monotonic() - began, 3 * leave.PATIENCE)


class TestZooKeeper(_LeaveTests, backends.BackendsTestCase):
    driver = 'zk'

    def environment(self) -> dict[str, str]:
        return _options('OS_SERVICEGROUP__', 'OS_ZOOKEEPER__')


class TestMemcached(_LeaveTests, backends.BackendsTestCase):
    driver = 'mc'

    def setUp(self) -> None:
        super().setUp()
        self.option('SERVICEGROUP__RECORDS', 'memcached')

    def environment(self) -> dict[str, str]:
        return _options('OS_SERVICEGROUP__', 'OS_MEMCACHED__')


def _options(*prefixes: str) -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith(prefixes)
    }
