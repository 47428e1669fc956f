# SPDX-License-Identifier: Apache-2.0

"""What a terminal shows of a text that is written over another."""

from unittest import mock

from oslotest import base as test_base
import pyte

from nova_sg import exception
from nova_sg.cmd.watch import page

COLUMNS, LINES = SIZE = 20, 5


class TestDrawn(test_base.BaseTestCase):
    def setUp(self):
        super().setUp()
        self.screen = pyte.Screen(COLUMNS, LINES)
        # A terminal begins a line where a program ends one.
        self.stream = pyte.Stream(self.screen)

    def feed(self, text):
        self.stream.feed(text.replace('\n', '\r\n'))

    def shown(self):
        return [line.rstrip() for line in self.screen.display]

    def show(self, *lines, said=()):
        self.feed(page.drawn('\n'.join(lines), list(said), SIZE))
        return self.shown()

    def test_nothing_of_the_text_before_is_left(self):
        self.feed('x' * (COLUMNS * LINES))
        self.show('one', 'two', 'three')
        self.assertEqual(['1', '', '', '', ''], self.show('1'))

    def test_a_long_line_is_cut_at_the_edge(self):
        shown = self.show('a' * 50 + 'b', 'two')
        self.assertEqual(['a' * 19 + 'b', 'two', '', '', ''], shown)
        self.feed('c' * 21)
        self.assertEqual(['c' * 20, 'c'], self.shown()[2:4])

    def test_what_has_no_place_is_counted(self):
        self.assertEqual(
            ['1', '2', '3', '... 3 more lines', ''], self.show(*'123456')
        )

    def test_a_line_of_a_full_page_stays(self):
        self.assertEqual([*'1234', ''], self.show(*'1234'))

    def test_a_message_is_whole_and_above_the_text(self):
        self.assertEqual(
            ['As of 12:00: no', 'server answers', 'one', '', ''],
            self.show('one', said=['As of 12:00: no\nserver answers']),
        )

    def test_a_torn_write_shows_nothing_twice_and_hides_one_line(self):
        before = ['| c1 | up   |', '| c2 | up   |', '| c3 | up   |']
        now = [line.replace('up  ', 'down') for line in before]
        self.show(*before)
        for character in page.drawn('\n'.join(now), [], SIZE):
            self.feed(character)
            text = ''.join(self.shown())
            hosts = [text.count(f'| {each} ') for each in ('c1', 'c2', 'c3')]
            self.assertLessEqual(max(hosts), 1, text)
            self.assertGreaterEqual(sum(hosts), 2, text)


class TestRepeat(test_base.BaseTestCase):
    def test_what_may_be_over_the_next_time_does_not_end_it(self):
        write = mock.Mock(
            side_effect=[
                exception.ServiceGroupUnavailable(backend='b', reason='gone'),
                exception.ConductorTooOld(method='list', reason='of before'),
                KeyboardInterrupt,
            ]
        )
        self.assertRaises(
            KeyboardInterrupt, page.repeat, write, 0, in_place=False
        )
        self.assertEqual(3, write.call_count)
