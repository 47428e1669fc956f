# SPDX-License-Identifier: Apache-2.0

"""Ten thousand hosts in a browser."""

from nova_sg.tests.functional.dashboard import browser_base as base

HOSTS = 10_000


class TestMany(base.ServedTestCase):
    hosts = {
        f'h{number:05}': {'last_seen_up': base.OLD} if number < 250 else {}
        for number in range(HOSTS)
    }

    def test_all_of_them_are_in_one_canvas_and_few_are_elements(self):
        self.look()
        self.assertIn('250 of 10,000', self.text('#summary'))
        self.assertIn('9,750 up', self.text('#legend'))
        elements = self.run_script(
            'return document.querySelectorAll("*").length'
        )
        self.assertLess(elements, 2000)
        grid = self.find('#grid')
        for key, host in (
            (base.KEYS.END, 'h09999: up'),
            (base.KEYS.HOME, 'h00000: silent'),
            (base.KEYS.ARROW_RIGHT, 'h00001: silent'),
        ):
            grid.send_keys(key)
            self.assertIn(host, self.text('#cell'))
        self.click('#more')
        self.assertEqual(
            200,
            self.run_script(
                'return document.querySelectorAll("#troubles tr").length - 1'
            ),
        )
        self.find('#search').send_keys('h0999')
        self.assertIn('0 not fine, 10 up', self.text('#summary'))
        # The revision stays while nothing changes.
        script = (
            'return performance.getEntriesByType("resource").filter('
            '(each) => each.name.endsWith("/state"))'
            '.map((each) => each.responseStatus)'
        )
        self.wait(lambda: 304 in self.run_script(script), 'nothing is new')
        self.assertEqual([], self.errors())
