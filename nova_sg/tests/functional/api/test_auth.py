# SPDX-License-Identifier: Apache-2.0

"""Who may ask: keystone's tokens, and the believing of noauth2."""

import uuid

import fixtures
from keystoneauth1 import loading
from keystonemiddleware import fixture as ks_fixture
from keystonemiddleware.auth_token import _opts as auth_token_opts
from oslo_policy import opts as policy_opts
from oslotest import base as oslotest_base
import testscenarios
import webob

from nova_sg import exception
from nova_sg.api import auth
from nova_sg.tests.fixtures import api
from nova_sg.tests.fixtures import rest
from nova_sg.tests.functional.api import base

load_tests = testscenarios.load_tests_apply_scenarios


class KeystoneCloud(rest.Cloud):
    """Tells keystonemiddleware where an identity service would be."""

    def prepare(self) -> None:
        # What the middleware registers itself, when it is made.
        loading.register_auth_conf_options(self.conf, 'keystone_authtoken')
        ((group, options),) = [
            each for each in auth_token_opts.list_opts() if each[0]
        ][:1]
        self.conf.register_opts(options, group=group)
        for name, value in (
            ('auth_type', 'none'),
            ('www_authenticate_uri', 'http://127.0.0.1:1/v3'),
        ):
            self.conf.set_override(name, value, group='keystone_authtoken')


class TestKeystone(base.RestTestCase):
    """keystonemiddleware, with the fixture that it brings."""

    fixture = KeystoneCloud
    options = {'api': {'auth_strategy': 'keystone'}}

    def setUp(self) -> None:
        self.tokens = ks_fixture.AuthTokenFixture()
        super().setUp()
        self.useFixture(self.tokens)

    def token(self, *roles: str) -> str:
        token = uuid.uuid4().hex
        self.tokens.add_token_data(
            token, project_id='p1', user_id='u1', role_list=list(roles)
        )
        return token

    def status(self, path: str, token: str | None) -> int:
        headers = {'X-Auth-Token': token} if token else {}
        if not token:
            headers = {'X-Auth-Token': ''}
        return int(self.ask('GET', path, headers=headers).status_int)

    def test_an_admin_may_and_a_member_may_not(self):
        path = '/v2.1/os-services'
        self.assertEqual(200, self.status(path, self.token('admin')))
        self.assertEqual(403, self.status(path, self.token('member')))
        self.assertEqual(
            200,
            self.status('/v2.1/os-availability-zone', self.token('member')),
        )

    def test_without_a_token_that_is_known_nobody_may(self):
        for token in (None, 'a-token-of-nobody'):
            self.assertEqual(401, self.status('/v2.1/os-services', token))
            self.assertEqual(401, self.status('/v2/os-services', token))
            self.assertEqual(
                401, self.status('/v2.1/os-availability-zone', token)
            )

    def test_the_documents_need_none(self):
        for path in ('/', '/v2.1', '/v2.1/', '/v2', '/openapi.json'):
            self.assertEqual(200, self.status(path, None), path)

    def test_a_header_is_no_proof(self):
        response = self.ask(
            'GET',
            '/v2.1/os-services',
            headers={
                'X-Auth-Token': '',
                'X-User-Id': 'u1',
                'X-Roles': 'admin',
                'X-Identity-Status': 'Confirmed',
            },
        )
        self.assertEqual(401, response.status_int)


class TestNoAuth(base.RestTestCase):
    def status(self, **environ: str) -> int:
        environ.setdefault('HTTP_X_AUTH_TOKEN', 'admin')
        request = webob.Request.blank('/v2.1/os-services', environ)
        return int(request.get_response(self.cloud.app).status_int)

    def test_only_this_machine_is_served(self):
        self.assertEqual(200, self.status())
        for address in ('127.0.0.1', '127.8.9.1', '::1', ''):
            self.assertEqual(200, self.status(REMOTE_ADDR=address), address)
        for address in ('192.0.2.1', '2001:db8::1', 'nonsense'):
            self.assertEqual(401, self.status(REMOTE_ADDR=address), address)

    def test_the_client_of_a_proxy_on_this_machine_is_not_served(self):
        for header in (
            'FORWARDED',
            'VIA',
            'X_FORWARDED_FOR',
            'X_FORWARDED_PROTO',
            'X_REAL_IP',
        ):
            environ = {'REMOTE_ADDR': '127.0.0.1', f'HTTP_{header}': '::1'}
            self.assertEqual(401, self.status(**environ), header)

    def test_claims_of_a_request_are_taken_away(self):
        seen = []
        app = auth.NoAuth(
            lambda environ, _start: seen.append(environ), self.cloud.conf
        )
        claims = {
            'HTTP_X_ROLES': 'admin',
            'HTTP_X_ROLE': 'admin',
            'HTTP_X_USER': 'admin',
            'HTTP_X_USER_NAME': 'admin',
            'HTTP_X_TENANT_ID': 'p1',
            'HTTP_X_SERVICE_ROLES': 'service',
            'HTTP_X_IS_ADMIN_PROJECT': 'True',
            'HTTP_OPENSTACK_SYSTEM_SCOPE': 'all',
        }
        app({'HTTP_X_AUTH_TOKEN': 'u1', **claims}, None)
        self.assertEqual(
            {
                'HTTP_X_AUTH_TOKEN': 'u1',
                'HTTP_X_USER_ID': 'u1',
                'HTTP_X_PROJECT_ID': 'u1',
                'HTTP_X_ROLES': auth.MEMBER_ROLES,
            },
            seen[0],
        )

    def test_a_name_that_breaks_a_line_or_is_huge_is_no_name(self):
        for token in ('u\n1', 'u\x1b[2J', 'u\x85', 'u' * 256, ':p1'):
            self.assertEqual(401, self.status(HTTP_X_AUTH_TOKEN=token))


class TestNoAuthAnywhere(TestNoAuth):
    options = {'api': {'auth_strategy': 'noauth2', 'noauth2_anywhere': True}}

    def test_the_client_of_a_proxy_on_this_machine_is_not_served(self):
        """Say otherwise: everybody is."""
        self.assertEqual(200, self.status(HTTP_X_FORWARDED_FOR='192.0.2.1'))

    def test_only_this_machine_is_served(self):
        """Say otherwise: everybody is."""
        self.assertEqual(200, self.status(REMOTE_ADDR='192.0.2.1'))


class TestConfiguration(oslotest_base.BaseTestCase):
    scenarios = [
        ('nothing', {'auth_type': None, 'says': 'noauth2'}),
        ('no URL', {'auth_type': 'password', 'says': 'auth_url'}),
        ('no plugin', {'auth_type': 'magic', 'says': 'magic'}),
    ]

    def test_without_an_identity_service_it_does_not_start(self):
        conf = self.useFixture(api.Configuration()).conf
        loading.register_auth_conf_options(conf, 'keystone_authtoken')
        conf.set_override('auth_type', self.auth_type, 'keystone_authtoken')
        error = self.assertRaises(
            exception.InvalidConfiguration, auth.protect, None, conf
        )
        self.assertIn('[keystone_authtoken]', str(error))
        self.assertIn(self.says, str(error))


class PolicyCloud(rest.Cloud):
    """A deployment which lets readers list services, and no one zones."""

    def prepare(self) -> None:
        path = self.useFixture(fixtures.TempDir()).join('policy.yaml')
        with open(path, 'w') as policy_file:
            policy_file.write(
                '"os_compute_api:os-services:list": "role:reader"\n'
                '"os_compute_api:os-availability-zone:list": "!"\n'
            )
        policy_opts.set_defaults(self.conf, policy_file=path)


class TestPolicyFile(base.RestTestCase):
    fixture = PolicyCloud

    def test_a_deployment_overrides_rules(self):
        joe = {'X-Auth-Token': 'joe'}
        for path, status in (
            ('os-services', 200),
            ('os-hosts', 403),
            ('os-availability-zone', 403),
        ):
            response = self.ask('GET', f'/v2.1/{path}', headers=joe)
            self.assertEqual(status, response.status_int, path)
