# SPDX-License-Identifier: Apache-2.0

"""What the page does to a service."""

from typing import Any

from nova_sg import objects
from nova_sg.tests.functional.dashboard import base


class TestActions(base.DashboardTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.admin.sign_in()

    def act(self, action: str, host: str = 'c1', **body: Any) -> int:
        """Act upon the service of a host, and return the status."""
        which = {'host': host, 'uuid': self.cloud.names['C1_UUID']}
        response = self.admin.post(f'/actions/{action}', {**which, **body})
        return int(response.status_int)

    def service(self, host: str = 'c1') -> objects.ServiceGroupService:
        return objects.ServiceGroupService.get_by_compute_host(
            self.cloud.context, host
        )

    def test_disable_and_enable(self):
        self.assertEqual(200, self.act('disable', reason='<b>disk</b>'))
        self.assertEqual('<b>disk</b>', self.service().disabled_reason)
        self.assertEqual(200, self.act('enable'))
        self.assertFalse(self.service().disabled)
        self.assertIsNone(self.service().disabled_reason)
        # A reason is not needed.
        self.assertEqual(200, self.act('disable'))
        self.assertTrue(self.service().disabled)
        self.assertIsNone(self.service().disabled_reason)

    def test_force_down_and_back(self):
        self.assertEqual(200, self.act('force-down'))
        self.assertTrue(self.service().forced_down)
        self.assertEqual(200, self.act('unset-force-down'))
        self.assertFalse(self.service().forced_down)

    def test_only_the_host_that_was_confirmed(self):
        uuid = self.cloud.names['C2_UUID']
        for host in ('c1', 'nobody', 'C2', '\x00'):
            self.assertEqual(404, self.act('force-down', uuid=uuid, host=host))
        self.assertFalse(self.service('c2').forced_down)

    def test_only_computes(self):
        response = self.admin.post(
            '/actions/disable',
            {'host': 'ctl', 'uuid': self.cloud.names['SCHEDULER_UUID']},
        )
        self.assertEqual(400, response.status_int)

    def test_what_is_wrong_with_a_body_is_said(self):
        for action, body in (
            ('disable', {'reason': 'x' * 256}),
            ('disable', {'reason': None}),
            ('enable', {'reason': 'because'}),
            ('enable', {'uuid': 'c1'}),
            ('enable', {'uuid': None}),
            ('enable', {'more': 1}),
        ):
            self.assertEqual(400, self.act(action, **body), body)
        for action in ('delete', '', 'enable/'):
            self.assertEqual(404, self.act(action))
        for body in (b'', b'{', b'[1]', b'null'):
            response = self.admin.post('/actions/enable', body)
            self.assertEqual(400, response.status_int, body)
