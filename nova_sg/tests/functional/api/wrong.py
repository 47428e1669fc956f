# SPDX-License-Identifier: Apache-2.0

"""Requests that must not be made, and the answers to them."""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

from nova_sg.tests.functional.api import base

SERVICES = '/v2.1/os-services'
HYPERVISORS = '/v2.1/os-hypervisors'
HOSTS = '/v2.1/os-hosts'


class Wrong(NamedTuple):
    """A request, and the answer to it.

    :param says: a part of the message
    :param version: the microversion it asks for
    """

    method: str
    path: str
    says: str
    body: Any = None
    version: str | None = None
    status: int = 400
    headers: Mapping[str, str] = {}


class WrongTestCase(base.RestTestCase):
    """Makes all of its wrong requests to one cloud: nothing there changes."""

    requests: Sequence[Wrong] = ()

    def test_each_gets_the_documented_answer_with_a_message_that_helps(self):
        for each in self.requests:
            response = self.ask(
                each.method,
                each.path,
                version=each.version,
                body=each.body,
                headers=dict(each.headers),
            )
            what = f'{str(each)[:300]}: {response.text[:300]}'
            self.assertEqual(each.status, response.status_int, what)
            (fault,) = response.json.values()
            self.assertEqual(each.status, fault['code'], what)
            self.assertIn(each.says, fault['message'], what)
            self.assertLess(len(fault['message']), 600, what)
            self.assertNotIn('\n', fault['message'], what)
            self.assertIn('x-openstack-request-id', response.headers, what)
