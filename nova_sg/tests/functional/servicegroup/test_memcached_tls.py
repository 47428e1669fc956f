# SPDX-License-Identifier: Apache-2.0

"""Connections to memcached are wrapped in TLS, and servers verified."""

import os
import socket
import ssl
import subprocess

import fixtures

from nova_sg import exception
from nova_sg.servicegroup import api as sg_api
from nova_sg.tests.fixtures import certificates
from nova_sg.tests.fixtures.servers import memcached
from nova_sg.tests.fixtures.servers import ports
from nova_sg.tests.functional.servicegroup import memcached_cell


class TestTls(memcached_cell.MemcachedCellTest):
    """Connections are wrapped in TLS, and servers verified."""

    def setUp(self) -> None:
        super().setUp()
        self.directory = self.useFixture(fixtures.TempDir()).path
        authority = self.useFixture(certificates.Authority())
        self.ca = str(authority.ca)
        self.certificate = str(authority.certificate)
        self.key = str(authority.key)
        self.server = self.useFixture(_TlsServer(authority))

    def api_with(self, **options: object) -> sg_api.API:
        return self.new_api(servers=[self.server.hosts], **options)

    def test_a_server_whose_certificate_is_known_is_used(self) -> None:
        self.assert_serves(self.api_with(tls_enabled=True, tls_cafile=self.ca))

    def test_a_server_that_nobody_vouches_for_is_not_used(self) -> None:
        error = self.assert_unavailable(self.api_with(tls_enabled=True))
        self.assertIn('certificate verify failed', error)

    def test_plain_connections_are_not_answered(self) -> None:
        self.assert_unavailable(self.api_with())

    def assert_unavailable(self, api: sg_api.API) -> str:
        """Check that nobody is told that a service is down."""
        service = api.create(
            self.context, {'host': 'host1', 'binary': 'nova-compute'}
        )
        error = self.assertRaises(
            exception.ServiceGroupUnavailable, api.service_is_up, service
        )
        return str(error)

    def test_a_file_that_is_no_use_is_named(self) -> None:
        garbage = os.path.join(self.directory, 'garbage')
        with open(garbage, 'w') as written:
            written.write('no certificate')
        for options, named in (
            ({'tls_cafile': '/nowhere'}, 'tls_cafile'),
            ({'tls_cafile': garbage}, 'tls_cafile'),
            ({'tls_cafile': self.directory}, 'tls_cafile'),
            ({'tls_certfile': garbage}, 'tls_certfile'),
            ({'tls_certfile': '/nowhere'}, 'tls_certfile'),
            ({'tls_certfile': self.certificate}, 'tls_certfile'),
            ({'tls_keyfile': self.key}, 'tls_keyfile'),
            (
                {'tls_certfile': self.certificate, 'tls_keyfile': '/nowhere'},
                'tls_keyfile',
            ),
        ):
            error = self.assertRaises(
                exception.InvalidConfiguration,
                self.api_with,
                tls_enabled=True,
                **options,
            )
            self.assertIn(f'[memcached] {named}', str(error), options)

    def test_a_key_with_a_password_is_refused_and_nobody_asked(self) -> None:
        encrypted = os.path.join(self.directory, 'encrypted.key')
        subprocess.run(
            [
                *('openssl', 'pkey', '-aes128', '-passout', 'pass:secret'),
                *('-in', self.key, '-out', encrypted),
            ],
            check=True,
            capture_output=True,
        )
        error = self.assertRaises(
            exception.InvalidConfiguration,
            self.api_with,
            tls_enabled=True,
            tls_certfile=self.certificate,
            tls_keyfile=encrypted,
        )
        self.assertIn('[memcached] tls_keyfile: the key is', str(error))


class _TlsServer(memcached.MemcachedServer):
    """A memcached that speaks TLS only."""

    def __init__(self, authority: certificates.Authority) -> None:
        files = f'ssl_chain_cert={authority.certificate}'
        super().__init__(['-Z', '-o', f'{files},ssl_key={authority.key}'])
        self._ca = authority.ca

    def answers(self, timeout: float = 1.0) -> bool:
        context = ssl.create_default_context(cafile=self._ca)
        try:
            with (
                socket.create_connection(
                    (ports.HOST, self.port), timeout
                ) as plain,
                context.wrap_socket(
                    plain, server_hostname=ports.HOST
                ) as client,
            ):
                client.sendall(self.question)
                return self.is_answer(client.recv(4096))
        except OSError:
            return False
