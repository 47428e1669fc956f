# SPDX-License-Identifier: Apache-2.0

"""What a full screen shows, without a terminal."""

import itertools

from oslotest import base as test_base

from nova_sg.cmd.watch import screen
from nova_sg.cmd.watch import transitions
from nova_sg.tests.unit.cmd.watch import base


class ScreenTestCase(test_base.BaseTestCase):
    def make(self, *services):
        self.screen = screen.Screen(base.news(*services))

    def lines(self, width=120, height=20):
        return [
            ''.join(text for text, _style in line).rstrip()
            for line in self.screen.render(width, height)
        ]

    def hosts(self, **size):
        """Return the hosts of the rows, from the top."""
        rows = itertools.takewhile(
            lambda line: 'nova-compute' in line, self.lines(**size)[2:]
        )
        return [row.split()[0] for row in rows]

    def press(self, *keys):
        for key in keys:
            self.assertTrue(self.screen.press(key))


class TestScreen(ScreenTestCase):
    def test_the_counts_and_a_row_for_each_service(self):
        self.make(
            base.sighting('c1'),
            base.sighting('c2', state='down', forced_down=True),
            base.sighting('c3', status='disabled', disabled_reason='disk'),
            base.sighting('c4', state='unknown'),
            base.down('silent', host='c5', disabled_reason='disk'),
        )
        head, titles, *rows = self.lines(width=160)
        self.assertRegex(
            head,
            '^5 services: 2 up  2 down  1 unknown  1 disabled  '
            '1 forced down +12:00:00Z$',
        )
        self.assertEqual(
            'HOST  BINARY        ZONE  STATUS    STATE    CHANGED  REASON',
            titles,
        )
        self.assertEqual(
            [
                'c1    nova-compute  nova  enabled   up',
                'c2    nova-compute  nova  enabled   down'
                '              forced down',
                'c3    nova-compute  nova  disabled  up                disk',
                'c4    nova-compute  nova  enabled   unknown',
                'c5    nova-compute  nova  enabled   down              silent,'
                ' last seen at 2030-01-01T12:00:00Z by c1:99, disk',
            ],
            rows[:5],
        )

    def test_each_state_has_a_style_of_its_own(self):
        styles = set()
        for state in ('up', 'down', 'unknown'):
            self.make(base.sighting(state=state))
            row = self.screen.render(120, 20)[2]
            [style] = [style for text, style in row if state in text]
            styles.add(style)
        self.assertEqual({screen.GOOD, screen.BAD, screen.DOUBTFUL}, styles)

    def test_transitions_newest_first(self):
        self.make(base.sighting('c1'), base.sighting('c2'))
        down = base.sighting('c1', state='down')
        also = base.sighting('c2', state='down')
        for after, service in ((2, down), (4, also)):
            change = transitions.Transition(
                'state', 'up', 'down', service=service
            )
            self.screen.tell(
                base.news(down, also, changes=[change], after=after)
            )
        lines = self.lines()
        self.assertEqual(
            [
                '-- Transitions',
                '12:00:04Z c2 nova-compute: up -> down',
                '12:00:02Z c1 nova-compute: up -> down',
            ],
            lines[-4:-1],
        )
        self.assertIn('12:00:02Z', lines[2])

    def test_what_the_process_logs_is_a_line_among_them(self):
        self.make(base.sighting())
        self.screen.say(base.NOON, 'warning: lost the\nconnection')
        self.assertEqual(
            '12:00:00Z warning: lost the connection', self.lines()[-2]
        )

    def test_an_outage_shows_the_age_of_what_is_shown(self):
        self.make(base.sighting())
        self.screen.tell(
            base.news(base.sighting(), after=30, error='no server\nanswers')
        )
        self.assertEqual('As of 12:00:00Z: no server answers', self.lines()[1])
        self.assertIn(' up', self.lines()[3])

    def test_texts_cannot_steer_the_terminal(self):
        self.make(base.sighting(disabled_reason='a\n\x1b[31mb'))
        self.assertTrue(self.lines()[2].endswith(' a [31mb'))

    def test_no_line_is_wider_than_the_terminal(self):
        wide = base.sighting('主机' * 30, disabled_reason='é' * 200)
        self.make(wide)
        for width in (1, 7, 40, 80):
            for line in self.screen.render(width, 10):
                text = ''.join(piece for piece, _style in line)
                self.assertLessEqual(screen._width(text), width)

    def test_a_narrow_terminal_shows_no_half_of_a_time(self):
        self.make(base.sighting('c1'))
        used = len('1 services: 1 up  0 down  0 disabled  0 forced down')
        whole, half = (self.lines(width=used + n)[0] for n in (11, 10))
        self.assertTrue(whole.endswith('0 forced down  12:00:00Z'), whole)
        self.assertTrue(half.endswith('0 forced down'), half)

    def test_it_fits_any_height(self):
        self.make(*(base.sighting(f'c{n}') for n in range(50)))
        change = transitions.Transition('backend', 'a', 'b')
        self.screen.tell(base.news(changes=[change] * 20))
        for height in range(1, 40):
            self.assertLessEqual(len(self.lines(height=height)), height)


class TestKeys(ScreenTestCase):
    def setUp(self):
        super().setUp()
        self.make(
            base.sighting('b', state='down'),
            base.sighting('a'),
            base.sighting('c', state='unknown', zone='az1'),
        )

    def test_q_quits(self):
        self.assertFalse(self.screen.press('q'))

    def test_an_unknown_key_does_nothing(self):
        before = self.lines()
        self.press('x', 'KEY_F1', '\x00')
        self.assertEqual(before, self.lines())

    def test_sorting(self):
        self.assertEqual(['a', 'b', 'c'], self.hosts())
        self.press('s')
        self.assertEqual(['c', 'b', 'a'], self.hosts())
        gone = base.sighting('b', state='up')
        self.screen.tell(
            base.news(
                *(base.sighting('a'), gone),
                changes=[
                    transitions.Transition('state', 'down', 'up', service=gone)
                ],
            )
        )
        self.press('s')
        self.assertEqual(['b', 'a'], self.hosts())

    def test_only_what_is_not_fine(self):
        self.press('a')
        self.assertEqual(['b', 'c'], self.hosts())
        self.assertIn('not fine only', self.lines()[-1])
        self.press('a')
        self.assertEqual(['a', 'b', 'c'], self.hosts())

    def test_a_filter_is_typed_and_cleared(self):
        self.press('/', *'AZq')
        self.assertEqual('filter: AZq_', self.lines()[-1])
        self.press('BACKSPACE', 'ENTER')
        self.assertEqual(['c'], self.hosts())
        self.press('ESCAPE')
        self.assertEqual(['a', 'b', 'c'], self.hosts())
        self.press('/', 'c', 'ESCAPE')
        self.assertEqual(['a', 'b', 'c'], self.hosts())

    def test_a_pause_keeps_what_is_shown(self):
        self.press('p')
        self.screen.tell(base.news(base.sighting('d'), after=9))
        self.assertEqual(['a', 'b', 'c'], self.hosts())
        self.assertRegex(self.lines()[0], '^paused  .* 12:00:00Z$')
        self.press('p')
        self.assertEqual(['d'], self.hosts())

    def test_scrolling_stays_within_the_list(self):
        self.make(*(base.sighting(f'c{n:02}') for n in range(30)))
        every = [f'c{n:02}' for n in range(30)]
        size = {'height': 13}
        self.assertEqual(every[:10], self.hosts(**size))
        for keys, first in (
            (['DOWN'], 1),
            (['PGDN'], 11),
            (['PGDN', 'PGDN'], 20),
            (['UP'], 19),
            (['PGUP'], 9),
            (['END'], 20),
            (['HOME', 'UP'], 0),
        ):
            self.press(*keys)
            shown = self.hosts(**size)
            self.assertEqual(every[first : first + 10], shown, keys)
