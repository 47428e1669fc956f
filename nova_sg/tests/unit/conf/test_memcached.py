# SPDX-License-Identifier: Apache-2.0

"""How memcached servers may be written, and which are refused."""

import fixtures
from oslotest import base

from nova_sg import conf
from nova_sg import exception


class TestServers(base.BaseTestCase):
    def servers(self, value: str) -> list[str]:
        with fixtures.EnvironmentVariable('OS_MEMCACHED__SERVERS', value):
            return list(conf.load([]).memcached.servers)

    def test_a_server_has_one_spelling(self) -> None:
        self.assertEqual(
            ['mc1:11211', '10.0.0.1:1', '[::1]:11211', '[fe80::1]:7'],
            self.servers('MC1, 10.0.0.1:01,[::1], [FE80:0::01]:7'),
        )

    def test_a_name_is_taken_as_the_name_service_takes_it(self) -> None:
        name = 'x' * 63
        self.assertEqual(
            ['mc1.example.org.:1', f'{name}.org:11211'],
            self.servers(f'mc1.example.org.:1, {name}.org'),
        )

    def test_a_socket_has_one_spelling(self) -> None:
        self.assertEqual(
            ['unix:/run/mc', 'unix:/run/mc', 'unix:/Mc/1'],
            self.servers('unix:/run/mc, //run/./mc, /Mc/1'),
        )

    def test_the_default_is_this_host(self) -> None:
        self.assertEqual(
            ['127.0.0.1:11211'], list(conf.load([]).memcached.servers)
        )

    def test_what_is_not_host_and_port_is_refused(self) -> None:
        for wrong in (
            'mc1:x',
            'mc1:0x10',
            'mc1:65536',
            'mc1/1',
            'u@mc1',
            ':1',
            'mc1:',
            'mc1:0',
            'mc1:1:2',
            '::1',
            '[::1',
            '[::1]x',
            '[mc1]:1',
            'mc 1',
            'http://mc1',
            'mc1?x',
            'mc1#f',
            'x' * 254,
            'mc1..example.org:1',
            '.mc1',
            '.',
            'x' * 64 + '.org',
            'unix:',
            'unix:run/mc',
            '/' + 'x' * 107,
        ):
            error = self.assertRaises(
                exception.InvalidConfiguration, self.servers, wrong
            )
            self.assertIn('[memcached] servers', str(error), wrong)
