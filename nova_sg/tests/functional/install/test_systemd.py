# SPDX-License-Identifier: Apache-2.0

"""The units of ``etc/systemd``, and what their processes tell systemd."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
from typing import Any

import fixtures
from oslotest import base

import nova_sg
from nova_sg.cmd import manage
from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import conductor
from nova_sg.tests.fixtures import databases
from nova_sg.tests.fixtures.servers import ports

TOP = pathlib.Path(nova_sg.__file__).parent.parent
UNITS = TOP / 'etc' / 'systemd'

OURS = ('nova-sg-agent', 'nova-sg-api', 'nova-sg-conductor')
NOVAS = ('nova-compute', 'nova-conductor', 'nova-scheduler')

#: What ``systemd-analyze security`` may find at most, of 100.
EXPOSURE = 20

#: A unit of nova, as a distribution's package brings it.
STOCK = """
[Unit]
Description=stock
[Service]
ExecStart=/bin/false
"""


class TestUnits(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        if shutil.which('systemd-analyze') is None:
            self.skipTest('no systemd-analyze')
        self.directory = pathlib.Path(
            self.useFixture(fixtures.TempDir()).path, 'units'
        )
        shutil.copytree(UNITS, self.directory)
        for unit in self.directory.rglob('*'):
            if unit.is_file():
                text = unit.read_text()
                bin_directory = str(pathlib.Path(sys.executable).parent)
                unit.write_text(
                    text.replace('/opt/nova-sg/bin', bin_directory)
                )

    def analyze(self, *arguments: str) -> str:
        result = subprocess.run(
            ['systemd-analyze', *arguments],
            cwd=self.directory,
            env={
                **os.environ,
                'LC_ALL': 'C',
                'SYSTEMD_UNIT_PATH': f'{self.directory}:',
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=commands.PATIENCE,
        )
        self.assertEqual(0, result.returncode, result.stdout)
        return result.stdout

    def test_systemd_understands_each_unit(self) -> None:
        units = [f'{self.directory}/{name}.service' for name in OURS]
        self.assertEqual('', self.analyze('verify', '--man=no', *units))

    def test_a_drop_in_replaces_the_command_of_nova(self) -> None:
        for name in NOVAS:
            (self.directory / f'{name}.service').write_text(STOCK)
        units = [f'{self.directory}/{name}.service' for name in NOVAS]
        self.assertEqual('', self.analyze('verify', '--man=no', *units))
        # It read the drop-in: a line that systemd does not know is named.
        drop_in = self.directory / 'nova-compute.service.d' / 'nova-sg.conf'
        drop_in.write_text(drop_in.read_text() + 'NoSuchOption=yes\n')
        self.assertIn(
            'NoSuchOption', self.analyze('verify', '--man=no', units[0])
        )

    def test_what_a_unit_runs_at_its_end_is_a_command(self) -> None:
        units = sorted(
            unit
            for unit in UNITS.rglob('*')
            if unit.is_file() and 'ExecStopPost=' in unit.read_text()
        )
        self.assertEqual(1 + len(NOVAS), len(units), units)
        for unit in units:
            (line,) = re.findall('^ExecStopPost=(.*)$', unit.read_text(), re.M)
            path, *words = line.split()
            # A failure is none of the unit.
            self.assertEqual('-/opt/nova-sg/bin/nova-sg-manage', path)
            app = manage.Manage()
            app.options, words = app.parser.parse_known_args(words)
            factory, name, words = app.command_manager.find_command(words)
            self.assertEqual('service leave', name)
            parsed = (
                factory(app, app.options, cmd_name=name)
                .get_parser(name)
                .parse_args(
                    [
                        each.replace('${INVOCATION_ID}', '0f' * 16)
                        for each in words
                    ]
                )
            )
            self.assertEqual('%H', parsed.host)
            self.assertEqual(
                'nova-compute.service.d' in str(unit), parsed.through_nova
            )

    def test_each_unit_is_exposed_to_little(self) -> None:
        for name in OURS:
            self.analyze(
                'security',
                '--offline=true',
                f'--threshold={EXPOSURE}',
                f'{self.directory}/{name}.service',
            )


class Manager(fixtures.Fixture):
    """What systemd's socket for notifications is."""

    def _setUp(self) -> None:
        name = f'nova-sg-test-{os.getpid()}-{id(self)}'
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self._socket.close)
        self._socket.bind(f'\0{name}')
        self._socket.settimeout(commands.PATIENCE)
        #: A watchdog of two seconds.
        self.environment = {
            'NOTIFY_SOCKET': f'@{name}',
            'WATCHDOG_USEC': '2000000',
        }

    def wait_for(self, state: str) -> None:
        """Return when a process has sent a state, after this was called."""
        while state not in self._socket.recv(1000).decode().splitlines():
            pass

    def forget(self, seconds: float) -> None:
        """Take what was sent; return when nothing is, for so long."""
        self._socket.settimeout(seconds)
        try:
            while self._socket.recv(1000):
                pass
        except TimeoutError:
            self._socket.settimeout(commands.PATIENCE)


class TestNotifications(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.manager = self.useFixture(Manager())
        self.url = self.useFixture(databases.SqliteDatabase()).url

    def start(
        self, module: str, *arguments: str, **options: str
    ) -> commands.Command:
        return self.useFixture(
            commands.Command(
                module,
                *arguments,
                environment=commands.environment(
                    OS_DATABASE__CONNECTION=self.url,
                    **self.manager.environment,
                    **options,
                ),
            )
        )

    def check(self, process: Any) -> None:
        self.manager.wait_for('READY=1')
        self.manager.wait_for('WATCHDOG=1')
        self.manager.wait_for('WATCHDOG=1')
        process.pause()
        # Longer than the watchdog waits.
        self.manager.forget(2.5)
        process.resume()
        self.manager.wait_for('WATCHDOG=1')

    def test_an_agent_is_ready_and_turns(self) -> None:
        agent = self.start('nova_sg.cmd.agent', '--host', 'c1')
        self.check(agent)
        agent.send(signal.SIGTERM)
        self.manager.wait_for('STOPPING=1')
        self.assertEqual(0, agent.wait())

    def test_the_rest_service_is_ready_and_turns(self) -> None:
        port = self.useFixture(ports.Port()).number
        self.check(
            self.start(
                'nova_sg.cmd.api',
                *('--port', str(port), '--workers', '1'),
                OS_API__AUTH_STRATEGY='noauth2',
            )
        )

    def test_a_conductor_is_ready_when_a_worker_serves(self) -> None:
        rabbitmq = conductor.RABBITMQ.running()
        process = self.start(
            'nova_sg.cmd.conductor', OS_DEFAULT__TRANSPORT_URL=rabbitmq.url
        )
        self.manager.wait_for('READY=1')
        self.assertIn('Serving ', process.log)
        self.manager.wait_for('WATCHDOG=1')
        self.manager.wait_for('WATCHDOG=1')
