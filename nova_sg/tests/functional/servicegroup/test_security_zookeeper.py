# SPDX-License-Identifier: Apache-2.0

"""Which clients may read and change znodes, and what others are told."""

import subprocess
from unittest import mock

import fixtures
from kazoo import exceptions

from nova_sg import exception
from nova_sg.servicegroup.backends.zookeeper import errors
from nova_sg.tests.fixtures.servers import shared
from nova_sg.tests.fixtures.servers import zookeeper
from nova_sg.tests.functional.servicegroup import zookeeper_base as base
from nova_sg.tests.functional.servicegroup import zookeeper_deployments

NOVA = {'username': 'nova', 'password': 'hush-hush'}
SASL = {'auth_scheme': 'sasl'}


class SecurityTestCase(base.ZooKeeperTestCase):
    def use(self, **options):
        """Write everything there is to write, with these options."""
        api = self.process(**options)
        service = self.register(api, version=3)
        api.join_many(self.context, [service])
        api.update(self.context, service.uuid, {'disabled': True})
        gone = self.register(api, 'gone')
        api.destroy(self.context, gone.uuid)
        self.assertTrue(self.is_up(api, service))
        return api

    def assert_refused(self, api, *words):
        """Check that an API is refused, in one line with these words."""
        for call in (
            lambda: api.list(self.context),
            lambda: self.register(api, 'other'),
            lambda: api.liveness(self.context, ['some-uuid']),
        ):
            error = self.assertRaises(exception.ServiceGroupUnavailable, call)
            for word in words:
                self.assertIn(word, str(error))
            self.assertNotIn('\n', str(error))
            self.assertNotIn('hush', str(error))

    def access(self):
        """Return the access list of every znode, by its path."""

        def walk(path):
            found[path] = {
                (each.id.scheme, each.id.id.partition(':')[0], each.perms)
                for each in client.get_acls(path)[0]
            }
            for name in client.get_children(path):
                walk(f'{path}/{name}')

        found = {}
        # With this password everything may be looked at.
        with self.behind(auth_data=[('digest', 'nova:hush-hush')]) as client:
            walk(self.root)
        return found

    def assert_access(self, *expected):
        """Check the access list of every znode."""
        access = self.access()
        self.assertGreater(len(access), 40)
        for path, each in access.items():
            self.assertEqual({*expected}, each, path)


class TestDigest(SecurityTestCase):
    def test_without_credentials_everybody_may_do_everything(self):
        self.use()
        self.assert_access(('world', 'anyone', 31))

    def test_with_credentials_nobody_else_may_do_anything(self):
        self.use(**NOVA)
        self.assert_access(('digest', 'nova', 31))

    def test_znodes_above_the_chroot_are_not_open_either(self):
        top = self.root
        self.root = f'{top}/below/it'
        self.use(**NOVA)
        self.root = top
        self.assert_access(('digest', 'nova', 31))

    def test_everybody_may_read_where_that_is_configured(self):
        self.use(**NOVA, world_readable=True)
        self.assert_access(('digest', 'nova', 31), ('world', 'anyone', 1))
        reader = self.process()
        self.assertEqual(1, len(reader.list(self.context)[0]))
        error = self.assertRaises(
            exception.ServiceGroupUnavailable, self.register, reader, 'other'
        )
        self.assertIn('[zookeeper] username', str(error))

    def test_processes_with_the_same_credential_share_a_deployment(self):
        self.use(**NOVA)
        other = self.process(**NOVA)
        (service,), _ = other.list(self.context)
        other.update(self.context, service.uuid, {'disabled': False})
        other.destroy(self.context, service.uuid)

    def test_no_credential_is_refused_and_said_so(self):
        self.use(**NOVA)
        self.assert_refused(
            self.process(), 'no credential', '[zookeeper] username'
        )

    def test_a_wrong_password_is_refused_and_said_so(self):
        self.use(**NOVA)
        self.assert_refused(
            self.process(username='nova', password='hush'),
            '[zookeeper] password',
        )

    def test_the_credential_is_presented_again_after_a_lost_connection(self):
        api = self.use(**NOVA)
        self.session_of(api).drop()
        self.assertEqual(1, len(api.list(self.context)[0]))

    def test_znodes_from_before_the_credentials_are_warned_of_once(self):
        self.use()
        # The marker is looked at before each write.
        self.useFixture(
            fixtures.MonkeyPatch('nova_sg.servicegroup.marker.TRUSTED', 0)
        )
        log = self.useFixture(fixtures.FakeLogger())
        api = self.process(**NOVA)
        api.list(self.context)
        self.assertIn('Anybody may change', log.output)
        for number in range(3):
            self.register(api, f'late{number}')
        self.assertEqual(1, log.output.count('Anybody may change'))

    def test_no_password_is_logged(self):
        log = self.useFixture(fixtures.FakeLogger(level=1))
        self.use(**NOVA)
        self.assertIn('Connected to', log.output)
        self.assertNotIn('hush-hush', log.output)


class SaslServer(zookeeper.ZookeeperServer):
    """A server that knows a user.

    :param more: more options of the virtual machine
    """

    def __init__(self, *more):
        super().__init__(
            tick_time=zookeeper_deployments.TICK,
            settings={
                'authProvider.1': 'org.apache.zookeeper.server.auth'
                '.SASLAuthenticationProvider'
            },
            java_options=more,
        )

    def prepare(self):
        super().prepare()
        jaas = self.directory / 'jaas.conf'
        jaas.write_text(
            'Server { org.apache.zookeeper.server.auth.DigestLoginModule '
            'required user_nova="hush-hush"; };'
        )
        self._java_options = [
            f'-Djava.security.auth.login.config={jaas}',
            *self._java_options,
        ]


class TestSasl(SecurityTestCase):
    # Busy, a server takes its time to refuse.
    session_timeout = 4
    request_timeout = 4
    secured = shared.SharedServer(SaslServer)

    def make_server(self):
        return self.secured.running()

    def test_a_user_is_let_in_and_others_are_not(self):
        self.use(**NOVA, auth_scheme='sasl')
        with self.behind(
            sasl_options={
                'mechanism': 'DIGEST-MD5',
                'username': 'nova',
                'password': 'hush-hush',
            }
        ) as client:
            for path in (self.root, self.cell.services, self.layout.members):
                (access,) = client.get_acls(path)[0]
                self.assertEqual(('sasl', 'nova'), access.id)
        with self.behind() as client:
            self.assertRaises(
                exceptions.NoAuthError, client.get_children, self.root
            )
        self.assert_refused(self.process(), '[zookeeper] username')

    def test_a_wrong_password_is_said_to_be_refused(self):
        self.use(**NOVA, auth_scheme='sasl')
        api = self.process(
            username='nova', password='hush', auth_scheme='sasl'
        )
        self.assert_refused(api, '[zookeeper] username', 'password')

    def test_it_is_said_of_a_request_that_was_sent_before_the_refusal(self):
        self.use(**NOVA, auth_scheme='sasl')
        api = self.process(
            username='nova', password='hush', auth_scheme='sasl'
        )
        self.assert_refused(api, '[zookeeper] username', 'password')
        session = self.session_of(api)
        lost = mock.Mock(side_effect=errors.Trouble('the connection was lost'))
        with mock.patch.multiple(
            session, wait_until_connected=mock.DEFAULT, _exchange=lost
        ):
            self.assertRaises(
                exception.CredentialRefused, session.ask, [], 0.0
            )

    def test_a_refusal_is_not_for_ever(self):
        api = self.use(**NOVA, auth_scheme='sasl')
        # A server that goes in the middle of it looks like a refusal.
        for _ in range(3):
            self.server.kill()
            self.server.start()
        self.eventually(lambda: self.lists(api), 'the session is back')


class TestRequiredSasl(TestSasl):
    """The server ends every session without a credential of SASL."""

    secured = shared.SharedServer(
        lambda: SaslServer('-Dzookeeper.sessionRequireClientSASLAuth=true')
    )
    # A server that is gone requires nothing.
    test_a_refusal_is_not_for_ever = None

    def test_a_user_is_let_in_and_others_are_not(self):
        log = self.useFixture(fixtures.FakeLogger())
        self.use(**NOVA, **SASL)
        for options in ({}, NOVA, {**NOVA, **SASL, 'password': 'no'}):
            self.assert_refused(self.process(**options), '[zookeeper] ')
        self.assertNotIn('Traceback', log.output)
        self.assertNotIn('Lost', log.output)

    def test_a_command_says_so_in_one_line(self):
        self.use(**NOVA, **SASL)
        for options in ({}, {**NOVA, **SASL, 'password': 'no'}):
            path = self.write_conf(**options)
            done = subprocess.run(
                ['nova-sg-manage', '--config-file', path, 'service', 'list'],
                capture_output=True,
                text=True,
            )
            self.assertEqual((2, ''), (done.returncode, done.stdout))
            (line,) = done.stderr.splitlines()
            self.assertIn('[zookeeper] ', line)


class TestFullServer(SecurityTestCase):
    def make_server(self):
        return self.useFixture(
            zookeeper.ZookeeperServer(
                tick_time=zookeeper_deployments.TICK,
                settings={'maxClientCnxns': '1'},
            )
        )

    def test_what_the_server_did_is_told(self):
        log = self.useFixture(fixtures.FakeLogger())
        self.process().list(self.context)
        api = self.process()
        for _ in range(2):
            error = self.assertRaises(
                exception.ServiceGroupUnavailable, api.list, self.context
            )
            self.assertIn('maxClientCnxns', str(error))
        self.assertNotIn('Lost', log.output)
