# SPDX-License-Identifier: Apache-2.0

"""The clients of OpenStack, as they are, against a running nova-sg-api."""

import json
import subprocess
from typing import Any

from keystoneauth1 import loading
from keystoneauth1 import session as ks_session
from novaclient import client as nova_client
from novaclient import exceptions as nova_exceptions
import openstack
from oslotest import base

from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import forked
from nova_sg.tests.fixtures import identity
from nova_sg.tests.fixtures import rest
from nova_sg.tests.fixtures import rest_process


class ClientTestCase(base.BaseTestCase):
    """A small cloud, and nova-sg-api over it."""

    def setUp(self) -> None:
        super().setUp()
        self.cloud = self.useFixture(self.make_cloud())
        self.served = self.useFixture(
            rest_process.RestProcess(self.cloud.conf, **self.served_with())
        )

    def make_cloud(self) -> rest.Cloud:
        return rest.Cloud()

    def served_with(self) -> dict[str, dict[str, Any]]:
        """Return further options of nova-sg-api, by group."""
        return {}

    def credentials(self, user: str = 'admin') -> dict[str, str]:
        return {
            'auth_url': self.served.identity.url,
            'username': user,
            'password': identity.PASSWORD,
            'project_name': 'demo',
            'user_domain_id': 'default',
            'project_domain_id': 'default',
        }


class TestOpenStackClient(ClientTestCase):
    """python-openstackclient, in processes of its own."""

    def run_client(self, *words: str) -> subprocess.CompletedProcess[str]:
        credentials = {
            f'OS_{name.upper()}': value
            for name, value in self.credentials().items()
        }
        return commands.run(
            'openstackclient.shell',
            *words,
            environment={
                **forked.environment(),
                'HOME': str(self.served.directory),
                'OS_IDENTITY_API_VERSION': '3',
                **credentials,
            },
        )

    def shown(self, *words: str) -> Any:
        """Return what a command shows."""
        result = self.run_client(*words, '-f', 'json')
        self.assertEqual(0, result.returncode, result.stderr)
        return json.loads(result.stdout)

    def done(self, *words: str) -> None:
        result = self.run_client(*words)
        self.assertEqual(0, result.returncode, result.stderr)

    def test_services_are_listed_set_and_deleted(self):
        listed = self.shown('compute', 'service', 'list')
        self.assertEqual(
            ['ctl', 'ctl', 'c1', 'c2', 'c3'],
            [each['Host'] for each in listed],
        )
        self.assertEqual('az1', listed[2]['Zone'])
        self.assertEqual('down', listed[4]['State'])
        self.done(
            *('compute', 'service', 'set', '--disable'),
            *('--disable-reason', 'new disk', 'c1', 'nova-compute'),
        )
        (c1,) = self.shown(
            'compute', 'service', 'list', '--host', 'c1', '--long'
        )
        self.assertEqual('disabled', c1['Status'])
        self.assertEqual('new disk', c1['Disabled Reason'])
        self.done(
            'compute', 'service', 'set', '--enable', 'c1', 'nova-compute'
        )
        self.done(
            *('--os-compute-api-version', '2.11', 'compute', 'service'),
            *('set', '--down', 'c1', 'nova-compute'),
        )
        (c1,) = self.shown('compute', 'service', 'list', '--host', 'c1')
        self.assertEqual(('enabled', 'down'), (c1['Status'], c1['State']))
        self.done('compute', 'service', 'delete', c1['ID'])
        self.assertEqual(
            [], self.shown('compute', 'service', 'list', '--host', 'c1')
        )
        refused = self.run_client(
            'compute', 'service', 'delete', listed[3]['ID']
        )
        self.assertNotEqual(0, refused.returncode)
        self.assertIn('instance', refused.stderr)

    def test_the_rest_is_shown(self):
        listed = self.shown('hypervisor', 'list')
        self.assertEqual(
            ['c1.example', 'c2.example', 'c3.example'],
            [each['Hypervisor Hostname'] for each in listed],
        )
        shown = self.shown('hypervisor', 'show', 'c1.example')
        self.assertEqual(['az1'], shown['aggregates'])
        self.assertEqual('up', shown['state'])
        zones = self.shown(
            'availability', 'zone', 'list', '--compute', '--long'
        )
        self.assertIn('c1', [each['Host Name'] for each in zones])
        hosts = self.shown('--os-compute-api-version', '2.1', 'host', 'list')
        self.assertIn('c1', [each['Host Name'] for each in hosts])
        shown = self.shown(
            '--os-compute-api-version', '2.1', 'host', 'show', 'c2'
        )
        self.assertIn('(total)', [each['Project'] for each in shown])


class TestSdk(ClientTestCase):
    """openstacksdk."""

    def setUp(self) -> None:
        super().setUp()
        self.sdk = openstack.connect(
            region_name='RegionOne',
            load_yaml_config=False,
            load_envvars=False,
            **self.credentials(),
        )
        self.addCleanup(self.sdk.close)

    def test_services_hypervisors_and_zones(self):
        compute = self.sdk.compute
        self.assert_hypervisors_and_zones(compute)
        services = {each.host: each for each in compute.services()}
        self.assertEqual({'ctl', 'c1', 'c2', 'c3'}, set(services))
        c1 = services['c1']
        compute.disable_service(c1, disabled_reason='disk')
        (now,) = compute.services(host='c1')
        self.assertEqual(
            ('disabled', 'disk'), (now.status, now.disabled_reason)
        )
        compute.enable_service(c1)
        compute.update_service_forced_down(c1, forced=True)
        (now,) = compute.services(host='c1', binary='nova-compute')
        self.assertEqual(('enabled', 'down'), (now.status, now.state))
        compute.delete_service(c1)
        self.assertEqual([], list(compute.services(host='c1')))

    def assert_hypervisors_and_zones(self, compute):
        names = [each.name for each in compute.hypervisors(details=True)]
        self.assertEqual(['c1.example', 'c2.example', 'c3.example'], names)
        paged = [each.name for each in compute.hypervisors(limit=1)]
        self.assertEqual(names, paged)
        found = compute.find_hypervisor('c2.example')
        self.assertEqual('c2', found.service_details['host'])
        zones = {each.name for each in compute.availability_zones()}
        self.assertEqual({'az1', 'nova'}, zones)
        zones = {each.name for each in compute.availability_zones(True)}
        self.assertEqual({'az1', 'internal', 'nova'}, zones)
        (aggregate,) = compute.aggregates()
        self.assertEqual(['c1'], aggregate.hosts)


class TestNovaClient(ClientTestCase):
    """python-novaclient, at several microversions."""

    def client(self, version: str, user: str = 'admin') -> Any:
        loader = loading.get_plugin_loader('password')
        auth = loader.load_from_options(**self.credentials(user))
        session = ks_session.Session(auth=auth)
        return nova_client.Client(version, session=session)

    def test_services_by_host_and_binary_and_by_uuid(self):
        nova = self.client('2.11')
        nova.services.disable_log_reason('c1', 'nova-compute', 'disk')
        (c1,) = nova.services.list(host='c1')
        self.assertEqual(('disabled', 'disk'), (c1.status, c1.disabled_reason))
        nova.services.enable('c1', 'nova-compute')
        nova.services.force_down('c1', 'nova-compute', True)
        (c1,) = nova.services.list(host='c1', binary='nova-compute')
        self.assertEqual(('enabled', 'down'), (c1.status, c1.state))
        nova.services.delete(c1.id)
        self.assertEqual([], nova.services.list(host='c1'))

        nova = self.client('2.53')
        (c2,) = nova.services.list(host='c2')
        nova.services.enable(c2.id)
        nova.services.force_down(c2.id, True)
        (c2,) = nova.services.list(host='c2')
        self.assertEqual(('enabled', 'down'), (c2.status, c2.state))

    def test_hypervisors(self):
        old = self.client('2.1')
        self.assertEqual(2, old.hypervisors.statistics().count)
        (found,) = old.hypervisors.search('c2', servers=True)
        self.assertEqual(rest.INSTANCE, found.servers[0]['uuid'])
        error = self.assertRaises(
            nova_exceptions.ClientException,
            old.hypervisors.uptime,
            old.hypervisors.list()[0].id,
        )
        self.assertEqual(501, error.code)
        new = self.client('2.88')
        names = [
            each.hypervisor_hostname
            for each in new.hypervisors.list(detailed=True)
        ]
        self.assertEqual(['c1.example', 'c2.example', 'c3.example'], names)
        zones = new.availability_zones.list(detailed=True)
        self.assertEqual(
            ['az1', 'internal', 'nova'], [each.zoneName for each in zones]
        )
        self.assertEqual('2.104', str(new.versions.get_current().version))

        # Whoever is no admin is refused.
        nova = self.client('2.53', 'joe')
        self.assertRaises(nova_exceptions.Forbidden, nova.services.list)
        zones = nova.availability_zones.list(detailed=False)
        self.assertEqual(['az1', 'nova'], [each.zoneName for each in zones])
