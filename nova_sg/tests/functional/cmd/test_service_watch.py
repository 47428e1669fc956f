# SPDX-License-Identifier: Apache-2.0

"""``nova-sg-manage service watch``, as a program and as a user see it."""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
from typing import Any

import pyte

from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import databases
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
        agent = self.start('--host', 'c1')
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
        watching.stdout.close()
        agent.stop()
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


class Session:
    """A command on a terminal of its own, and what the terminal shows.

    :param words: the arguments of nova-sg-manage
    :param environment: its whole environment
    """

    LINES, COLUMNS = 24, 100

    def __init__(self, *words: str, environment: dict[str, str]) -> None:
        self._screen = pyte.Screen(self.COLUMNS, self.LINES)
        self._stream = pyte.ByteStream(self._screen)
        self._master, slave = pty.openpty()
        fcntl.ioctl(
            slave,
            termios.TIOCSWINSZ,
            struct.pack('HHHH', self.LINES, self.COLUMNS, 0, 0),
        )
        self.process = subprocess.Popen(
            [sys.executable, '-m', 'nova_sg.cmd.manage', *words],
            env={**environment, 'TERM': 'xterm-256color'},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    @property
    def text(self) -> str:
        """What the terminal shows now."""
        while select.select([self._master], [], [], 0)[0]:
            try:
                self._stream.feed(os.read(self._master, 65536))
            except OSError:
                # The process has ended.
                break
        return '\n'.join(self._screen.display)

    def colour(self, word: str) -> str:
        """Return the colour of a word that the terminal shows."""
        for y, line in enumerate(self._screen.display):
            if word in line:
                return str(self._screen.buffer[y][line.index(word)].fg)
        raise AssertionError(f'{word} is not on the screen: {self.text}')

    def wait_to_show(self, text: str) -> None:
        commands.wait_until(
            lambda: text in self.text, f'{text!r} in:\n{self.text}'
        )


class TestTerminal(WatchTestCase):
    def session(self, *words: str, **options: str) -> Session:
        session = Session(
            *(words or WATCH), environment={**self.environment(), **options}
        )
        self.addCleanup(session.close)
        return session

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

    def test_a_list_has_colours_too(self):
        self.start('--host', 'c1')
        for options, colour in (({}, 'green'), ({'NO_COLOR': '1'}, 'default')):
            session = self.session('service', 'list', **options)
            session.wait_to_show('| c1 ')
            self.assertEqual(colour, session.colour('up  '))
            self.assertEqual(0, session.process.wait(commands.PATIENCE))

    def test_a_list_is_shown_anew(self):
        agent = self.start('--host', 'c1')
        session = self.session('service', 'list', '--watch', '0.2')
        session.wait_to_show('| up ')
        agent.stop()
        session.wait_to_show('| down ')
        commands.wait_until(
            lambda: session.text.count('c1') == 1,
            f'one list in:\n{session.text}',
        )
