# SPDX-License-Identifier: Apache-2.0

"""A backend that is away: 503, and never a list of dead services.

Whoever asks is told no host, no user and no database; the log has them.
"""

import fixtures
import testscenarios

from nova_sg import exception
from nova_sg.tests.fixtures import rest
from nova_sg.tests.functional.api import backends
from nova_sg.tests.functional.api import trouble

load_tests = testscenarios.load_tests_apply_scenarios


class TestDatabase(trouble.TroubleTestCase):
    scenarios = [
        (
            f'{method} {path} {version}',
            {'asked': (method, path, version, body)},
        )
        for method, path, version, body in (
            ('GET', 'os-services', '2.1', None),
            ('GET', 'os-services', '2.104', None),
            (
                'PUT',
                'os-services/disable',
                '2.1',
                {'host': 'c1', 'binary': 'nova-compute'},
            ),
            (
                'PUT',
                'os-services/00000000-0000-4000-8000-000000000000',
                '2.53',
                {'status': 'disabled'},
            ),
            ('DELETE', 'os-services/1', '2.1', None),
            ('GET', 'os-hosts', '2.1', None),
            ('GET', 'os-hosts/c1', '2.1', None),
            ('GET', 'os-hypervisors/detail', '2.104', None),
            ('GET', 'os-hypervisors/1', '2.1', None),
            ('GET', 'os-hypervisors/statistics', '2.1', None),
            ('GET', 'os-availability-zone', '2.1', None),
            ('GET', 'os-availability-zone/detail', '2.1', None),
            ('GET', 'os-aggregates', '2.1', None),
        )
    ]

    def test_the_answer_says_that_it_is_away_until_it_is_back(self):
        self.take_database_away()
        method, path, version, body = self.asked
        asked = f'/v2.1/{path}'
        response = self.ask(method, asked, version=version, body=body)
        self.assert_away(response, 'sqlite:///')
        self.bring_database_back(self.directory)
        response = self.ask(method, asked, version=version, body=body)
        self.assertIn(response.status_int, (200, 204, 404), response.text)


class TestOutcomeUnknown(trouble.TroubleTestCase):
    """An answer that never sounds like "not done"."""

    fixture = rest.Rest

    def test_a_client_is_told_to_look_before_it_repeats_a_change(self):
        uuid = self.cloud.service('c1').uuid
        error = exception.OutcomeUnknown(backend='db://far', reason='silence')
        self.useFixture(
            fixtures.MockPatchObject(
                self.cloud.api.driver.records, 'update', side_effect=error
            )
        )
        response = self.ask(
            'PUT',
            f'/v2.1/os-services/{uuid}',
            version='2.53',
            body={'status': 'disabled'},
        )
        self.assertEqual(503, response.status_int)
        self.assertNotIn('Retry-After', response.headers)
        text = response.json['serviceUnavailable']['message']
        self.assertIn('The change may have been made', text)
        self.assertIn('GET /os-services', text)
        self.assertNotIn('far', text)
        self.assertIn('db://far', self.log.output)


class TestZooKeeper(trouble.TroubleTestCase):
    """Neither can be read."""

    fixture = rest.Rest
    backend = staticmethod(backends.zookeeper)

    def test_the_last_known_list_stands_or_none_is_given(self):
        self.cloud.service('c1')
        self.ask('GET', '/v2.1/os-services')
        self.cloud.deployment.kill()
        response = self.ask('GET', '/v2.1/os-services')
        if response.status_int == 200:
            (shown,) = response.json['services']
            self.assertEqual(('c1', 'up'), (shown['host'], shown['state']))
        else:
            self.assert_away(response, 'zookeeper')
        # A decision cannot be kept.
        response = self.ask(
            'PUT',
            '/v2.1/os-services/disable',
            body={'host': 'c1', 'binary': 'nova-compute'},
        )
        self.assert_away(response, 'zookeeper')
