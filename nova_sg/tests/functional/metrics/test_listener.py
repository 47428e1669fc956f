# SPDX-License-Identifier: Apache-2.0

"""The port for metrics and probes, and clients that mean no good."""

import contextlib
import socket
import urllib.request

import fixtures
from oslo_config import cfg
from oslotest import base

from nova_sg.conf import monitoring
from nova_sg.metrics import listener
from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import threads
from nova_sg.tests.fixtures.servers import ports

_MODULE = listener.__name__

FINE = listener.Answer(200, 'text/plain', b'fine')


class TestListener(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        self.useFixture(fixtures.MonkeyPatch(f'{_MODULE}._PATIENCE', 0.5))
        self.port = self.useFixture(ports.Port()).number
        conf = cfg.ConfigOpts()
        for group, options in monitoring.list_opts().items():
            conf.register_opts(options, group=group)
        conf([])
        opened = listener.listen(conf, self.port)
        self.addCleanup(opened.close)
        answering = listener.Listener(opened, {'/live': lambda: FINE})
        answering.start()
        self.addCleanup(answering.stop)

    def connect(self):
        made = socket.create_connection((ports.HOST, self.port), 60)
        self.addCleanup(made.close)
        return made

    def ask(self):
        url = f'http://{ports.HOST}:{self.port}/live'
        with urllib.request.urlopen(url, timeout=60) as answer:
            return answer.read()

    def test_clients_that_drip_keep_no_probe_from_its_answer(self):
        dripping = [self.connect() for _ in range(listener._CLIENTS)]
        for each in dripping:
            each.sendall(b'GET /live HTTP/1.1\r\nX: ')
            each.settimeout(0.01)

        def are_closed():
            for each in list(dripping):
                try:
                    each.sendall(b'x')
                    if each.recv(1) == b'':
                        dripping.remove(each)
                except TimeoutError:
                    continue
                except OSError:
                    dripping.remove(each)
            return not dripping

        commands.wait_until(are_closed, 'all of them are closed')
        self.assertEqual(b'fine', self.ask())

    def test_a_request_may_come_in_parts(self):
        client = self.connect()
        for part in (b'GET /li', b've HTTP/1.1\r\nHost: x\r', b'\n\r\n'):
            client.sendall(part)
        answer = client.makefile('rb').read()
        self.assertRegex(answer, rb'(?s)^HTTP/1.0 200 .*fine$')

    def test_whatever_comes_the_next_one_is_answered(self):
        for bad in (
            *(b'', b'\r\n\r\n', b'\xff\x00\r\n\r\n', b'x' * 100_000),
            *(b'GET /live', b'GET\r\n\r\n', b'BREW /live HTTP/1.1\r\n\r\n'),
        ):
            client = self.connect()
            with contextlib.suppress(OSError):
                client.sendall(bad)
                client.shutdown(socket.SHUT_WR)
                client.makefile('rb').read()
            self.assertEqual(b'fine', self.ask(), bad[:20])

    def test_a_thread_that_cannot_start_ends_one_client_alone(self):
        with threads.NoThreads():
            client = self.connect()
            client.sendall(b'GET /live HTTP/1.0\r\n\r\n')
            # What it has sent was not read.
            with contextlib.suppress(ConnectionResetError):
                self.assertEqual(b'', client.makefile('rb').read())
        for _ in range(2 * listener._CLIENTS):
            self.assertEqual(b'fine', self.ask())
