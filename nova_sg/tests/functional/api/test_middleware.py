# SPDX-License-Identifier: Apache-2.0

"""What stands before the API: browsers, proxies, sizes, request ids."""

from oslo_middleware import cors
from oslo_middleware import opts

from nova_sg.tests.fixtures import rest
from nova_sg.tests.functional.api import base

#: Not a copy: the application changes their defaults. Releases name it so, or
#: so.
CORS_OPTIONS = getattr(cors, 'OPTS', None) or cors.CORS_OPTS
ORIGIN = 'https://dashboard.example.org'
PATH = '/v2.1/os-services'


class ConfiguredCloud(rest.Cloud):
    def prepare(self) -> None:
        for (group, options), name, value in (
            (('cors', CORS_OPTIONS), 'allowed_origin', [ORIGIN]),
            (
                opts.list_opts_http_proxy_to_wsgi()[0],
                'enable_proxy_headers_parsing',
                True,
            ),
            (opts.list_opts_sizelimit()[0], 'max_request_body_size', 1000),
        ):
            self.conf.register_opts(options, group=group)
            self.conf.set_override(name, value, group=group)


class TestMiddleware(base.RestTestCase):
    fixture = ConfiguredCloud
    # For this machine alone noauth2 trusts no proxy.
    options = {'api': {'noauth2_anywhere': True}}

    def test_a_browser_may_ask_and_read_versions_and_ids(self):
        response = self.ask(
            'OPTIONS',
            PATH,
            headers={
                'Origin': ORIGIN,
                'Access-Control-Request-Method': 'PUT',
                'Access-Control-Request-Headers': 'X-Auth-Token,'
                'OpenStack-API-Version',
            },
        )
        self.assertEqual(200, response.status_int)
        self.assertEqual(
            ORIGIN, response.headers['Access-Control-Allow-Origin']
        )
        for token in ('admin', ''):
            response = self.ask(
                'GET', PATH, headers={'Origin': ORIGIN, 'X-Auth-Token': token}
            )
            exposed = response.headers['Access-Control-Expose-Headers']
            self.assertIn('OpenStack-API-Version', exposed)
            self.assertIn('x-openstack-request-id', exposed)

    def test_a_page_of_somebody_else_may_not(self):
        response = self.ask(
            'GET', PATH, headers={'Origin': 'https://evil.example.org'}
        )
        self.assertNotIn('Access-Control-Allow-Origin', response.headers)

    def test_links_are_those_of_the_proxy(self):
        response = self.ask(
            'GET',
            '/v2.1/os-hypervisors?limit=1',
            version='2.33',
            headers={
                'X-Forwarded-Proto': 'https',
                'X-Forwarded-Host': 'compute.example.org',
                'X-Forwarded-Prefix': '/compute',
            },
        )
        (link,) = response.json['hypervisors_links']
        self.assertTrue(
            link['href'].startswith(
                'https://compute.example.org/compute/v2.1/os-hypervisors?'
            ),
            link,
        )

    def test_a_body_is_bounded_as_configured(self):
        body = {'host': 'c1', 'binary': 'nova-compute'}
        path = f'{PATH}/disable'
        self.assertEqual(200, self.ask('PUT', path, body=body).status_int)
        body['disabled_reason'] = 'x' * 1000
        response = self.ask('PUT', path, body=body)
        self.assertEqual(413, response.status_int)
        self.assertIn('overLimit', response.json)

    def test_an_id_from_outside_takes_the_place_of_none_of_ours(self):
        for theirs in (
            'req-3e6a0c3e-1111-4222-8333-444455556666',
            'req-1\x1b[2J',
            'x' * 5000,
        ):
            response = self.ask(
                'GET', '/nothing', headers={'X-OpenStack-Request-ID': theirs}
            )
            mine = response.headers['x-openstack-request-id']
            self.assertNotEqual(theirs, mine)
            self.assertEqual(40, len(mine))

    def test_each_answer_has_an_id_of_its_own(self):
        ids = {
            self.ask('GET', path).headers['x-compute-request-id']
            for path in (PATH, PATH, '/', '/v2.1', '/nothing', '/v2.1/nothing')
        }
        self.assertEqual(6, len(ids))
