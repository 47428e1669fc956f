# SPDX-License-Identifier: Apache-2.0

"""``service list`` on a terminal, once and again and again."""

from typing import Any

from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import databases
from nova_sg.tests.fixtures import terminal
from nova_sg.tests.fixtures.servers import postgresql
from nova_sg.tests.functional.agent import base


class ListTestCase(base.AgentTestCase):
    # An agent that leaves is down at once; none is to be missed here.
    service_down_time = 60

    def list(self, *words: str, **options: Any) -> terminal.Session:
        """Run the command on a terminal.

        :param options: the size of the terminal, and variables of the
            environment
        """
        size = {
            name: options.pop(name)
            for name in ('lines', 'columns')
            if name in options
        }
        environment = {**self.environment(), **options}
        return self.useFixture(
            terminal.Session(
                'service', 'list', *words, environment=environment, **size
            )
        )


class TestList(ListTestCase):
    def test_it_has_colours(self):
        self.start('--host', 'c1')
        for options, colour in (
            ({}, 'green'),
            ({'NO_COLOR': '1'}, 'default'),
            ({'TERM': 'dumb'}, 'default'),
        ):
            session = self.list(**options)
            session.wait_to_show('| c1 ')
            self.assertEqual(colour, session.colour('up  '))
            self.assertEqual(0, session.process.wait(commands.PATIENCE))


class TestWatch(ListTestCase):
    def test_the_list_is_shown_anew_in_its_place(self):
        agent = self.start('--host', 'c1')
        session = self.list('--watch', '0.2')
        session.wait_to_show('| up ')
        agent.stop()
        session.wait_to_show('| down ')
        # Not of any c1: that of an id is one, too.
        self.assertEqual(1, session.text.count('| c1 '), session.text)
        session.press('\x03')
        self.assertEqual(130, session.process.wait(commands.PATIENCE))

    def test_a_list_that_is_too_large_neither_scrolls_nor_wraps(self):
        self.start('--host', 'c', '--count', '30')
        session = self.list('--watch', '0.2', lines=8, columns=40)
        session.wait_to_show(' more lines')
        top, titles, *_ = session.lines
        self.assertEqual(('+-', '| ID '), (top[:2], titles[:5]))
        self.assertEqual('', session.lines[-1])

    def test_another_size_is_seen_before_the_list_is_due(self):
        self.start('--host', 'c', '--count', '30')
        session = self.list('--watch', '3600', lines=8)
        session.wait_to_show(' more lines')
        session.resize(150, 100)
        session.wait_to_show('| c-0029 ')

    def test_a_terminal_that_only_takes_lines_gets_them(self):
        self.start('--host', 'c1')
        session = self.list('--watch', '0.2', TERM='dumb')
        session.wait_until(
            lambda: session.text.count('| c1 ') > 1, 'the list stands twice'
        )
        self.assertNotIn(b'\x1b', session.written)


class TestOutage(ListTestCase):
    def make_database(self):
        self.server = self.useFixture(postgresql.PostgresqlServer())
        return self.useFixture(databases.PostgresqlDatabase(self.server))

    def test_the_last_list_stays_where_the_backend_is_unreachable(self):
        self.start('--host', 'c1')
        session = self.list('--watch', '0.2')
        session.wait_to_show('| up ')
        self.server.stop()
        session.wait_to_show('As of ')
        self.assertIn('| c1 ', session.text)
        self.assertIn('| up ', session.text)
        self.server.start()
        session.wait_until(
            lambda: 'As of ' not in session.text, 'the list is of now'
        )
        self.assertIn('| c1 ', session.text)
