# SPDX-License-Identifier: Apache-2.0


"""``nova-sg-manage driver check``."""

import testscenarios

from nova_sg import conf as sg_conf
from nova_sg.db import schema
from nova_sg.servicegroup import api as sg_api
from nova_sg.tests.fixtures import scenarios
from nova_sg.tests.fixtures.servers import ports
from nova_sg.tests.functional.cmd import backends
from nova_sg.tests.functional.cmd import base

load_tests = testscenarios.load_tests_apply_scenarios


class TestCheck(base.CommandTestCase):
    def check(self) -> dict[str, object]:
        return self.done('driver', 'check', '-f', 'json').json

    def test_it_shows_the_backend_and_counts_services(self):
        self.service('c1')
        self.service('c2')
        self.service('c3')
        self.done('service', 'force-down', 'c2', 'nova-compute')
        checked = self.check()
        (round_trip,) = checked.pop('round_trip_ms')
        self.assertGreater(round_trip, 0)
        self.assertRegex(
            checked.pop('database_version'), r'^sqlite 3\.[0-9.]+$'
        )
        self.assertEqual(
            {
                'driver': 'db',
                'records': 'sql',
                'durable': True,
                'linearizable': True,
                'monotonic_reads': True,
                'staleness': '0 s',
                'crash_detection': '60 s',
                'doubt': '30 s',
                'backend': [self.url],
                'marker': ['driver = db, records = sql (format 1)'],
                'schema_version': schema.head(),
                'members': 3,
                'services': 3,
                'up': 2,
                'down': 1,
                'unknown': 0,
            },
            checked,
        )

    def test_an_unused_backend_is_not_marked(self):
        checked = self.check()
        self.assertEqual(['not marked yet'], checked['marker'])
        self.assertEqual(0, checked['services'])


class TestCheckServers(base.CommandTestCase):
    scenarios = scenarios.SERVERS

    def test_it_tells_the_version_and_whether_tls_is_spoken(self):
        checked = self.done('driver', 'check', '-f', 'json').json
        self.assertRegex(
            checked['database_version'], r'^(postgresql|mariadb) [0-9.]+$'
        )
        self.assertEqual('no', checked['tls'])


class TestCheckOthers(backends.BackendsTestCase):
    def check(self, **options: str) -> dict[str, object]:
        """Check a deployment in which two workers of one service live."""
        for name, value in options.items():
            self.option(f'SERVICEGROUP__{name.upper()}', value)
        self.process = sg_api.API(sg_conf.load([self.config_file]))
        service = self.process.create(
            self.context, {'host': 'c1', 'binary': 'nova-compute'}
        )
        self.process.join_many(self.context, [service, service])
        self.process.create(
            self.context, {'host': 'c2', 'binary': 'nova-compute'}
        )
        return self.done('driver', 'check', '-f', 'json').json

    def assert_tells(self, checked: dict[str, object], **facts: object):
        self.assertEqual(
            facts, {name: checked[name] for name in facts}, checked
        )

    def test_of_zookeeper(self):
        checked = self.check(driver='zk')
        self.assert_tells(
            checked,
            records='zookeeper',
            durable=True,
            crash_detection='9 s',
            session_timeout='6 s',
            access='everybody may change it',
            tls='no',
            marker=['driver = zk, records = zookeeper (format 1)'],
            # The new service is expected, and not down yet.
            members=3,
            services=2,
            up=2,
        )
        self.assertRegex(checked['zookeeper_version'], r'^3\.[0-9.]+$')

    def test_of_memcached(self):
        checked = self.check(driver='mc', records='memcached')
        self.assert_tells(
            checked,
            durable=False,
            crash_detection='61 s',
            tls='no',
            # It has just met this deployment, and calls nobody down yet.
            settling=self.memcached.hosts,
            members=3,
            services=2,
            up=2,
        )
        self.assertRegex(checked['memcached_version'], r'^1\.[0-9.]+$')

    def test_of_two_backends_it_shows_both(self):
        checked = self.check(driver='zk', records='sql')
        self.assertEqual(2, len(checked['backend']))
        self.assertEqual(2, len(checked['round_trip_ms']))
        self.assertIn('sqlite', checked['database_version'])
        self.assertEqual(3, checked['members'])

    def test_a_memcached_that_is_away_is_one_line(self):
        self.check(driver='mc')
        port = self.useFixture(ports.Port()).number
        self.option('MEMCACHED__SERVERS', f'127.0.0.1:{port}')
        for words in (('driver', 'check'), ('service', 'list')):
            self.assert_error(
                5,
                f'memcached 127.0.0.1:{port} is unavailable: .*refused',
                self.manage(*words),
            )
