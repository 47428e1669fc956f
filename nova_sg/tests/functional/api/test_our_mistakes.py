# SPDX-License-Identifier: Apache-2.0

"""What is wrong with this process is not the fault of the client."""

import re

import fixtures
import testscenarios

from nova_sg import exception
from nova_sg.tests.functional.api import base

load_tests = testscenarios.load_tests_apply_scenarios


class TestOurMistakes(base.RestTestCase):
    scenarios = [
        (type(error).__name__, {'error': error, 'status': status})
        for error, status in (
            (exception.NovaSgException('secret'), 500),
            (
                exception.DeploymentMismatch(
                    backend='mysql://secret', theirs='zk', ours='db'
                ),
                503,
            ),
            (
                exception.SchemaVersionMismatch(
                    backend='mysql://secret',
                    found='1',
                    expected='2',
                    advice='upgrade',
                ),
                503,
            ),
            (exception.SchemaNotReady(backend='mysql://secret'), 503),
            (
                exception.InvalidConfiguration(
                    option='[database] connection', reason='secret'
                ),
                503,
            ),
            (
                exception.ServiceGroupUnavailable(
                    backend='mysql://secret', reason='line\nline'
                ),
                503,
            ),
            (exception.ConductorMissing(backend='rabbit://secret'), 503),
            (exception.ConductorError(method='list', reason='secret'), 500),
            (exception.RecordUnreadable(where='secret', reason='torn'), 500),
            (
                exception.MigrationRefused(
                    source='db', target='secret', reason='it is'
                ),
                409,
            ),
            (exception.InventoryNotConfigured(), 501),
            (ZeroDivisionError('secret'), 500),
        )
    ]

    def test_it_is_told_the_log_and_not_a_stranger(self):
        def fail(*_args, **_filters):
            raise self.error

        log = self.useFixture(fixtures.FakeLogger())
        self.cloud.api.driver.render = fail
        response = self.ask('GET', '/v2.1/os-services')
        self.assertEqual(self.status, response.status_int)
        inside = re.compile(r'secret|\[\w+\]|nova-sg-|://|Error')
        self.assertNotRegex(response.text, inside)
        self.assertEqual(self.status == 503, 'Retry-After' in response.headers)
        if self.status in (500, 503):
            request = response.headers['x-openstack-request-id']
            self.assertIn(f'({request})', response.text)
            told = log.output
            self.assertIn(' '.join(str(self.error).split()), told)
