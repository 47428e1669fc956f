# SPDX-License-Identifier: Apache-2.0

"""Records can be read and changed, and nobody can say which services live."""

from nova_sg.servicegroup import record
from nova_sg.tests.fixtures import rest
from nova_sg.tests.functional.api import backends
from nova_sg.tests.functional.api import trouble


class TestUnknownStates(trouble.TroubleTestCase):
    fixture = rest.Rest
    backend = staticmethod(backends.memcached)

    def kill_memcached(self) -> None:
        """Not the database, where the records are."""
        server = self.cloud.deployment.server
        self.addCleanup(server.start)
        server.kill()

    def add(self, host: str) -> record.Record:
        """Create a service of which no process has seen a heartbeat."""
        return self.cloud.api.driver.records.create(
            self.cloud.context,
            {'host': host, 'binary': 'nova-compute', 'topic': 'compute'},
        )

    def test_what_is_known_stands_and_what_is_not_is_not_made_up(self):
        self.cloud.service('c1')
        before = self.ask('GET', '/v2.1/os-services').json['services']
        self.assertEqual(['up'], [each['state'] for each in before])
        self.kill_memcached()
        after = self.ask('GET', '/v2.1/os-services').json['services']
        self.assertEqual(before, after)
        self.add('c2')
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
        self.kill_memcached()
        self.add('c2')
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

    def test_a_change_that_was_made_is_not_told_as_failed(self):
        created = self.add('c1')
        self.kill_memcached()
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
