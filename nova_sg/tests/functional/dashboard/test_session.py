# SPDX-License-Identifier: Apache-2.0

"""Who is let in, and what is refused with the cookie of an admin."""

import webob

from nova_sg import exception
from nova_sg.api.dashboard import session
from nova_sg.tests.functional.dashboard import base


class TestSession(base.DashboardTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.signed_in = self.admin.sign_in()
        self.action = {'host': 'c1', 'uuid': self.cloud.names['C1_UUID']}

    def test_the_cookie_is_for_the_page_alone_and_for_no_script(self):
        (cookie,) = self.signed_in.headers.getall('Set-Cookie')
        attributes = {each.strip() for each in cookie.split(';')[1:]}
        self.assertEqual(
            {'HttpOnly', 'Path=/dashboard', 'SameSite=Strict'}, attributes
        )
        self.assertNotIn('admin', cookie)

    def test_over_tls_it_is_for_tls_alone(self):
        for environ in (
            {'wsgi.url_scheme': 'https', 'HTTP_HOST': 'localhost'},
            {'HTTP_ORIGIN': 'https://page.example'},
        ):
            request = webob.Request.blank('/dashboard/login', environ)
            response = webob.Response()
            made = session.Session(self.cloud.conf, '/dashboard')
            made.begin(request, response, 'token')
            self.assertIn('; secure', response.headers['Set-Cookie'].lower())

    def test_a_page_is_told_who_is_signed_in(self):
        self.assertEqual(
            {'user': None, 'auth': 'noauth2', 'domain': 'Default'},
            self.nobody.get('/session').json,
        )
        self.assertEqual(
            {
                'user': 'admin',
                'proof': self.admin.proof,
                'sees': True,
                'acts': True,
            },
            self.admin.get('/session').json,
        )

    def test_without_a_cookie_nothing_is_told_and_nothing_done(self):
        for response in (
            *map(self.nobody.get, ('/state', '/user', '/host?name=c1')),
            self.nobody.post('/actions/disable', self.action),
            # A token in a header is none here.
            self.nobody.get('/state', **{'X-Auth-Token': 'admin'}),
        ):
            self.assertEqual(401, response.status_int)

    def test_the_cookie_is_none_elsewhere(self):
        request = webob.Request.blank('/v2.1/os-services')
        request.headers['Cookie'] = self.admin.cookie
        response = request.get_response(self.cloud.app)
        self.assertEqual(401, response.status_int)

    def test_a_cookie_that_is_none_is_as_good_as_no_cookie(self):
        for value in (
            *('', 'x', '!', '////', 'AAAA', 'wqDCoA==', 'a' * 5000),
            *('\xff', '"\\377"'),
        ):
            self.nobody.cookie = f'{session.COOKIE}={value}'
            self.assertIsNone(self.nobody.get('/session').json['user'], value)
            self.assertEqual(401, self.nobody.get('/state').status_int)

    def test_the_cookie_of_another_application_is_left_alone(self):
        mine = self.admin.cookie
        for other in ('other=\xff', 'other="\\377"', '\xff=x', '=', ';'):
            for cookie in (f'{other}; {mine}', f'{mine}; {other}'):
                self.admin.cookie = cookie
                self.assertEqual(
                    'admin', self.admin.get('/session').json['user'], cookie
                )

    def test_a_member_may_neither_look_nor_act(self):
        member = base.Client(self.cloud.app)
        told = member.sign_in('joe').json
        self.assertEqual((False, False), (told['sees'], told['acts']))
        self.assertEqual(403, member.get('/state').status_int)
        self.assertEqual(403, member.get('/host?name=c1').status_int)
        # Not with the token of another one in a header, either.
        response = member.get('/state', **{'X-Auth-Token': 'admin'})
        self.assertEqual(403, response.status_int)
        response = member.post('/actions/disable', self.action)
        self.assertEqual(403, response.status_int)

    def test_another_page_can_do_nothing_with_the_cookie(self):
        for headers in (
            {'Origin': None},
            {'Origin': 'null'},
            {'Origin': 'http://localhost.evil.example'},
            {'Origin': 'http://localhost:81'},
            {'Origin': 'https://localhost'},
            {'X_CSRF_Token': ''},
            {'X_CSRF_Token': 'x' * 64},
            {'X_CSRF_Token': 'é'},
        ):
            for path in ('/actions/force-down', '/logout'):
                response = self.admin.post(path, self.action, **headers)
                self.assertEqual(403, response.status_int, headers)
        response = self.admin.get('/state', Origin='http://evil.example')
        self.assertEqual(403, response.status_int)
        response = self.admin.get('/state', **{'Sec-Fetch-Site': 'same-site'})
        self.assertEqual(403, response.status_int)
        # None of it was done.
        self.assertEqual(2, len(self.state()['others']))

    def test_a_link_of_another_page_leads_to_it(self):
        for path in ('', '/'):
            response = self.admin.get(path, **{'Sec-Fetch-Site': 'cross-site'})
            self.assertEqual(200, response.status_int)

    def test_another_page_cannot_sign_in(self):
        for origin in (None, 'http://evil.example'):
            response = self.nobody.post(
                '/login', {'user': 'admin'}, Origin=origin
            )
            self.assertEqual(403, response.status_int)
            self.assertEqual('', self.nobody.cookie)

    def test_a_form_of_another_page_is_not_even_read(self):
        for content_type in (
            *('application/x-www-form-urlencoded', 'text/plain'),
            'multipart/form-data',
        ):
            response = self.admin.post(
                '/login', {'user': 'a'}, Content_Type=content_type
            )
            self.assertEqual(415, response.status_int)

    def test_a_form_that_is_wrong_is_refused_and_not_repeated(self):
        for form in (
            b'{',
            [],
            {},
            {'user': ''},
            {'user': 'admin', 'more': 'x'},
            {'user': 'admin', 'password': 5},
            {'user': 'admin', 'password': 'geheim' * 1000},
            {'user': 'a' * 256},
        ):
            response = self.nobody.post('/login', form)
            self.assertEqual(400, response.status_int, form)
            self.assertNotIn('geheim', response.text)

    def test_who_signs_out_is_nobody(self):
        response = self.admin.post('/logout')
        self.assertEqual(204, response.status_int)
        self.assertIn('Max-Age=0', response.headers['Set-Cookie'])
        self.assertEqual(401, self.admin.get('/state').status_int)
        self.assertEqual(204, self.nobody.post('/logout').status_int)


class TestNamedOrigins(base.DashboardTestCase):
    def refused(self, named: str, origin: str) -> bool:
        """Return whether a page is refused where others are named."""
        self.cloud.conf.set_override('origins', [named], 'dashboard')
        made = session.Session(self.cloud.conf, '/dashboard')
        request = webob.Request.blank('/', headers={'Origin': origin})
        try:
            made.check_origin(request)
        except exception.ForeignOrigin:
            return True
        return False

    def test_an_address_is_what_a_browser_makes_of_it(self):
        for named, origin in (
            ('https://Page.Example:443/', 'https://page.example'),
            ('http://page.example:80', 'http://page.example'),
            ('http://page.example:8774', 'http://page.example:8774'),
            ('HTTPS://[2001:DB8::1]:9180', 'https://[2001:db8::1]:9180'),
        ):
            self.assertFalse(self.refused(named, origin), named)
        for origin in ('http://page.example:443', 'https://page.example:80'):
            self.assertTrue(self.refused('https://page.example', origin))

    def test_what_is_no_address_is_refused_at_the_start(self):
        for named in (
            *('page.example', '*', 'https://', 'null', 'ftp://page.example'),
            *('https://page.example/dashboard', 'https://page.example:x'),
            *('https://user@page.example', 'https://[::1', 'http://a?b'),
        ):
            self.assertRaises(
                exception.InvalidConfiguration, self.refused, named, named
            )


class TestOrigins(base.DashboardTestCase):
    options = {
        'dashboard': {'enabled': True, 'origins': ['https://page.example/']}
    }

    def test_only_the_addresses_that_are_named_are_those_of_the_page(self):
        self.assertEqual(403, self.admin.sign_in().status_int)
        response = self.admin.post(
            '/login', {'user': 'admin'}, Origin='https://page.example'
        )
        self.assertEqual(200, response.status_int)
        self.assertIn('; secure', response.headers['Set-Cookie'].lower())
