# SPDX-License-Identifier: Apache-2.0

"""The page itself: small, closed to other hosts, and off unless asked for."""

from importlib import resources
import re

from nova_sg.tests.functional.dashboard import base

STATIC = resources.files('nova_sg.api.dashboard') / 'static'

#: Bytes of all files of the page.
LIMIT = 40_000


class TestPage(base.DashboardTestCase):
    def test_all_of_it_is_small(self):
        sizes = {
            each.name: len(each.read_bytes()) for each in STATIC.iterdir()
        }
        self.assertLess(sum(sizes.values()), LIMIT, sizes)

    def test_the_page_and_its_files_are_served_to_anyone(self):
        page = self.nobody.get('')
        self.assertEqual('text/html', page.content_type)
        links = re.findall(r'(?:src|href)="(dashboard/[^"]+)"', page.text)
        named = {each.removeprefix('dashboard/static/') for each in links}
        there = {each.name for each in STATIC.iterdir()}
        self.assertEqual(there, {*named, 'index.html'})
        for each in named:
            response = self.nobody.get(f'/static/{each}')
            self.assertEqual(200, response.status_int, each)

    def test_a_file_that_a_browser_has_is_not_sent_again(self):
        for path in ('', '/static/main.js'):
            etag = self.nobody.get(path).headers['ETag']
            for known in (etag, f'W/{etag}', f'"other", {etag}'):
                again = self.nobody.get(path, **{'If-None-Match': known})
                self.assertEqual((304, b''), (again.status_int, again.body))

    def test_every_answer_forbids_scripts_and_pages_of_others(self):
        for path in ('', '/static/main.js', '/session', '/state', '/none'):
            headers = self.nobody.get(path).headers
            policy = headers['Content-Security-Policy']
            self.assertIn("default-src 'none'", policy)
            self.assertIn("require-trusted-types-for 'script'", policy)
            self.assertIn("frame-ancestors 'none'", policy)
            self.assertNotIn('unsafe', policy)
            self.assertNotIn('*', policy)
            self.assertEqual('nosniff', headers['X-Content-Type-Options'])

    def test_no_file_needs_what_the_policy_forbids(self):
        for each in STATIC.iterdir():
            text = each.read_text().replace('http://www.w3.org/2000/svg', '')
            for forbidden in (
                r'https?://',
                r'\.innerHTML|\.outerHTML|insertAdjacentHTML|document\.write',
                r'\beval\(|new Function|setTimeout\(.[\'"]',
                r'\sstyle="|<style|\son[a-z]+="',
            ):
                self.assertNotRegex(text, forbidden, each.name)

    def test_it_is_compressed_for_those_alone_who_take_that(self):
        plain = self.nobody.get('')
        self.assertIsNone(plain.content_encoding)
        packed = self.nobody.get('', **{'Accept-Encoding': 'gzip, br'})
        self.assertEqual('gzip', packed.content_encoding)
        self.assertLess(len(packed.body), len(plain.body))
        packed.decode_content()
        self.assertEqual(plain.body, packed.body)
        for accepted in ('br', 'gzip;q=0', ''):
            response = self.nobody.get('', **{'Accept-Encoding': accepted})
            self.assertIsNone(response.content_encoding, accepted)

    def test_a_slash_at_the_end_leads_to_it(self):
        response = self.nobody.get('/')
        self.assertEqual(200, response.status_int)
        # Relative, as nobody here knows what proxies make of the address.
        self.assertIn('content="0; url=../dashboard"', response.text)
        self.assertNotIn('localhost', response.text)
        self.assertIsNone(response.location)

    def test_what_is_not_there_is_a_clear_error(self):
        for path in ('/none', '/static/', '/static/../board.py', '/static/x'):
            response = self.nobody.get(path)
            self.assertEqual(404, response.status_int, path)
        response = self.nobody.post('/state')
        self.assertEqual(
            (405, 'GET'), (response.status_int, response.allow[0])
        )


class TestOff(base.DashboardTestCase):
    options = {}

    def test_it_is_off_unless_it_is_enabled(self):
        for path in ('', '/state', '/session'):
            response = self.nobody.get(path)
            # As for any path that leads nowhere.
            self.assertEqual(300, response.status_int)
