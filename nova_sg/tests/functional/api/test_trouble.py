# SPDX-License-Identifier: Apache-2.0

"""A backend that is away: 503, and never a list of dead services.

Whoever asks is told no host, no user and no database; the log has them.
"""

import os
import re

import fixtures
from oslo_middleware import opts
import testscenarios
import webob

from nova_sg import exception
from nova_sg.api import health
from nova_sg.tests.fixtures import rest
from nova_sg.tests.fixtures import statements
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

    def setUp(self) -> None:
        super().setUp()
        self.log = self.useFixture(fixtures.FakeLogger())

    def assert_away(self, response, names: str) -> None:
        self.assertEqual(503, response.status_int, response.text)
        self.assertEqual('10', response.headers['Retry-After'])
        fault = response.json['serviceUnavailable']
        request = response.headers['x-openstack-request-id']
        # What changes something may have been made.
        said = (exception.UNAVAILABLE, exception.OutcomeUnknown.public)
        self.assertIn(
            fault['message'], [f'{each} ({request})' for each in said]
        )
        self.assertIn(names, self.log.output)


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

    def test_the_answer_says_it_is_away_and_the_log_says_which(self):
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
        # A client that knows only up and down is not told of it.
        for version in ('2.1', '2.68'):
            after = self.ask('GET', '/v2.1/os-services', version=version)
            self.assertEqual(
                [('c1', 'up')],
                [(e['host'], e['state']) for e in after.json['services']],
            )
        after = self.ask('GET', '/v2.1/os-services', version='2.69').json
        self.assertEqual(
            [
                'up',
                {'binary': 'nova-compute', 'host': 'c2', 'status': 'UNKNOWN'},
            ],
            [each.get('state', each) for each in after['services']],
        )

    def test_one_unknown_service_is_not_an_unknown_deployment(self):
        self.cloud.service('c1')
        for host in ('c1', 'c2'):
            self.cloud.node(host, hypervisor_hostname=host)
        self.ask('GET', '/v2.1/os-services')
        self.addCleanup(self.cloud.deployment.server.start)
        self.cloud.deployment.server.kill()
        self.cloud.api.driver.records.create(
            self.cloud.context,
            {'host': 'c2', 'binary': 'nova-compute', 'topic': 'compute'},
        )
        for version in ('2.1', '2.104'):
            found = self.ask('GET', '/v2.1/os-hypervisors', version=version)
            self.assertEqual(
                {'c1': 'up', 'c2': 'unknown'},
                {
                    each['hypervisor_hostname']: each['state']
                    for each in found.json['hypervisors']
                },
            )
        (zone,) = [
            each
            for each in self.ask(
                'GET', '/v2.1/os-availability-zone/detail'
            ).json['availabilityZoneInfo']
            if each['zoneName'] == 'nova'
        ]
        self.assertEqual(['c1'], list(zone['hosts']))


class TestDecisions(TroubleTestCase):
    """Records can be changed, and nobody can say which services live."""

    fixture = rest.Rest
    backend = staticmethod(backends.memcached)

    def test_a_change_that_was_made_is_not_told_as_failed(self):
        created = self.cloud.api.driver.records.create(
            self.cloud.context,
            {'host': 'c1', 'binary': 'nova-compute', 'topic': 'compute'},
        )
        server = self.cloud.deployment.server
        self.addCleanup(server.start)
        server.kill()
        for body, status, state in (
            ({'status': 'disabled'}, 'disabled', 'unknown'),
            ({'forced_down': True}, 'disabled', 'down'),
            ({'forced_down': False}, 'disabled', 'unknown'),
            ({'status': 'enabled'}, 'enabled', 'unknown'),
        ):
            response = self.ask(
                'PUT',
                f'/v2.1/os-services/{created.uuid}',
                version='2.53',
                body=body,
            )
            self.assertEqual(200, response.status_int, response.text)
            shown = response.json['service']
            self.assertEqual(
                (status, state), (shown['status'], shown['state'])
            )


class TestOutcomeUnknown(TroubleTestCase):
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


class TestZooKeeper(TroubleTestCase):
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


class TestOurMistakes(base.RestTestCase):
    """What is wrong with this process is not the fault of who asks."""

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
