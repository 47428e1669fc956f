# SPDX-License-Identifier: Apache-2.0

"""Connections to ZooKeeper are wrapped in TLS, and servers verified."""

import pathlib
import ssl

import fixtures

from nova_sg.tests.fixtures import certificates
from nova_sg.tests.fixtures.servers import ports
from nova_sg.tests.fixtures.servers import zookeeper
from nova_sg.tests.functional.servicegroup import test_security_zookeeper


class TlsServer(zookeeper.ZookeeperServer):
    """A server that speaks TLS, for which it needs more of netty."""

    def argv(self):
        arguments = super().argv()
        place = arguments.index('-cp') + 1
        more = [
            f'/usr/share/java/netty-{n}.jar' for n in ('codec', 'resolver')
        ]
        arguments[place] = ':'.join([arguments[place], *more])
        return arguments


class TestTls(test_security_zookeeper.SecurityTestCase):
    session_timeout = 4
    request_timeout = 4

    def make_server(self):
        known, stranger = (
            self.useFixture(certificates.Authority()) for _ in range(2)
        )
        self.ca, self.strange_ca = str(known.ca), str(stranger.ca)
        both = pathlib.Path(self.useFixture(fixtures.TempDir()).path) / 'pem'
        both.write_text(known.key.read_text() + known.certificate.read_text())
        self.port = self.useFixture(ports.Port()).number
        server = self.useFixture(
            TlsServer(
                tick_time=250,
                settings={
                    'serverCnxnFactory': 'org.apache.zookeeper.server'
                    '.NettyServerCnxnFactory',
                    'secureClientPort': str(self.port),
                    'ssl.keyStore.location': str(both),
                    'ssl.keyStore.type': 'PEM',
                    'ssl.trustStore.location': self.ca,
                    'ssl.trustStore.type': 'PEM',
                    'ssl.clientAuth': 'none',
                },
            )
        )
        # It listens there a moment after it does on its other port; what the
        # first handshake needs is loaded and compiled for it.
        self.eventually(self.shakes_hands, 'it speaks TLS')
        return server

    def shakes_hands(self):
        try:
            ssl.get_server_certificate(('127.0.0.1', self.port), timeout=60)
        except ConnectionRefusedError:
            return False
        return True

    def options(self, host='127.0.0.1', **options):
        """Return what has a process speak TLS to the server."""
        return {'hosts': f'{host}:{self.port}', 'use_tls': True, **options}

    def test_a_server_that_is_vouched_for_is_spoken_to(self):
        self.use(**self.options(tls_ca_file=self.ca))

    def test_a_server_that_nobody_vouches_for_is_not(self):
        api = self.process(**self.options(tls_ca_file=self.strange_ca))
        self.assert_refused(api, 'certificate verify failed')

    def test_no_certificate_of_the_system_is_trusted_beside_the_file(self):
        self.useFixture(fixtures.EnvironmentVariable('SSL_CERT_FILE', self.ca))
        api = self.process(**self.options(tls_ca_file=self.strange_ca))
        self.assert_refused(api, 'certificate verify failed')
        self.use(**self.options())

    def test_a_server_of_another_name_is_not(self):
        options = self.options('127.0.0.2', tls_ca_file=self.ca)
        self.assert_refused(self.process(**options), 'IP address mismatch')
        self.use(**options, tls_check_hostname=False)

    def test_a_server_without_tls_is_said_to_be_none(self):
        api = self.process(use_tls=True, tls_ca_file=self.ca)
        self.assert_refused(api, 'no server answers')
