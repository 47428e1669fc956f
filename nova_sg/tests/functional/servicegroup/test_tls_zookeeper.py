# SPDX-License-Identifier: Apache-2.0

"""Connections to ZooKeeper are wrapped in TLS, and servers verified."""

import ssl

import fixtures

from nova_sg.tests.fixtures import certificates
from nova_sg.tests.fixtures.servers import ports
from nova_sg.tests.fixtures.servers import shared
from nova_sg.tests.fixtures.servers import zookeeper
from nova_sg.tests.functional.servicegroup import test_security_zookeeper
from nova_sg.tests.functional.servicegroup import zookeeper_deployments


class TlsServer(zookeeper.ZookeeperServer):
    """A server that speaks TLS, for which it needs more of netty.

    :ivar ca: the file of the authority that vouches for it
    :ivar tls_port: where it speaks TLS
    """

    def __init__(self):
        super().__init__(tick_time=zookeeper_deployments.TICK)

    def prepare(self):
        authority = self.useFixture(certificates.Authority())
        self.ca = str(authority.ca)
        self.tls_port = self.useFixture(ports.Port()).number
        both = self.directory / 'pem'
        both.write_text(
            authority.key.read_text() + authority.certificate.read_text()
        )
        self._settings |= {
            'serverCnxnFactory': 'org.apache.zookeeper.server'
            '.NettyServerCnxnFactory',
            'secureClientPort': str(self.tls_port),
            'ssl.keyStore.location': str(both),
            'ssl.keyStore.type': 'PEM',
            'ssl.trustStore.location': self.ca,
            'ssl.trustStore.type': 'PEM',
            'ssl.clientAuth': 'none',
        }
        super().prepare()

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
    secured = shared.SharedServer(TlsServer)
    stranger = shared.Shared(certificates.Authority)

    def make_server(self):
        server = self.secured.running()
        self.ca, self.port = server.ca, server.tls_port
        self.strange_ca = str(self.stranger.get().ca)
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
