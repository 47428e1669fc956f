# SPDX-License-Identifier: Apache-2.0

"""Signing in where the identity service answers, refuses, or is not there."""

import base64
import http.server
import json
import threading
from typing import Any
import urllib.error
import urllib.request

import fixtures
from oslotest import base

from nova_sg.api.dashboard import session
from nova_sg.tests.fixtures import identity
from nova_sg.tests.fixtures import rest
from nova_sg.tests.fixtures import rest_process

_FORM = {'user': 'admin', 'password': identity.PASSWORD, 'project': 'demo'}

_UNREACHABLE = 'The identity service is unreachable.'

#: As keystone answers where a user has a second factor.
_RECEIPT = {
    'receipt': {
        'methods': ['password'],
        'user': {'id': 'u', 'name': 'admin'},
        'issued_at': '2026-01-01T00:00:00.000000Z',
        'expires_at': '2036-01-01T00:00:00.000000Z',
    },
    'required_auth_methods': [['password', 'totp']],
}

_TOKEN = {
    'token': {
        'methods': ['password'],
        'expires_at': '2036-01-01T00:00:00.000000Z',
    }
}

Answer = tuple[int | None, Any, dict[str, str]]


class OneAnswer(fixtures.Fixture):
    """An identity service that answers everything alike.

    :ivar answer: with what: the status, the body, further headers; not at
        all without a status
    """

    answer: Answer = (500, {}, {})

    def _setUp(self) -> None:
        fixture = self
        self.ended = threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # noqa: N802
                self.rfile.read(int(self.headers['Content-Length']))
                status, body, headers = fixture.answer
                if status is None:
                    fixture.ended.wait()
                    return
                text = json.dumps(body).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header('Content-Type', 'application/json')
                self.send_header('Content-Length', str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_arguments: Any) -> None:
                pass

        self.url = f'{identity.serve(self, Handler)}/v3'
        self.addCleanup(self.ended.set)


class TestKeystone(base.BaseTestCase):
    """A nova-sg-api whose identity service says what a test wants."""

    def setUp(self) -> None:
        super().setUp()
        self.keystone = self.useFixture(OneAnswer())
        cloud = self.useFixture(rest.Cloud())
        self.served = self.useFixture(
            rest_process.RestProcess(
                cloud.conf,
                dashboard={'enabled': 'true'},
                keystone_authtoken={
                    'auth_url': self.keystone.url,
                    'www_authenticate_uri': self.keystone.url,
                },
            )
        )

    def ask(
        self, path: str, form: dict[str, str] | None = None, **headers: str
    ) -> tuple[int, Any]:
        """Return the status of an answer, and what it holds."""
        request = urllib.request.Request(
            f'{self.served.url}/dashboard{path}',
            None if form is None else json.dumps(form).encode(),
            {
                'Content-Type': 'application/json',
                'Origin': self.served.url,
                **headers,
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                (fault,) = json.loads(error.read()).values()
                return error.code, fault['message']

    def sign_in(self, *answer: Any) -> tuple[int, Any]:
        """Return what the page is told with an answer of keystone's."""
        status, body, *headers = answer
        self.keystone.answer = status, body, dict(*headers)
        return self.ask('/login', _FORM)

    def test_what_keystone_refuses_is_no_outage(self):
        for reason, answer in (
            ('the user, the password or the project is wrong', (401, {})),
            (
                'this user needs more than a password to sign in, which this '
                'page cannot ask for',
                (401, _RECEIPT, {'Openstack-Auth-Receipt': 'r'}),
            ),
            ('the identity service refuses this user or project', (400, {})),
            ('the identity service refuses this user or project', (403, {})),
        ):
            self.assertEqual(
                (401, f'Not authorized: {reason}'), self.sign_in(*answer)
            )

    def test_what_no_user_can_help_is_an_outage(self):
        for answer in (
            *((404, {}), (429, {}), (500, {}), (503, {}), (200, {})),
            (201, _TOKEN),
            (201, {}, {'X-Subject-Token': 't'}),
            # It takes the connection, and says nothing.
            (None, {}),
        ):
            code, message = self.sign_in(*answer)
            self.assertEqual(503, code, answer)
            self.assertTrue(message.startswith(_UNREACHABLE), message)
        log = self.served.log.read_text()
        self.assertNotIn('Traceback', log)
        self.assertNotIn(identity.PASSWORD, log)

    def test_a_cookie_that_no_header_can_hold_is_none(self):
        for text in ('\u2603', 'é', ' t', 't t'):
            value = base64.urlsafe_b64encode(text.encode()).decode()
            cookie = {'Cookie': f'{session.COOKIE}={value}'}
            code, found = self.ask('/session', **cookie)
            self.assertEqual((200, None), (code, found['user']), text)
            self.assertEqual(401, self.ask('/state', **cookie)[0], text)
        self.assertNotIn('Traceback', self.served.log.read_text())
