# SPDX-License-Identifier: Apache-2.0

"""nova's REST API over services that nova_sg keeps."""

from typing import Any
from unittest import mock

from nova import objects
from nova.tests import fixtures as nova_fixtures
from nova.tests.functional.api import client as api_client
import testscenarios

from nova_sg import exception
from nova_sg.servicegroup import api
from nova_sg.servicegroup import marker
from nova_sg.tests.fixtures import statements
from nova_sg.tests.nova_tree import base

load_tests = testscenarios.load_tests_apply_scenarios


class TestCase(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        fixture = nova_fixtures.OSAPIFixture(api_version='v2.1')
        self.api = self.useFixture(fixture).admin_api
        self.api.microversion = '2.87'
        # No compute is there to answer nova's API.
        self.stub_out(
            'nova.compute.rpcapi.ComputeAPI.set_host_enabled', mock.Mock()
        )

    def assert_status(self, status: int, call: Any, *arguments: Any) -> str:
        """Return the text of an answer that is an error."""
        answer = self.assertRaises(
            api_client.OpenStackApiException, call, *arguments
        ).response
        self.assertEqual(status, answer.status_code)
        return str(answer.text)

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


class TestOutage(TestCase):
    scenarios = base.ELSEWHERE

    def test_a_cell_whose_backend_is_out_is_a_cell_that_is_down(self):
        self.make_host('one', 'cell1')
        self.make_host('two', 'cell2')
        broken = self.in_cell('cell2').db_connection
        listing = api.API.list

        def list_services(self, context, **filters):
            if context.nova.db_connection is broken:
                raise base.OUT
            return listing(self, context, **filters)

        self.stub_out('nova_sg.servicegroup.api.API.list', list_services)
        listed = self.api.api_get('/os-services').body['services']
        self.assertEqual(
            {'one': 'enabled', 'two': 'UNKNOWN'},
            {each['host']: each['status'] for each in listed},
        )

    def test_a_backend_that_is_out_in_every_cell_is_503(self):
        self.make_host('one')
        self.stub_out(
            'nova_sg.servicegroup.api.API.list',
            mock.Mock(side_effect=base.OUT),
        )
        for path in (
            *('/os-services', '/os-hypervisors'),
            '/os-availability-zone/detail',
        ):
            text = self.assert_status(503, self.api.api_get, path)
            self.assertIn(exception.UNAVAILABLE, text)

    def test_what_forbids_a_change_is_503_and_only_the_log_says_why(self):
        service = self.make_host('one')
        ours, theirs = (
            marker.Marker(driver=driver, records='sql')
            for driver in (self.driver, 'db')
        )
        for error, public, says in (
            (base.OUT, exception.UNAVAILABLE, 'it is out'),
            (
                exception.DeploymentMismatch(
                    backend='it', theirs=theirs, ours=ours
                ),
                exception.MISCONFIGURED,
                'correct [servicegroup] here',
            ),
            (
                exception.InvalidConfiguration(
                    option='[servicegroup] cell', reason='it is none'
                ),
                exception.MISCONFIGURED,
                'cell: it is none',
            ),
        ):
            self.stub_out(
                'nova_sg.servicegroup.api.API.update',
                mock.Mock(side_effect=error),
            )
            text = self.assert_status(
                503,
                self.api.api_put,
                f'/os-services/{service.uuid}',
                {'status': 'disabled'},
            )
            self.assertIn(public, text)
            self.assertNotIn(says, text)
            self.assertIn(says, self.stdlog.logger.output)
