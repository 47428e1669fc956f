# SPDX-License-Identifier: Apache-2.0

"""memcached is reached by IPv6, by any address of a name, by a socket."""

import os
import socket

import fixtures

from nova_sg.tests.fixtures.servers import memcached
from nova_sg.tests.fixtures.servers import ports
from nova_sg.tests.functional.servicegroup import memcached_cell


class SocketServer(memcached.MemcachedServer):
    """A memcached that listens on a Unix socket only.

    :ivar path: of the socket
    """

    def argv(self) -> list[str]:
        self.path = os.path.join(self.directory, 'socket')
        return [*super().argv(), '-s', self.path]

    def answers(self, timeout: float = 1.0) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(timeout)
            try:
                client.connect(self.path)
                client.sendall(self.question)
                return self.is_answer(client.recv(4096))
            except OSError:
                return False


class TestAddresses(memcached_cell.MemcachedCellTest):
    """A service is registered, beats and is up, however it is spelled."""

    records = 'memcached'

    def assert_served_by(self, *servers: str) -> None:
        self.assert_serves(self.new_api(servers=list(servers)))

    def test_an_ipv6_address(self) -> None:
        server = self.useFixture(memcached.MemcachedServer(['-l', '::1']))
        self.assert_served_by(f'[::1]:{server.port}')

    def test_a_name_of_which_only_the_second_address_answers(self) -> None:
        server = self.useFixture(memcached.MemcachedServer())
        addresses = [
            (
                socket.AF_INET6,
                socket.SOCK_STREAM,
                6,
                '',
                ('::1', server.port, 0, 0),
            ),
            (
                socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                '',
                (ports.HOST, server.port),
            ),
        ]
        self.useFixture(
            fixtures.MonkeyPatch('socket.getaddrinfo', lambda *_: addresses)
        )
        self.assert_served_by(f'mc1:{server.port}')

    def test_a_unix_socket(self) -> None:
        server = self.useFixture(SocketServer())
        self.assert_served_by(f'unix:{server.path}')

    def test_a_socket_and_a_port_side_by_side(self) -> None:
        here = self.useFixture(SocketServer())
        there = self.useFixture(memcached.MemcachedServer())
        self.assert_served_by(here.path, there.hosts)
