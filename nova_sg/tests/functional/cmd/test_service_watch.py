# SPDX-License-Identifier: Apache-2.0

"""``nova-sg-manage service watch``, as a program and as a user see it."""

import json
import signal
import subprocess
import sys
from typing import Any

from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import databases
from nova_sg.tests.fixtures import terminal
from nova_sg.tests.fixtures.servers import postgresql
from nova_sg.tests.functional.agent import base

WATCH = ('service', 'watch', '--interval', '0.2')


class WatchTestCase(base.AgentTestCase):
    # An agent that leaves is down at once; none is to be missed here.
    service_down_time = 60

    def watch(self, *words: str) -> commands.Command:
        """Start the command; return it when it has read the services."""
        command = self.useFixture(
            commands.Command(
                'nova_sg.cmd.manage',
                *WATCH,
                *words,
                environment=self.environment(),
            )
        )
        command.wait_to_say('watching')
        return command

    def wait_for(
        self, command: commands.Command, number: int
    ) -> list[tuple[str, Any, Any]]:
        """Return the events of a stream of JSON, when there are so many."""
        commands.wait_until(
            lambda: command.log.count('\n') > number, f'{number} events'
        )
        lines = [json.loads(each) for each in command.log.splitlines()[1:]]
        return [(each['event'], each['from'], each['to']) for each in lines]


class TestLines(WatchTestCase):
    def test_a_program_is_told_each_change_once(self):
        agent = self.start('--host', 'c1')
        command = self.watch('--json-lines')
        begun = json.loads(command.log)
        self.assertEqual(
            ('watching', 1, 1),
            (begun['event'], begun['services'], begun['up']),
        )
        agent.stop()
        expected = [('state', 'up', 'down')]
        self.assertEqual(expected, self.wait_for(command, 1))
        told = json.loads(command.log.splitlines()[-1])
        self.assertEqual('stopped', told['reason'])
        self.assertIsNotNone(told['last_seen'])
        service = self.service()
        service.disabled, service.disabled_reason = True, 'disk'
        service.save()
        expected.append(('status', 'enabled', 'disabled'))
        self.assertEqual(expected, self.wait_for(command, 2))
        last = json.loads(command.log.splitlines()[-1])
        self.assertEqual(
            ('disk', 'c1', 'nova-compute', 'nova', service.uuid),
            tuple(
                last[name]
                for name in ('reason', 'host', 'binary', 'zone', 'id')
            ),
        )
        self.start('--host', 'c2')
        expected.append(('added', None, 'up'))
        self.assertEqual(expected, self.wait_for(command, 3))
        service.destroy()
        expected.append(('deleted', 'down', None))
        self.assertEqual(expected, self.wait_for(command, 4))
        # As a shell shows a process that was interrupted.
        self.assertEqual(130, command.stop(signal.SIGINT))

    def test_only_what_the_filters_let_through(self):
        self.start('--host', 'c1')
        command = self.watch('--json-lines', '--host', 'c2')
        self.assertEqual(0, json.loads(command.log)['services'])
        self.start('--host', 'c2')
        self.assertEqual([('added', None, 'up')], self.wait_for(command, 1))

    def test_lines_end_with_the_program_that_reads_them(self):
        self.start('--host', 'c1')
        watching = subprocess.Popen(
            [sys.executable, '-m', 'nova_sg.cmd.manage', *WATCH],
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(watching.kill)
        assert watching.stdout is not None and watching.stderr is not None
        self.assertIn(
            'watching 1 service(s): 1 up', watching.stdout.readline()
        )
        # Without one more transition.
        watching.stdout.close()
        self.assertEqual(141, watching.wait(commands.PATIENCE))
        self.assertEqual('', watching.stderr.read())
        watching.stderr.close()


class TestOutage(WatchTestCase):
    def make_database(self):
        self.server = self.useFixture(postgresql.PostgresqlServer())
        return self.useFixture(databases.PostgresqlDatabase(self.server))

    def test_an_unreachable_backend_is_told_and_nobody_is_down(self):
        self.start('--host', 'c1')
        command = self.watch('--json-lines')
        self.server.stop()
        away = ('backend', 'reachable', 'unreachable')
        self.assertEqual([away], self.wait_for(command, 1))
        self.assertNotIn(
            'Traceback', json.loads(command.log.splitlines()[1])['reason']
        )
        self.server.start()
        again = ('backend', 'unreachable', 'reachable')
        self.assertEqual([away, again], self.wait_for(command, 2))


class TestTerminal(WatchTestCase):
    def session(self, *words: str, **options: str) -> terminal.Session:
        return self.useFixture(
            terminal.Session(
                *(words or WATCH),
                environment={**self.environment(), **options},
            )
        )

    def test_a_user_sees_a_service_go_down_filters_and_quits(self):
        agent = self.start('--host', 'c1')
        self.start('--host', 'c2')
        session = self.session()
        session.wait_to_show('2 services: 2 up')
        self.assertEqual('green', session.colour('up  '))
        agent.stop()
        session.wait_to_show('2 services: 1 up  1 down')
        session.wait_to_show('c1 nova-compute: up -> down (stopped, last ')
        self.assertEqual('red', session.colour('down  '))
        session.press('/c2\r')
        session.wait_to_show("filter 'c2'")
        self.assertNotIn('c1    nova-compute', session.text)
        session.press('q')
        self.assertEqual(0, session.process.wait(commands.PATIENCE))
        self.assertNotIn('Traceback', session.text)

    def test_no_colours_where_the_user_wants_none(self):
        self.start('--host', 'c1')
        session = self.session(NO_COLOR='1')
        session.wait_to_show('1 services: 1 up')
        self.assertEqual('default', session.colour('1 up'))

    def test_a_terminal_that_nobody_here_knows_gets_lines(self):
        self.start('--host', 'c1')
        session = self.session(TERM='xterm-of-elsewhere')
        session.wait_to_show('watching 1 service(s): 1 up')
        self.assertIn('TERM=xterm-of-elsewhere', session.text)
        session.press('\x03')
        self.assertEqual(130, session.process.wait(commands.PATIENCE))

    def test_it_ends_with_a_terminal_whose_hang_up_it_does_not_hear(self):
        self.start('--host', 'c1')
        # A process inherits what is ignored, as from nohup.
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self.addCleanup(signal.signal, signal.SIGHUP, before)
        session = self.session()
        session.wait_to_show('1 services: 1 up')
        session.hang_up()
        session.process.wait(commands.PATIENCE)
