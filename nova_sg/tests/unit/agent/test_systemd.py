# SPDX-License-Identifier: Apache-2.0

"""What systemd hears."""

import os
import socket

import fixtures
from oslotest import base

from nova_sg.agent import systemd


class NotifyTestCase(base.BaseTestCase):
    def listen(self, address, variable):
        server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(server.close)
        server.settimeout(10)
        server.bind(address)
        self.wants(variable)
        return server

    def wants(self, variable):
        self.useFixture(
            fixtures.EnvironmentVariable('NOTIFY_SOCKET', variable)
        )

    def test_who_waits_at_a_path_is_told(self):
        # The path of a socket is short.
        path = self.useFixture(fixtures.TempDir(rootdir='/tmp')).join('s')
        server = self.listen(path, path)
        systemd.notify('READY=1')
        self.assertEqual(b'READY=1', server.recv(100))

    def test_who_waits_at_an_abstract_name_is_told(self):
        name = f'nova-sg-test-notify-{os.getpid()}'
        server = self.listen(f'\0{name}', f'@{name}')
        systemd.notify('STOPPING=1')
        self.assertEqual(b'STOPPING=1', server.recv(100))

    def test_nobody_to_be_told_is_no_error(self):
        for variable in (None, '', 'relative', '/no/such/socket', '@gone'):
            self.wants(variable)
            systemd.notify('READY=1')
