# SPDX-License-Identifier: Apache-2.0

"""nova-sg-run and the command it runs."""

from collections.abc import Sequence
import os
import pathlib
import signal
import subprocess
import sys

import fixtures
from oslotest import base

# Stands where nova is installed: its scripts, and one that tells what it met.
_METADATA = 'Metadata-Version: 2.1\nName: nova\nVersion: 34.0.0\n'
_ENTRY_POINTS = """\
[console_scripts]
nova-tell = nova_scripts:main
nova-wait = nova_scripts:wait
"""
_SCRIPTS = """\
import os, sys, time

print('imported')

def main():
    print('called', os.getpid(), sys.argv)
    return int(sys.argv[-1])

def wait():
    print('waiting', flush=True)
    time.sleep(60)
"""

# What enable() does is not the matter here, but when it is called.
_CALLER = """\
import sys
from nova_sg import nova_tree
from nova_sg.cmd import run

def enable():
    {enable}

nova_tree.enable = enable
# What nova asks not to be imported before it has patched for eventlet.
print('early:', {{'oslo_context.context', 'urllib3'}} & set(sys.modules))
sys.exit(run.main())
"""


class TestNovaSgRun(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.place = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def install_nova(self) -> None:
        info = self.place / 'nova-34.0.0.dist-info'
        info.mkdir()
        (info / 'METADATA').write_text(_METADATA)
        (info / 'entry_points.txt').write_text(_ENTRY_POINTS)
        (self.place / 'nova_scripts.py').write_text(_SCRIPTS)

    def start(
        self, *words: str, enable: str = "print('enabled')"
    ) -> subprocess.Popen:
        return self.popen(
            [sys.executable, '-c', _CALLER.format(enable=enable), *words]
        )

    def popen(self, argv: Sequence[str]) -> subprocess.Popen:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, 'PYTHONPATH': str(self.place)},
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def test_the_command_is_imported_then_nova_sg_comes_in_then_it_runs(self):
        self.install_nova()
        process = self.start('/usr/bin/nova-tell', '--debug', '-x', 'a b', '7')
        out, err = process.communicate()
        self.assertEqual('', err)
        self.assertEqual(
            [
                'early: set()',
                'imported',
                'enabled',
                f'called {process.pid} '
                "['/usr/bin/nova-tell', '--debug', '-x', 'a b', '7']",
            ],
            out.splitlines(),
        )
        self.assertEqual(7, process.returncode)

    def test_a_signal_is_the_commands(self):
        self.install_nova()
        process = self.start('nova-wait')
        while process.stdout.readline() != 'waiting\n':
            pass
        process.send_signal(signal.SIGTERM)
        self.assertEqual(-signal.SIGTERM, process.wait())

    def test_where_nova_sg_cannot_come_in_the_command_does_not_run(self):
        self.install_nova()
        process = self.start(
            'nova-tell', '0', enable="raise RuntimeError('not\\n this nova')"
        )
        out, err = process.communicate()
        self.assertEqual(
            'nova-sg-run: error: nova-tell is not started: not this nova\n',
            err,
        )
        self.assertNotIn('called', out)
        self.assertEqual(1, process.returncode)

    def test_debug_before_the_command_shows_where_it_could_not_come_in(self):
        self.install_nova()
        process = self.start(
            '--debug', 'nova-tell', '0', enable="raise RuntimeError('no')"
        )
        _, err = process.communicate()
        self.assertIn('Traceback', err)

    def test_a_command_nova_has_not_is_bad_usage_and_names_what_it_has(self):
        self.install_nova()
        process = self.start('nova-api')
        _, err = process.communicate()
        self.assertEqual(
            'nova-sg-run: error: nova 34.0.0 has no command nova-api; it has '
            'nova-tell, nova-wait (see nova-sg-run --help)\n',
            err,
        )
        self.assertEqual(2, process.returncode)

    def test_without_a_nova_it_says_where_it_looked(self):
        process = self.start('nova-compute')
        _, err = process.communicate()
        self.assertEqual(
            'nova-sg-run: error: nova is not installed beside nova_sg, in '
            f'{sys.prefix}\n',
            err,
        )
        self.assertEqual(1, process.returncode)

    def test_without_a_command_it_is_bad_usage(self):
        process = self.start()
        _, err = process.communicate()
        self.assertIn('COMMAND', err)
        self.assertEqual(1, len(err.splitlines()))
        self.assertEqual(2, process.returncode)
