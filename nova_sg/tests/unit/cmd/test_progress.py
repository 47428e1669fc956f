# SPDX-License-Identifier: Apache-2.0

"""What a user sees while a command takes its time."""

import io
import os
import types

import fixtures
from oslotest import base

from nova_sg.cmd import progress


class Terminal(io.StringIO):
    """A stream that takes itself for a terminal."""

    def isatty(self) -> bool:
        return True


class TestBar(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.useFixture(fixtures.EnvironmentVariable('TERM', 'xterm'))

    def shown(
        self, stream: io.StringIO, *steps: tuple[int, int], seconds: float = 1
    ) -> list[str]:
        """Return what was written in turn for each step, and at the end.

        :param seconds: from one step to the next
        """
        now = [0.0]
        clock = types.SimpleNamespace(monotonic=lambda: now[0])
        self.useFixture(fixtures.MonkeyPatch('sys.stderr', stream))
        self.useFixture(
            fixtures.MonkeyPatch('nova_sg.cmd.progress.time', clock)
        )
        with progress.Bar('Copying') as bar:
            for done, total in steps:
                bar.show(done, total)
                now[0] += seconds
        return stream.getvalue().split('\r\x1b[K')[1:]

    def test_it_tells_how_much_is_done_and_how_long_the_rest_takes(self):
        self.assertEqual(
            [
                'Copying: [..............................] 0 of 4',
                'Copying: [#######.......................] 1 of 4, 3 s left',
                'Copying: [###############...............] 2 of 4, 2 s left',
                'Copying: [##############################] 4 of 4',
                '',
            ],
            self.shown(Terminal(), (0, 4), (1, 4), (2, 4), (4, 4)),
        )

    def test_without_a_terminal_nothing_is_shown(self):
        self.assertEqual([], self.shown(io.StringIO(), (0, 4), (4, 4)))

    def test_a_terminal_that_only_takes_lines_is_sent_none(self):
        self.useFixture(fixtures.EnvironmentVariable('TERM', 'dumb'))
        self.assertEqual([], self.shown(Terminal(), (0, 4), (4, 4)))

    def test_where_there_is_nothing_to_do_nothing_is_shown(self):
        self.assertEqual([], self.shown(Terminal(), (0, 0)))

    def test_it_is_not_shown_for_each_of_ten_thousand(self):
        steps = [(done, 10_000) for done in range(10_001)]
        shown = self.shown(Terminal(), *steps, seconds=0.00025)
        self.assertEqual(25 + 2, len(shown))
        self.assertIn('10000 of 10000', shown[-2])

    def test_it_takes_no_second_line_of_a_narrow_terminal(self):
        self.useFixture(
            fixtures.MonkeyPatch(
                'os.get_terminal_size', lambda _fd: os.terminal_size((20, 5))
            )
        )
        terminal = Terminal()
        terminal.fileno = lambda: 2
        self.assertEqual(
            ['Copying: [#########', ''], self.shown(terminal, (4, 4))
        )
