# SPDX-License-Identifier: Apache-2.0

"""Requests to the REST service in this process."""

from typing import Any

import orjson
from oslotest import base
import webob

from nova_sg.tests.fixtures import rest


class RestTestCase(base.BaseTestCase):
    """A small cloud, and requests to it as an admin."""

    backend: Any = None
    options: dict[str, dict[str, Any]] = {}
    fixture: type[rest.Rest] = rest.Cloud

    def setUp(self) -> None:
        super().setUp()
        made = self.backend and self.backend()
        self.cloud = self.useFixture(self.fixture(made, **self.options))

    def ask(
        self,
        method: str,
        path: str,
        *,
        version: str | None = None,
        body: Any = None,
        headers: dict[str, str] | None = None,
        environ: dict[str, str] | None = None,
    ) -> webob.Response:
        """Make a request and return the answer.

        :param path: as it is on the wire, percent signs and all
        :param body: bytes as they are, or what becomes JSON
        :param environ: what the server tells of the request
        """
        request = webob.Request.blank(path, environ, method=method)
        request.headers['X-Auth-Token'] = 'admin'
        if version is not None:
            request.headers['OpenStack-API-Version'] = f'compute {version}'
        if body is not None:
            request.content_type = 'application/json'
            request.body = (
                body if isinstance(body, bytes) else orjson.dumps(body)
            )
        request.headers.update(headers or {})
        return request.get_response(self.cloud.app)
