# SPDX-License-Identifier: Apache-2.0

"""How an ensemble may be reached, and what is refused."""

from nova_sg import conf
from nova_sg import exception
from nova_sg.servicegroup.backends.zookeeper import session
from nova_sg.tests.unit.conf import test_load

USER = {'username': 'nova', 'password': 'hush'}
SASL = {'auth_scheme': 'sasl'}
GSSAPI = {**SASL, 'sasl_mechanism': 'GSSAPI'}
TLS = {'use_tls': True}

#: The option that is to blame, and what is configured.
REFUSED = (
    *(
        ('hosts', {'hosts': each})
        for each in (
            *('host:port', ':2181', 'a:1,,b:1', 'host:1:2', 'a:0', 'a:99999'),
            *('a b:2181', 'a:1;b:2', 'tcp://a:2181', 'nova@a:1', '[::1'),
            *('zk1..example.org:2181', '.zk1', '.', 'a' * 64 + '.org'),
        )
    ),
    *(
        ('chroot', {'chroot': each})
        for each in (
            *('nova', '/', '//', '/a b', '/növa', 'a/b', '/zookeeper/a'),
        )
    ),
    ('session_timeout', {'session_timeout': 'nan'}),
    ('request_timeout', {'request_timeout': 'nan'}),
    ('username', {'username': 'no:va', 'password': 'hush'}),
    ('username', {'password': 'hush'}),
    ('password', {'username': 'nova'}),
    ('password', {'username': 'nova', **SASL}),
    ('sasl_mechanism', {**USER, **GSSAPI}),
    ('sasl_service', {**GSSAPI, 'sasl_service': ''}),
    ('tls_ca_file', {**TLS, 'tls_ca_file': '/none'}),
    ('tls_ca_file', {**TLS, 'tls_ca_file': '/tmp'}),
    ('tls_ca_file', {**TLS, 'tls_ca_file': __file__}),
    (
        'tls_cert_file',
        {**TLS, 'tls_cert_file': '/none', 'tls_key_file': '/none'},
    ),
    ('tls_key_file', {**TLS, 'tls_cert_file': __file__}),
    ('tls_key_file', {**TLS, 'tls_key_file': __file__}),
    (
        'tls_key_file',
        {**TLS, 'tls_cert_file': __file__, 'tls_key_file': '/none'},
    ),
    (
        'tls_key_file',
        {**TLS, 'tls_cert_file': __file__, 'tls_key_file': __file__},
    ),
    ('tls_key_password', {**TLS, 'tls_key_password': 'hush'}),
)


class TestZooKeeper(test_load.ConfTestCase):
    def refusal(self, options):
        """Return why a process refuses options of ``[zookeeper]``."""
        lines = [f'{name} = {value}\n' for name, value in options.items()]
        path = self.file('[zookeeper]\n' + ''.join(lines))
        error = self.assertRaises(
            exception.InvalidConfiguration,
            lambda: session.get(conf.load([path])),
        )
        self.assertNotIn('\n', str(error))
        return str(error)

    def test_what_cannot_be_used_is_refused_by_the_name_of_its_option(self):
        for option, options in REFUSED:
            with self.subTest(options=options):
                says = self.refusal(options)
                self.assertTrue(
                    says.startswith(f'[zookeeper] {option}: '), says
                )

    def test_a_name_is_taken_as_the_name_service_takes_it(self):
        for hosts in ('zk1.example.org.:2181', 'a' * 63 + '.org', '10.0.0.1'):
            path = self.file(f'[zookeeper]\nhosts = {hosts}\n')
            session.get(conf.load([path]))

    def test_a_password_among_the_hosts_is_not_told(self):
        self.assertNotIn(
            'hush', self.refusal({'hosts': 'nova:hush-hush@a:2181'})
        )

    def test_a_chroot_belongs_into_its_own_option(self):
        self.assertIn('[zookeeper] chroot', self.refusal({'hosts': 'a:1/sg'}))

    def test_a_file_that_is_not_there_is_said_to_be_none(self):
        self.assertIn(
            'No such file', self.refusal({**TLS, 'tls_ca_file': '/none'})
        )
