# SPDX-License-Identifier: Apache-2.0


"""What only a process of its own can show: streams, signals, terminals."""

import os
import pty
import signal
import socket
import subprocess
import time

import fixtures

from nova_sg.cmd import common
from nova_sg.tests.fixtures import api
from nova_sg.tests.fixtures import rows
from nova_sg.tests.functional.cmd import base


class TestStreams(base.CommandTestCase):
    def test_any_script_goes_through_in_the_c_locale(self):
        service = self.service('höst-東京')
        environment = {'LC_ALL': 'C'}
        result = self.run_process(
            *('service', 'disable', '--reason', 'Lüfter defekt 🛠'),
            *('höst-東京', 'nova-compute'),
            env=environment,
        )
        self.assertEqual((0, ''), (result.code, result.err), result)
        self.assertEqual(
            'Lüfter defekt 🛠', self.reload(service).disabled_reason
        )
        result = self.run_process('service', 'list', '--long', env=environment)
        self.assertEqual((0, ''), (result.code, result.err), result)
        self.assertIn('höst-東京', result.out)
        self.assertIn('Lüfter defekt 🛠', result.out)

    def test_what_a_stream_cannot_show_is_escaped(self):
        self.service('höst-東京')
        environment = {'PYTHONIOENCODING': 'ascii'}
        result = self.run_process(
            'service', 'list', '-f', 'value', '-c', 'Host', env=environment
        )
        self.assertEqual((0, 'h\\xf6st-\\u6771\\u4eac\n', ''), tuple(result))
        self.assert_error(
            3,
            r'nova-compute on host \\u6771',
            self.run_process(
                'service', 'show', '東', 'nova-compute', env=environment
            ),
        )

    def test_arguments_that_are_not_utf8_are_bad_usage(self):
        for words, says in (
            (('service', 'show', b'\xff\xfe', 'nova-compute'), 'UTF-8'),
            (('service', b'\xff'), 'is no command'),
            (('--config-file', b'/\xff.conf', 'service', 'list'), 'find'),
        ):
            result = self.run_process(*words)
            self.assert_error(2, says, result)

    def test_two_thousand_services_are_listed(self):
        self.insert(2000)
        result = self.run_process('service', 'list', '-f', 'json')
        self.assertEqual((0, ''), (result.code, result.err))
        self.assertEqual(
            [f'bulk{number}' for number in range(2000)],
            [each['Host'] for each in result.json],
        )

    def test_a_reader_that_has_enough_is_no_error(self):
        self.insert(2000)
        lister = self.spawn(
            '--config-file', self.config_file, 'service', 'list'
        )
        head = subprocess.run(
            ['head', '-n', '4'],
            stdin=lister.stdout,
            capture_output=True,
            text=True,
            check=True,
        )
        lister.stdout.close()
        err = lister.stderr.read()
        lister.stderr.close()
        self.assertEqual('', err)
        self.assertEqual(
            common.SIGPIPE_EXIT, lister.wait(timeout=base.PATIENCE)
        )
        self.assertIn('bulk0', head.stdout)

    def test_a_reader_that_is_gone_before_it_begins_is_no_error(self):
        reader, writer = os.pipe()
        os.close(reader)
        self.addCleanup(os.close, writer)
        result = self.run_process('service', 'list', stdout=writer)
        self.assertEqual((common.SIGPIPE_EXIT, '', ''), tuple(result))

    def test_a_full_disk_is_an_error(self):
        self.service()
        with open('/dev/full', 'w') as full:
            result = self.run_process('service', 'list', stdout=full)
        self.assert_error(1, 'No space left on device', result)

    def test_without_any_stream_it_does_its_work(self):
        service = self.service()
        done = subprocess.run(
            [
                *('sh', '-c', 'exec "$@" <&- >&- 2>&-', 'sh'),
                *(base.PYTHON, '-m', 'nova_sg.cmd.manage'),
                *('--config-file', self.config_file),
                *('service', 'disable', 'c1', 'nova-compute'),
            ],
            check=False,
            timeout=base.PATIENCE,
        )
        self.assertEqual(0, done.returncode)
        self.assertTrue(self.reload(service).disabled)

    def insert(self, count: int) -> None:
        rows.insert_computes(
            self.process.conf, [f'bulk{number}' for number in range(count)]
        )


class TestWaiting(base.CommandTestCase):
    """A database server that takes connections and then says nothing."""

    with_api = False

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(fixtures.EnvironmentVariable('TERM', 'xterm'))
        self.server = socket.create_server(('127.0.0.1', 0))
        self.server.settimeout(base.PATIENCE)
        self.addCleanup(self.server.close)
        port = self.server.getsockname()[1]
        url = f'mysql+pymysql://u:s3cret@127.0.0.1:{port}/name'
        self.useFixture(
            api.Environment(
                OS_DATABASE__CONNECTION=url,
                OS_SERVICEGROUP__REPORT_INTERVAL='4',
            )
        )

    def wait_for_client(self) -> None:
        client, _address = self.server.accept()
        self.addCleanup(client.close)

    def test_an_interrupt_ends_it_without_a_word(self):
        lister = self.spawn(
            '--config-file', self.config_file, 'service', 'list'
        )
        self.wait_for_client()
        lister.send_signal(signal.SIGINT)
        out, err = lister.communicate(timeout=base.PATIENCE)
        self.assertEqual(
            (common.SIGINT_EXIT, '', ''), (lister.returncode, out, err)
        )

    def test_a_terminal_shows_that_it_waits_until_the_error_does(self):
        screen, terminal = pty.openpty()
        self.addCleanup(os.close, screen)
        lister = self.spawn(
            *('--config-file', self.config_file, 'service', 'list'),
            stderr=terminal,
        )
        os.close(terminal)
        self.addCleanup(lister.stdout.close)
        shown = self.read_until(screen, b'Listing services: 2 s')
        lister.terminate()
        lister.wait(timeout=base.PATIENCE)
        self.assertRegex(shown, rb'\A\r\x1b\[KListing services: 1 s')

    def test_a_terminal_is_left_with_the_error_alone(self):
        self.option('SERVICEGROUP__REPORT_INTERVAL', '2')
        screen, terminal = pty.openpty()
        self.addCleanup(os.close, screen)
        lister = self.spawn(
            *('--config-file', self.config_file, 'service', 'list'),
            stderr=terminal,
        )
        os.close(terminal)
        self.addCleanup(lister.stdout.close)
        shown = self.read_until(screen, b'unavailable').split(b'\r\x1b[K')
        self.assertRegex(shown[1], b'^Listing services: 1 s')
        self.assertRegex(shown[-1], b'^nova-sg-manage: error: ')
        self.assertEqual(5, lister.wait(timeout=base.PATIENCE))

    def test_what_is_no_terminal_is_told_nothing_but_the_error(self):
        self.option('SERVICEGROUP__REPORT_INTERVAL', '2')
        result = self.run_process('service', 'list')
        self.assert_error(5, r'u:\*\*\*@127.0.0.1:\d+/name is unav', result)
        self.assertNotIn('s3cret', result.err)

    def read_until(self, screen: int, wanted: bytes) -> bytes:
        """Read a terminal until it has shown something."""
        shown = b''
        deadline = time.monotonic() + base.PATIENCE
        while wanted not in shown:
            self.assertLess(time.monotonic(), deadline, shown)
            shown += os.read(screen, 4096)
        return shown
