# SPDX-License-Identifier: Apache-2.0

"""How often nova's API validates a list of services."""

from nova.api import validation as nova_validation
from nova.api.openstack import wsgi
from nova.api.openstack.compute import services as nova_services
from nova.api.openstack.compute.schemas import hypervisors as nova_schemas
from nova.tests.functional.api import client as api_client
from nova.tests.unit.api.openstack import fakes as nova_fakes
import testscenarios

from nova_sg.tests.nova_tree import api
from nova_sg.tests.nova_tree import base

load_tests = testscenarios.load_tests_apply_scenarios

LISTS = (
    '/os-services',
    '/os-hypervisors',
    '/os-hypervisors/detail',
    '/os-availability-zone',
    '/os-availability-zone/detail',
)


class TestCase(api.TestCase):
    def setUp(self) -> None:
        super().setUp()
        if not hasattr(nova_schemas, 'detail_response'):
            self.skipTest('this nova has no schemas of these answers')
        self.make_host('one')
        self.parsed = 0
        loads = nova_validation.jsonutils.loads

        class Counting:
            @staticmethod
            def loads(body):
                self.parsed += 1
                return loads(body)

        # Each validator parses the answer that it is to validate.
        self.stub_out('nova.api.validation.jsonutils', Counting)

    def times(self, path: str) -> int:
        """Return how often the answer to a request is parsed in nova."""
        self.parsed = 0
        self.assertEqual(200, self.api.api_get(path).status)
        return self.parsed


class TestLists(TestCase):
    scenarios = base.DRIVERS

    def test_warn_validates_none_of_them(self):
        self.flags(response_validation='warn', group='api')
        self.assertEqual([0] * len(LISTS), list(map(self.times, LISTS)))

    def test_error_validates_each_once_if_at_all(self):
        self.flags(response_validation='error', group='api')
        for path in LISTS:
            self.assertLessEqual(self.times(path), 1)
        self.assertEqual(1, self.times('/os-hypervisors/detail'))

    def test_error_refuses_what_is_not_as_the_schema_of_its_version(self):
        stub = 'nova.api.openstack.compute.hypervisors.HypervisorsController'
        self.stub_out(
            f'{stub}._get_hypervisors', lambda *_, **__: {'hypervisors': 1}
        )
        self.flags(response_validation='warn', group='api')
        self.times('/os-hypervisors')
        self.flags(response_validation='error', group='api')
        for version in ('2.30', '2.40', '2.87'):
            self.api.microversion = version
            self.assertRaises(
                api_client.OpenStackApiException,
                self.api.api_get,
                '/os-hypervisors',
            )

    def test_another_answer_is_validated_as_nova_does(self):
        self.flags(response_validation='warn', group='api')
        self.assertNotEqual(0, self.times('/os-hypervisors/statistics'))

    def test_the_list_of_another_controller_is_validated_as_nova_does(self):
        self.flags(response_validation='warn', group='api')

        class Theirs(nova_services.ServiceController):
            @nova_validation.response_body_schema({})
            def index(self, req):
                return {'services': []}

        self.parsed = 0
        wsgi.Resource.dispatch(
            None,
            Theirs().index,
            nova_fakes.HTTPRequest.blank('/os-services'),
            {},
        )
        self.assertEqual(1, self.parsed)


class TestWithoutDriver(TestCase):
    scenarios = [base.NONE]

    def test_novas_own_lists_are_validated_as_nova_does(self):
        self.flags(response_validation='warn', group='api')
        self.assertGreater(self.times('/os-hypervisors/detail'), 1)
