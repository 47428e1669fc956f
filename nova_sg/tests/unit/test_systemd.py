# SPDX-License-Identifier: Apache-2.0

"""What systemd hears."""

import os
import socket

import fixtures
from oslotest import base

from nova_sg import systemd


class NotifierTestCase(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        self.set(NOTIFY_SOCKET=None, WATCHDOG_PID=None, WATCHDOG_USEC=None)

    def set(self, **variables):
        for name, value in variables.items():
            self.useFixture(fixtures.EnvironmentVariable(name, value))

    def listen(self, address, variable):
        server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(server.close)
        server.settimeout(10)
        server.bind(address)
        self.set(NOTIFY_SOCKET=variable)
        return server

    def listen_abstract(self):
        name = f'nova-sg-test-notify-{os.getpid()}'
        return self.listen(f'\0{name}', f'@{name}')

    def test_a_path_is_told(self):
        # The path of a socket is short.
        path = self.useFixture(fixtures.TempDir(rootdir='/tmp')).join('s')
        server = self.listen(path, path)
        systemd.Notifier().notify('READY=1')
        self.assertEqual(b'READY=1', server.recv(100))

    def test_an_abstract_name_is_told(self):
        server = self.listen_abstract()
        systemd.Notifier().notify('STOPPING=1')
        self.assertEqual(b'STOPPING=1', server.recv(100))

    def test_nobody_to_be_told_is_no_error(self):
        self.set(WATCHDOG_USEC='1000000')
        for variable in (None, '', 'relative', '/no/such/socket', '@gone'):
            self.set(NOTIFY_SOCKET=variable)
            notifier = systemd.Notifier()
            notifier.notify('READY=1')
            notifier.turned()

    def test_what_is_told_later_needs_no_environment(self):
        server = self.listen_abstract()
        notifier = systemd.Notifier()
        self.set(NOTIFY_SOCKET=None)
        notifier.notify('READY=1')
        self.assertEqual(b'READY=1', server.recv(100))

    def test_the_watchdog_hears_of_a_loop_once_a_tick(self):
        server = self.listen_abstract()
        self.set(WATCHDOG_USEC='4000000000', WATCHDOG_PID=str(os.getpid()))
        notifier = systemd.Notifier()
        self.assertEqual(1000, notifier.tick)
        notifier.turned()
        notifier.turned()
        notifier.notify('READY=1')
        self.assertEqual(b'WATCHDOG=1', server.recv(100))
        self.assertEqual(b'READY=1', server.recv(100))

    def test_the_watchdog_of_another_process_hears_nothing(self):
        self.listen_abstract()
        self.set(WATCHDOG_USEC='4000000', WATCHDOG_PID='1')
        self.assertIsNone(systemd.Notifier().tick)

    def test_no_watchdog_or_an_odd_one_is_none(self):
        self.listen_abstract()
        for value in (None, '', '0', '-1', 'soon', '1.5'):
            self.set(WATCHDOG_USEC=value)
            self.assertIsNone(systemd.Notifier().tick, value)

    def test_a_systemd_that_does_not_read_holds_nobody(self):
        server = self.listen_abstract()
        notifier = systemd.Notifier()
        # More than its queue takes, by any net.unix.max_dgram_qlen.
        for _ in range(5000):
            notifier.notify('WATCHDOG=1')
        self.assertEqual(b'WATCHDOG=1', server.recv(100))

    def test_a_loop_turns_for_whoever_wants_it_soonest(self):
        self.assertEqual(5.0, systemd.soonest(75.0, 5.0))
        self.assertEqual(75.0, systemd.soonest(75.0, None))
        self.assertIsNone(systemd.soonest(None, None))
