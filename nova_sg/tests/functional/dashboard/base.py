# SPDX-License-Identifier: Apache-2.0

"""The page without a browser: its requests, one by one."""

from typing import Any

import fixtures
import orjson
from oslotest import base
import webob

from nova_sg.api.dashboard import follower
from nova_sg.tests.fixtures import rest

_Follower = follower.Follower

OPTIONS: dict[str, dict[str, Any]] = {'dashboard': {'enabled': True}}

HOST = 'http://localhost'


class Client:
    """Asks as a browser would, and keeps cookies as one.

    :param app: the application
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self.cookie = ''
        self.proof = ''

    def get(self, path: str, **headers: str) -> webob.Response:
        return self._ask(path, 'GET', headers)

    def post(
        self, path: str, body: Any = None, **headers: str | None
    ) -> webob.Response:
        """Post as the page does.

        :param headers: other ones than it sends; None for one less
        """
        sent = {
            'Content-Type': 'application/json',
            'Origin': HOST,
            'X-CSRF-Token': self.proof,
            **{name.replace('_', '-'): v for name, v in headers.items()},
        }
        return self._ask(
            path,
            'POST',
            {name: v for name, v in sent.items() if v is not None},
            body if isinstance(body, bytes) else orjson.dumps(body or {}),
        )

    def sign_in(self, user: str = 'admin', **form: str) -> webob.Response:
        response = self.post('/login', {'user': user, **form})
        if response.status_int == 200:
            self.proof = response.json['proof']
        return response

    def _ask(
        self, path: str, method: str, headers: Any, body: bytes = b''
    ) -> webob.Response:
        request = webob.Request.blank(f'/dashboard{path}', method=method)
        request.body = body
        request.headers.update(headers)
        if self.cookie:
            request.headers['Cookie'] = self.cookie
        response = request.get_response(self._app)
        given = response.headers.get('Set-Cookie')
        if given is not None:
            self.cookie = given.partition(';')[0]
        return response


class DashboardTestCase(base.BaseTestCase):
    """A small cloud, a browser of its admin, and one of nobody."""

    backend: Any = None
    options = OPTIONS
    fixture: type[rest.Rest] = rest.Cloud

    def setUp(self) -> None:
        super().setUp()
        self.followers: list[follower.Follower] = []
        # A follower must not ask the next test's deployment.
        self.useFixture(
            fixtures.MonkeyPatch(
                'nova_sg.api.dashboard.follower.Follower', self.follower
            )
        )
        self.cloud = self.useFixture(
            self.fixture(self.backend and self.backend(), **self.options)
        )
        self.addCleanup(self.stop)
        self.nobody = Client(self.cloud.app)
        self.admin = Client(self.cloud.app)

    def follower(self, *arguments: Any) -> follower.Follower:
        """Return a follower that ends with the test."""
        self.followers.append(_Follower(*arguments))
        return self.followers[-1]

    def stop(self) -> None:
        for each in self.followers:
            each.stop()

    def state(self) -> dict[str, Any]:
        """Return what the page of the admin knows."""
        response = self.admin.get('/state')
        self.assertEqual(200, response.status_int, response.text)
        content: dict[str, Any] = response.json
        return content
