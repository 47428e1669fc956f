# SPDX-License-Identifier: Apache-2.0

"""nova while it cannot be told of one compute whether it is up."""

from unittest import mock

from nova import objects
from nova import servicegroup
from nova.conductor import manager as conductor_manager
from nova.scheduler.filters import compute_filter
from nova.virt import driver as virt_driver
import testscenarios

from nova_sg import exception
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import verdicts
from nova_sg.tests.nova_tree import api
from nova_sg.tests.nova_tree import base

load_tests = testscenarios.load_tests_apply_scenarios


class TestUnknown(api.TestCase):
    scenarios = [base.MC]

    def setUp(self) -> None:
        super().setUp()
        self.known, self.unknown = map(self.make_host, ('one', 'two'))
        self.lost = {self.unknown.uuid}
        verdict = verdicts.Verdicts.liveness_of
        listed = verdicts.Verdicts._of_listing

        def of(mine, member, context=None):
            if member['uuid'] in self.lost:
                raise base.OUT
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

    def test_an_uptime_that_cannot_be_asked_for_is_none(self):
        self.stub_out(
            'nova.compute.rpcapi.ComputeAPI.get_host_uptime',
            lambda _self, _context, host: f'{host} is up for days',
        )
        self.api.microversion = '2.88'
        path = '/os-hypervisors/detail'
        for uptime in ('one is up for days', None):
            listed = self.api.api_get(path).body['hypervisors']
            self.assertEqual(
                [('one', uptime)],
                [(e['service']['host'], e['uptime']) for e in listed],
            )
            # It was listed a moment before.
            self.stub_out(
                'nova.compute.api.HostAPI._assert_host_exists',
                mock.Mock(side_effect=base.OUT),
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
        self.assert_status(
            503, self.api.api_get, '/os-hypervisors/example/search'
        )

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
            self.assert_status(503, self.api.api_get, path)
