# SPDX-License-Identifier: Apache-2.0

"""nova's REST API over services that nova_sg keeps."""

from typing import Any
from unittest import mock

from nova import objects
from nova import servicegroup
from nova.conductor import manager as conductor_manager
from nova.scheduler.filters import compute_filter
from nova.tests import fixtures as nova_fixtures
from nova.tests.functional.api import client as api_client
from nova.virt import driver as virt_driver
import testscenarios

from nova_sg import exception
from nova_sg.servicegroup import api
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import marker
from nova_sg.servicegroup import verdicts
from nova_sg.tests.fixtures import statements
from nova_sg.tests.nova_tree import base

load_tests = testscenarios.load_tests_apply_scenarios


OUT = exception.ServiceGroupUnavailable(backend='it', reason='it is out')


class TestCase(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        fixture = nova_fixtures.OSAPIFixture(api_version='v2.1')
        self.api = self.useFixture(fixture).admin_api
        self.api.microversion = '2.87'

    def make_host(self, name: str, cell: str = 'cell1') -> Any:
        """Return the compute service of a host that nova has discovered."""
        context = self.in_cell(cell)
        service = self.make_service(host=name, context=context)
        self.make_compute_node(name, context=context)
        objects.HostMapping(
            self.context, host=name, cell_mapping=self.cell_mappings[cell]
        ).create()
        return service


class TestHypervisors(TestCase):
    scenarios = base.DRIVERS

    def test_a_long_list_costs_no_more_than_a_short_one(self):
        # The first request reads what nova keeps, its cells for instance.
        self.api.api_get('/os-hypervisors/detail')
        costs = []
        for start, stop in ((0, 20), (20, 60)):
            for number in range(start, stop):
                self.make_host(f'host{number}')
            with statements.StatementCounter() as counted:
                listed = self.api.api_get('/os-hypervisors/detail').body
            self.assertEqual(stop, len(listed['hypervisors']))
            costs.append(len(counted))
        # And less where a verdict of a moment ago still stands.
        self.assertLessEqual(costs[1], costs[0])

    def test_each_hypervisor_is_shown_with_its_own_service(self):
        made = {}
        for number in range(30):
            host = f'host{number}'
            cell = 'cell1' if number % 2 else 'cell2'
            made[host] = self.make_host(host, cell)
            made[host].disabled = number % 3 == 0
            made[host].save()
        listed = self.api.api_get('/os-hypervisors/detail').body
        self.assertEqual(
            {(each.host, each.uuid, each.disabled) for each in made.values()},
            {
                (
                    each['service']['host'],
                    each['service']['id'],
                    each['status'] == 'disabled',
                )
                for each in listed['hypervisors']
            },
        )

    def test_one_whose_service_is_gone_is_left_out(self):
        for number in range(30):
            service = self.make_host(f'host{number}')
        service.destroy()
        self.make_compute_node('host29', context=self.in_cell('cell1'))
        listed = self.api.api_get('/os-hypervisors/detail').body
        self.assertEqual(29, len(listed['hypervisors']))


class TestDecisions(TestCase):
    scenarios = base.DRIVERS

    def test_a_reason_is_whatever_nova_takes(self):
        # No compute is there to answer nova's API.
        self.stub_out(
            'nova.compute.rpcapi.ComputeAPI.set_host_enabled', mock.Mock()
        )
        service = self.make_host('one')
        reason = 'メンテナンス\u3000中\nbis 10\xa0Uhr'
        answer = self.api.api_put(
            f'/os-services/{service.uuid}',
            {'status': 'disabled', 'disabled_reason': reason},
        ).body['service']
        self.assertEqual(
            ('disabled', reason),
            (answer['status'], answer['disabled_reason']),
        )


class TestUnknown(TestCase):
    """It cannot be told of one compute whether it is up."""

    scenarios = [base.MC]

    def setUp(self) -> None:
        super().setUp()
        self.known, self.unknown = map(self.make_host, ('one', 'two'))
        self.lost = {self.unknown.uuid}
        verdict = verdicts.Verdicts.liveness_of
        listed = verdicts.Verdicts._of_listing

        def of(mine, member, context=None):
            if member['uuid'] in self.lost:
                raise OUT
            return verdict(mine, member, context)

        def of_listing(mine, records, alive, filters):
            nobody_knows = liveness.Liveness(False, None, 0.0, (), 'lost')
            return {
                **listed(mine, records, alive, filters),
                **dict.fromkeys(self.lost, nobody_knows),
            }

        module = verdicts.__name__
        self.stub_out(f'{module}.Verdicts.liveness_of', of)
        self.stub_out(f'{module}.Verdicts._of_listing', of_listing)

    def test_the_services_are_listed_with_that_one_as_novas_unknown(self):
        for version, expected in (
            ('2.87', {'one': 'enabled', 'two': 'UNKNOWN'}),
            ('2.68', {'one': 'enabled'}),
        ):
            self.api.microversion = version
            listed = self.api.api_get('/os-services').body['services']
            self.assertEqual(
                expected, {each['host']: each['status'] for each in listed}
            )

    def test_hypervisors_are_listed_without_that_one(self):
        listed = self.api.api_get('/os-hypervisors/detail').body
        self.assertEqual(
            ['one'], [e['service']['host'] for e in listed['hypervisors']]
        )

    def test_zones_show_that_one_as_not_available(self):
        zones = self.api.api_get('/os-availability-zone/detail').body
        hosts = {
            host: each['nova-compute']['available']
            for zone in zones['availabilityZoneInfo']
            for host, each in zone['hosts'].items()
        }
        self.assertIs(False, hosts['two'])

    def test_a_change_of_that_one_is_not_refused_when_it_is_made(self):
        self.stub_out(
            'nova.compute.rpcapi.ComputeAPI.set_host_enabled', mock.Mock()
        )
        answer = self.api.api_put(
            f'/os-services/{self.unknown.uuid}', {'status': 'disabled'}
        ).body['service']
        self.assertEqual('disabled', answer['status'])

    def test_the_scheduler_leaves_that_one_out_and_warns_once(self):
        def passes(service):
            state = mock.Mock(host=service.host, service=service)
            return compute_filter.ComputeFilter().host_passes(state, None)

        self.assertEqual([False] * 2, [passes(self.unknown) for _ in range(2)])
        log = self.stdlog.logger.output
        self.assertEqual(1, log.count('Host two gets no instances'))
        self.assertNotIn('Host one gets', log)

    def test_a_search_leaves_that_one_out(self):
        self.api.microversion = '2.52'
        for path in ('/os-hypervisors/%/search', '/os-hypervisors/%/servers'):
            found = self.api.api_get(path.replace('%', 'example')).body
            self.assertEqual(
                ['one.example.com'],
                [e['hypervisor_hostname'] for e in found['hypervisors']],
            )
        self.lost.add(self.known.uuid)
        error = self.assertRaises(
            api_client.OpenStackApiException,
            self.api.api_get,
            '/os-hypervisors/example/search',
        )
        self.assertEqual(503, error.response.status_code)

    def test_images_are_cached_on_the_others(self):
        asked = []
        self.stub_out(
            'nova.compute.rpcapi.ComputeAPI.cache_images',
            lambda _self, _context, host, image_ids: asked.append(host) or {},
        )
        self.stub_out(
            'nova.compute.utils.notify_about_aggregate_cache', mock.Mock()
        )
        aggregate = objects.Aggregate(self.context, name='all')
        aggregate.create()
        for each in (self.known, self.unknown):
            aggregate.add_host(each.host)
        conductor_manager.ComputeTaskManager().cache_images(
            self.context, aggregate, ['image']
        )
        self.assertEqual([self.known.host], asked)

    def test_ironic_leaves_it_its_nodes(self):
        up = servicegroup.API().service_is_up

        class Driver(virt_driver.ComputeDriver):
            def _refresh_hash_ring(self, context):
                return up(context)

        self.stub_out(
            'oslo_utils.importutils.import_object', lambda *_: Driver(None)
        )
        driver = virt_driver.load_compute_driver(None, 'ironic.IronicDriver')
        self.assertTrue(driver._refresh_hash_ring(self.unknown))

    def test_an_evacuation_takes_it_neither_for_up_nor_for_down(self):
        self.assertRaises(
            exception.ServiceGroupUnavailable,
            servicegroup.API().service_is_up,
            self.unknown,
        )

    def test_a_list_in_which_nothing_is_known_is_503(self):
        self.lost.add(self.known.uuid)
        for path in ('/os-hypervisors', '/os-availability-zone/detail'):
            error = self.assertRaises(
                api_client.OpenStackApiException, self.api.api_get, path
            )
            self.assertEqual(503, error.response.status_code)


class TestOutage(TestCase):
    scenarios = base.ELSEWHERE

    def test_a_cell_whose_backend_is_out_is_a_cell_that_is_down(self):
        self.make_host('one', 'cell1')
        self.make_host('two', 'cell2')
        broken = self.in_cell('cell2').db_connection
        listing = api.API.list

        def list_services(self, context, **filters):
            if context.nova.db_connection is broken:
                raise OUT
            return listing(self, context, **filters)

        self.stub_out('nova_sg.servicegroup.api.API.list', list_services)
        listed = self.api.api_get('/os-services').body['services']
        self.assertEqual(
            {'one': 'enabled', 'two': 'UNKNOWN'},
            {each['host']: each['status'] for each in listed},
        )

    def test_a_backend_that_is_out_in_every_cell_is_503(self):
        self.make_host('one')

        def list_services(self, context, **filters):
            raise OUT

        self.stub_out('nova_sg.servicegroup.api.API.list', list_services)
        for path in ('/os-services', '/os-availability-zone/detail'):
            error = self.assertRaises(
                api_client.OpenStackApiException, self.api.api_get, path
            )
            self.assertEqual(503, error.response.status_code)
            self.assertIn(exception.UNAVAILABLE, error.response.text)

    def test_a_backend_that_is_out_is_503_and_the_log_says_why(self):
        service = self.make_host('one')

        def update(*arguments):
            raise OUT

        self.stub_out('nova_sg.servicegroup.api.API.update', update)
        error = self.assertRaises(
            api_client.OpenStackApiException,
            self.api.api_put,
            f'/os-services/{service.uuid}',
            {'status': 'disabled'},
        )
        self.assertEqual(503, error.response.status_code)
        self.assertIn(exception.UNAVAILABLE, error.response.text)
        self.assertNotIn('it is out', error.response.text)
        self.assertIn('it is out', self.stdlog.logger.output)

    def test_a_process_that_is_configured_for_others_is_503_and_says_so(self):
        service = self.make_host('one')
        ours, theirs = (
            marker.Marker(driver=driver, records='sql')
            for driver in (self.driver, 'db')
        )
        for error, says in (
            (
                exception.DeploymentMismatch(
                    backend='it', theirs=theirs, ours=ours
                ),
                'correct [servicegroup] here',
            ),
            (
                exception.InvalidConfiguration(
                    option='[servicegroup] cell', reason='it is none'
                ),
                'cell: it is none',
            ),
        ):

            def update(*arguments, error=error):
                raise error

            self.stub_out('nova_sg.servicegroup.api.API.update', update)
            answer = self.assertRaises(
                api_client.OpenStackApiException,
                self.api.api_put,
                f'/os-services/{service.uuid}',
                {'status': 'disabled'},
            ).response
            self.assertEqual(503, answer.status_code)
            self.assertIn(exception.MISCONFIGURED, answer.text)
            self.assertNotIn(says, answer.text)
            self.assertIn(says, self.stdlog.logger.output)
