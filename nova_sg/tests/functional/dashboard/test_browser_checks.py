# SPDX-License-Identifier: Apache-2.0

"""Each state in a browser: that it is told, read, and reached by keys."""

import datetime
import pathlib
import time
import types
from unittest import mock

import fixtures

from nova_sg import exception
from nova_sg.api.dashboard import board
from nova_sg.tests.functional.dashboard import browser_base as base
from nova_sg.tests.functional.dashboard import pages

#: Finds what is wrong with what is shown.
AUDIT = pathlib.Path(__file__).with_name('audit.js').read_text()

NOW = datetime.datetime.now(datetime.UTC)

#: By host: state, reason, disabled reason, forced down.
HOSTS: dict[str, tuple[str, str, str | None, bool]] = {
    'h-stopped': ('down', 'stopped', None, False),
    'h-silent': ('down', 'silent', None, False),
    'h-wedged': ('down', 'wedged', None, False),
    'h-down': ('down', '', 'new disks', False),
    'h-forced': ('down', 'forced', None, True),
    'h-unknown': ('unknown', 'unknown', None, False),
    'h-disabled': ('up', '', 'a reason that is long ' * 8, False),
    'h-up': ('up', '', None, False),
    'h-<b>&amp;.a-very-long-name.of-a-rack.example.org': (
        *('up', '', None),
        False,
    ),
}

#: What the page calls them.
WORDS = {
    'h-stopped': 'stopped',
    'h-silent': 'silent',
    'h-wedged': 'wedged',
    'h-down': 'down, disabled',
    'h-forced': 'forced down',
    'h-unknown': 'unknown',
    'h-disabled': 'disabled',
}


def rows() -> list[board.Row]:
    return [
        board.Row(
            *(f'uuid-{host}', host, 'nova-compute', 'az1', state, reason),
            NOW - datetime.timedelta(minutes=number + 1),
            *(why is not None, why, forced),
        )
        for number, (host, (state, reason, why, forced)) in enumerate(
            HOSTS.items()
        )
    ]


class TestChecks(base.BrowserTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.board = pages.Board(rows())
        self.page = self.useFixture(pages.PageServer(self.board))
        self.driver.get(self.page.url)

    def look(self) -> None:
        self.sign_in(user='admin')
        self.wait_text('#summary', 'of 9 services')

    def audit(self, where: str) -> None:
        self.assertEqual([], self.run_script(AUDIT), where)

    def test_each_state_is_told_by_a_word_a_mark_and_a_colour(self):
        self.look()
        told = dict(
            self.run_script(
                'return [...document.querySelectorAll("#troubles tbody tr")]'
                '.map((row) => [row.cells[0].innerText,'
                ' row.cells[3].innerText])'
            )
        )
        words = {host: each.split(' ', 1)[1] for host, each in told.items()}
        # Newest first.
        self.assertEqual(list(WORDS.items()), list(words.items()))
        marks = {each.split(' ', 1)[0] for each in told.values()}
        self.assertGreaterEqual(len(marks), 6, told)
        colours = self.run_script(
            'const context = document.getElementById("grid")'
            '.getContext("2d");'
            'return [0, 1, 2, 3, 4, 5, 6, 7, 8].map((cell) => context'
            '.getImageData(cell * 22 + 2, 2, 1, 1).data.join())'
        )
        # Two are up; silent and down are one colour.
        self.assertEqual(7, len(set(colours)), colours)
        self.assertIn('h-<b>&amp;', self.cell(base.KEYS.HOME))
        self.assertIn('h-wedged: wedged, az1', self.cell(base.KEYS.END))

    def cell(self, key: str) -> str:
        """Return what is said of a cell that a key leads to."""
        self.find('#grid').send_keys(key)
        return self.text('#cell')

    def test_all_of_it_can_be_read_in_the_light_the_dark_and_on_a_phone(self):
        for scheme, width in (('light', 0), ('dark', 0), ('dark', 320)):
            self.browser.reset()
            self.browser.command(
                'Emulation.setEmulatedMedia',
                features=[{'name': 'prefers-color-scheme', 'value': scheme}],
            )
            if width:
                self.browser.command(
                    'Emulation.setDeviceMetricsOverride',
                    width=width,
                    height=700,
                    deviceScaleFactor=2,
                    mobile=True,
                )
            self.driver.get(self.page.url)
            self.wait_shown('#login')
            self.audit(f'{scheme} {width} login')
            self.look()
            self.audit(f'{scheme} {width} overview')
            self.run_script('location.hash = "host=h-disabled"')
            self.wait_text('#host-services', 'Last heartbeat')
            self.audit(f'{scheme} {width} host')
            for action in ('enable', 'force-down'):
                self.click(f'[data-action={action}]')
                self.wait_shown('#go')
                self.audit(f'{scheme} {width} {action}')
                self.press(base.KEYS.ESCAPE)
        self.assertEqual([], self.errors())

    def test_all_of_it_is_reached_by_keys(self):
        self.look()
        self.run_script('document.activeElement.blur()')
        reached = []
        for _ in range(16):
            self.driver.switch_to.active_element.send_keys(base.KEYS.TAB)
            reached.append(
                self.run_script(
                    'const here = document.activeElement;'
                    'return here.id || here.innerText || here.tagName'
                )
            )
        for each in ('logout', 'search', 'h-stopped', 'h-disabled', 'grid'):
            self.assertIn(each, reached)
        self.find('#grid').send_keys(base.KEYS.END, base.KEYS.ENTER)
        self.wait_text('#host-name', 'h-wedged')
        # The newest first.
        self.wait_text('#transitions', 'down\tup')
        self.assertRegex(
            self.text('#transitions'), r'(?s)down\tup.*up\tdown\tsilent'
        )
        self.assertEqual(
            'host-name', self.run_script('return document.activeElement.id')
        )

    def test_every_control_has_a_name_for_a_screen_reader(self):
        self.look()
        nodes = self.browser.command('Accessibility.getFullAXTree')['nodes']
        controls = [
            each
            for each in nodes
            if not each['ignored']
            and each['role']['value']
            in ('button', 'link', 'searchbox', 'textbox', 'application')
        ]
        self.assertGreater(len(controls), 8)
        for each in controls:
            self.assertTrue(each['name']['value'].strip(), each)
        headings = self.run_script(
            'return [...document.querySelectorAll("h1, h2, h3")].filter('
            '(each) => each.checkVisibility()).map((each) => each.tagName)'
        )
        self.assertEqual(1, headings.count('H1'))
        self.assertEqual('H1', headings[0])

    def test_a_backend_that_is_away_is_told_and_changes_no_state(self):
        self.look()
        before = self.text('#zones')
        self.board.rows = exception.ServiceGroupUnavailable(
            backend='zk:2181', reason='gone'
        )
        self.wait_text('#backend', 'does not answer')
        self.wait_text('#notice', 'Stale. The backend does not answer.')
        self.assertEqual(before, self.text('#zones'))
        self.assertNotIn('2181', self.text('body'))
        self.board.rows = rows()
        self.wait_text('#backend', 'answers')
        self.wait(lambda: not self.is_shown('#notice'), 'it is not stale')

    def test_a_server_that_is_away_is_told(self):
        self.look()
        self.page.stop()
        self.wait_text('#notice', 'Stale. The server does not answer.')
        self.assertIn('az1', self.text('#zones'))

    def test_a_clock_that_is_set_back_keeps_nothing_from_being_shown(self):
        self.look()
        clock = types.SimpleNamespace(
            monotonic=time.monotonic, time=lambda: 1.0
        )
        self.useFixture(
            fixtures.MonkeyPatch('nova_sg.api.dashboard.follower.time', clock)
        )
        self.board.rows = [e for e in rows() if e.host == 'h-silent']
        self.wait_text('#summary', '1 of 1 services')

    def test_a_worker_that_has_just_begun_is_not_believed(self):
        self.look()
        before = self.text('#zones')
        # It could not list them yet.
        with mock.patch.object(self.page.follower, '_look', return_value=None):
            self.wait_text('#notice', 'The last known states are shown.')
            self.assertEqual(before, self.text('#zones'))
