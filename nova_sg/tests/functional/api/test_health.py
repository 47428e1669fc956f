# SPDX-License-Identifier: Apache-2.0

"""The health checks of the REST service and of its backend."""

import fixtures
from oslo_middleware import opts
import webob

from nova_sg import exception
from nova_sg.api import health
from nova_sg.tests.fixtures import statements
from nova_sg.tests.functional.api import trouble


class TestHealth(trouble.TroubleTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.useFixture(fixtures.MonkeyPatch('nova_sg.api.health.FRESH', 0))
        self.useFixture(fixtures.MonkeyPatch('nova_sg.api.health.STALE', 0))

    def test_who_may_not_ask_is_not_passed_on_to_the_host_it_names(self):
        ((group, options),) = opts.list_opts_healthcheck()[:1]
        conf = self.cloud.conf
        conf.register_opts(options, group=group)
        conf.set_override('allowed_source_ranges', ['192.0.2.0/24'], group)
        asked = health.Health(conf, with_backend=True)
        request = webob.Request.blank(
            'http://127.0.0.1:1/healthcheck/backend',
            {'REMOTE_ADDR': '127.0.0.1'},
        )
        self.assertEqual(404, request.get_response(asked).status_int)

    def test_strangers_put_no_load_on_the_backend(self):
        self.useFixture(fixtures.MonkeyPatch('nova_sg.api.health.FRESH', 60))
        path = '/healthcheck/backend'
        self.assertEqual(200, self.ask('GET', path).status_int)
        with statements.StatementCounter() as counted:
            for _ in range(20):
                self.assertEqual(200, self.ask('GET', path).status_int)
        self.assertEqual(0, len(counted), counted)

    def test_the_process_is_up_whatever_its_backend_is(self):
        self.assertEqual(200, self.ask('GET', '/healthcheck').status_int)
        backend = self.ask('GET', '/healthcheck/backend')
        self.assertEqual(200, backend.status_int)
        self.take_database_away()
        self.assertEqual(200, self.ask('GET', '/healthcheck').status_int)
        backend = self.ask(
            'GET',
            '/healthcheck/backend',
            headers={'Accept': 'application/json'},
        )
        self.assertEqual(503, backend.status_int)
        self.assertEqual([exception.UNAVAILABLE], backend.json['reasons'])
        self.assertIn('sqlite', self.log.output)
