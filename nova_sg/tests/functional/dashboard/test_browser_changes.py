# SPDX-License-Identifier: Apache-2.0

"""The page follows what changes, and changes what it is told to."""

import time

from selenium.webdriver.common import by

from nova_sg.tests.functional.dashboard import browser_base as base

#: A reason that would be a script, were it not a text.
MARKUP = '<img src=x onerror="document.title=1"><b>disk</b>'


class TestChanges(base.ServedTestCase):
    hosts = {
        'c1': {},
        'c2': {
            'disabled': True,
            'disabled_reason': MARKUP,
            'updated_at': base.OLD,
        },
        'c3': {},
    }

    def setUp(self) -> None:
        super().setUp()
        self.look()

    def rows(self) -> list[str]:
        script = (
            'return [...document.querySelectorAll("#troubles tbody tr")]'
            '.map((row) => row.innerText)'
        )
        found: list[str] = self.run_script(script)
        return found

    def open(self, host: str) -> None:
        self.run_script('location.hash = `host=${arguments[0]}`', host)
        self.wait_text('#host-services', 'Last heartbeat')

    def confirm(self, action: str, says: str) -> None:
        """Begin an action, and see that its confirmation names the host."""
        self.click(f'[data-action={action}]')
        self.wait_shown('#confirm')
        self.assertIn(says, self.text('#go'))
        self.assertIn('on c1?', self.text('#confirm-title'))
        self.assertTrue(self.text('#confirm-text').startswith('c1 '))

    def test_it_follows_what_others_change(self):
        (row,) = self.rows()
        self.assertIn('disabled', row)
        self.assertIn(MARKUP, row)
        self.served.change('c3', last_seen_up=base.OLD)
        self.wait(lambda: len(self.rows()) == 2, 'c3 is down')
        self.wait_text('#zones', '1 silent')
        self.served.change('c3', forced_down=True)
        self.wait_text('#troubles', 'forced down')
        # The newest first.
        self.assertIn('c3', self.rows()[0])
        self.served.change('c2', disabled=False, disabled_reason=None)
        self.wait(lambda: len(self.rows()) == 1, 'c2 is fine')
        self.assertEqual('Services of lab', self.driver.title)

    def test_a_link_that_was_cut_off_is_a_host_that_is_not_there(self):
        self.run_script('location.hash = "host=c1%E2%80"')
        self.wait_text('#host-services', 'could not be found')
        self.assertEqual('c1%E2%80', self.text('#host-name'))
        # It goes on to follow what changes.
        self.served.change('c3', last_seen_up=base.OLD)
        self.run_script('location.hash = ""')
        self.wait(lambda: len(self.rows()) == 2, 'c3 is down')

    def test_the_search_finds_what_is_fine_and_what_is_not(self):
        self.press('/')
        self.press('c2')
        self.assertEqual(1, len(self.rows()))
        self.press(base.KEYS.BACKSPACE, '3')
        self.assertEqual([], self.rows())
        self.assertIn('1 up match', self.text('#summary'))
        self.driver.find_element(by.By.LINK_TEXT, 'c3').click()
        self.wait_text('#host-name', 'c3')
        self.wait_text('#host-services', 'nova-compute')

    def test_disable_and_enable(self):
        self.open('c1')
        self.confirm('disable', 'Disable c1')
        self.press(base.KEYS.ESCAPE)
        self.assertFalse(self.is_shown('#confirm'))
        self.assertFalse(self.served.read('c1').disabled)
        self.confirm('disable', 'Disable c1')
        # The focus is where the reason is typed.
        self.press(MARKUP, base.KEYS.ENTER)
        self.wait_shown('[data-action=enable]')
        self.assertEqual(MARKUP, self.served.read('c1').disabled_reason)
        self.assertIn(MARKUP, self.text('#host-services'))
        self.assertIn('Disable c1: done', self.text('#done'))
        self.confirm('enable', 'Enable c1')
        self.click('#go')
        self.wait_shown('[data-action=disable]')
        self.assertFalse(self.served.read('c1').disabled)
        self.assertEqual('Services of lab', self.driver.title)

    def test_force_down_and_back(self):
        self.open('c1')
        self.confirm('force-down', 'Force down c1')
        self.assertIn('fenced', self.text('#confirm-text'))
        # What Enter does to somebody who has not read it: nothing.
        self.press(base.KEYS.ENTER)
        self.assertFalse(self.served.read('c1').forced_down)
        self.confirm('force-down', 'Force down c1')
        self.click('#go')
        self.wait_text('#host-services', 'forced down')
        self.assertTrue(self.served.read('c1').forced_down)
        self.confirm('unset-force-down', 'c1')
        self.click('#go')
        self.wait_shown('[data-action=force-down]')
        self.assertFalse(self.served.read('c1').forced_down)

    def test_what_cannot_be_done_is_said(self):
        self.open('c1')
        self.confirm('disable', 'Disable c1')
        self.served.fill({'c2': {}})
        self.press(base.KEYS.ENTER)
        self.wait_text('#confirm-error', 'could not be found')
        self.assertTrue(self.is_shown('#confirm'))

    def test_it_pauses_while_nobody_looks(self):
        asked = (
            'return performance.getEntriesByType("resource").filter('
            '(each) => each.name.endsWith("/state")).length'
        )
        self.addCleanup(self.driver.set_window_rect, 0, 0, 1280, 900)
        self.driver.minimize_window()
        self.wait(
            lambda: self.run_script('return document.hidden'), 'it is hidden'
        )
        before = self.run_script(asked)
        self.served.change('c3', forced_down=True)
        # It would have asked every two seconds.
        time.sleep(6)
        # One may have been on its way.
        self.assertLessEqual(self.run_script(asked), before + 1)
        self.driver.set_window_rect(0, 0, 1280, 900)
        self.wait_text('#troubles', 'forced down')
