# SPDX-License-Identifier: Apache-2.0

"""Requests that cannot be read."""

import io

from oslotest import base
import webob
import webob.exc

from nova_sg import exception
from nova_sg.api import validation


class Chunks(io.RawIOBase):
    """A body whose parts the WSGI server cannot make out."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def read(self, _size: int = -1) -> bytes:
        raise self._error


class TestBodies(base.BaseTestCase):
    def request(self, body: io.IOBase) -> webob.Request:
        request = webob.Request.blank('/v2.1/os-services/disable')
        request.method = 'PUT'
        request.body_file_raw = body
        request.content_length = 100
        return request

    def test_one_that_ends_too_early_is_bad_input(self):
        error = self.assertRaises(
            exception.MalformedRequestBody,
            validation.load_body,
            self.request(io.BytesIO(b'{"host": ')),
        )
        self.assertIn('to its end', str(error))

    def test_so_is_one_that_the_server_cannot_read(self):
        self.assertRaises(
            exception.MalformedRequestBody,
            validation.read_body,
            self.request(Chunks(ValueError('Invalid chunk size: ZZ'))),
        )

    def test_one_that_is_too_large_stays_that(self):
        too_large = webob.exc.HTTPRequestEntityTooLarge()
        self.assertRaises(
            webob.exc.HTTPRequestEntityTooLarge,
            validation.read_body,
            self.request(Chunks(too_large)),
        )
