# SPDX-License-Identifier: Apache-2.0

"""A backend that is away: 503, and never a list of dead services."""

import os

import testscenarios

from nova_sg import exception
from nova_sg.tests.fixtures import rest
from nova_sg.tests.functional.api import backends
from nova_sg.tests.functional.api import base

load_tests = testscenarios.load_tests_apply_scenarios


class TroubleTestCase(base.RestTestCase):
    options = {'servicegroup': {'report_interval': 1}}

    def take_database_away(self) -> None:
        url = self.cloud.conf.database.connection
        directory = os.path.dirname(url.removeprefix('sqlite:///'))
        os.rename(directory, f'{directory}.away')
        self.addCleanup(self.bring_database_back, directory)
        self.directory = directory

    @staticmethod
    def bring_database_back(directory: str) -> None:
        if os.path.exists(f'{directory}.away'):
            os.rename(f'{directory}.away', directory)

    def assert_away(self, response, names: str) -> None:
        self.assertEqual(503, response.status_int, response.text)
        self.assertEqual('10', response.headers['Retry-After'])
        fault = response.json['serviceUnavailable']
        self.assertIn(names, fault['message'])


class TestDatabase(TroubleTestCase):
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

    def test_it_says_which_backend_is_away(self):
        self.take_database_away()
        method, path, version, body = self.asked
        response = self.ask(
            method, f'/v2.1/{path}', version=version, body=body
        )
        self.assert_away(response, 'sqlite:///')

    def test_it_is_answered_when_the_backend_is_back(self):
        self.take_database_away()
        self.ask('GET', '/v2.1/os-services')
        self.bring_database_back(self.directory)
        method, path, version, body = self.asked
        response = self.ask(
            method, f'/v2.1/{path}', version=version, body=body
        )
        self.assertIn(response.status_int, (200, 204, 404), response.text)


class TestHealth(TroubleTestCase):
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
        self.assertIn('sqlite', backend.text)


class TestMemcached(TroubleTestCase):
    """Records can be read, and nobody can say who lives."""

    fixture = rest.Rest
    backend = staticmethod(backends.memcached)

    def test_what_is_known_stands_and_what_is_not_is_not_made_up(self):
        self.cloud.service('c1')
        before = self.ask('GET', '/v2.1/os-services').json['services']
        self.assertEqual(['up'], [each['state'] for each in before])
        # Not the database, where the records are.
        server = self.cloud.deployment.server
        self.addCleanup(server.start)
        server.kill()
        after = self.ask('GET', '/v2.1/os-services').json['services']
        self.assertEqual(before, after)
        self.cloud.api.driver.records.create(
            self.cloud.context,
            {'host': 'c2', 'binary': 'nova-compute', 'topic': 'compute'},
        )
        self.assert_away(
            self.ask('GET', '/v2.1/os-services'), f'{server.port}'
        )


class TestZooKeeper(TroubleTestCase):
    """Neither can be read."""

    fixture = rest.Rest
    backend = staticmethod(backends.zookeeper)

    def test_the_last_known_list_stands_or_none_is_given(self):
        self.cloud.service('c1')
        before = self.ask('GET', '/v2.1/os-services').json
        self.cloud.deployment.kill()
        response = self.ask('GET', '/v2.1/os-services')
        if response.status_int != 200 or response.json != before:
            self.assert_away(response, 'zookeeper')
        # A decision cannot be kept.
        response = self.ask(
            'PUT',
            '/v2.1/os-services/disable',
            body={'host': 'c1', 'binary': 'nova-compute'},
        )
        self.assert_away(response, 'zookeeper')


class TestOurMistakes(base.RestTestCase):
    """What is wrong with this process is not the fault of who asks."""

    scenarios = [
        (
            type(error).__name__,
            {'error': error, 'status': status, 'says': says},
        )
        for error, status, says in (
            (
                exception.DeploymentMismatch(
                    backend='db', theirs='driver = zk', ours='driver = db'
                ),
                503,
                'driver = zk',
            ),
            (
                exception.InvalidConfiguration(
                    option='[database] connection', reason='it is wrong'
                ),
                503,
                '[database] connection',
            ),
            (
                exception.RecordUnreadable(where='/here', reason='it is torn'),
                500,
                '/here',
            ),
            (ZeroDivisionError('secret'), 500, 'in the log of the service'),
        )
    ]

    def test_it_is_a_5xx_without_a_traceback(self):
        def fail(*_args, **_filters):
            raise self.error

        self.cloud.api.driver.list = fail
        response = self.ask('GET', '/v2.1/os-services')
        self.assertEqual(self.status, response.status_int)
        self.assertIn(self.says, response.text)
        self.assertNotIn('secret', response.text)
        self.assertEqual(self.status == 503, 'Retry-After' in response.headers)
