# SPDX-License-Identifier: Apache-2.0

"""The services of a nova's cell are moved by its own nova-manage."""

import contextlib
import json
import os
import pathlib
import sqlite3
import subprocess

import fixtures
from oslotest import base

from nova_sg.tests.fixtures.servers import memcached
from nova_sg.tests.functional.nova_tree import test_inside

UUID = '11111111-1111-4111-8111-111111111111'

_NOVA_CONF = """
[database]
connection = sqlite:///{directory}/cell.sqlite
[api_database]
connection = sqlite:///{directory}/api.sqlite
[memcached]
servers = {servers}
[upgrade_levels]
conductor = auto
"""


class TestMoving(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.tree = test_inside.environment()
        if self.tree is None:
            self.skipTest(
                'nova is not installed: tools/nova_tree_tests.sh does that'
            )
        self.directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        server = self.useFixture(memcached.MemcachedServer())
        self.conf = self.directory / 'nova.conf'
        self.conf.write_text(
            _NOVA_CONF.format(directory=self.directory, servers=server.hosts)
        )

    def run_command(
        self, *command: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        name, *arguments = command
        return subprocess.run(
            [str(self.tree / 'venv/bin' / name), *arguments],
            env={
                **os.environ,
                **environment,
                'LC_ALL': 'C.UTF-8',
                'PYTHONWARNINGS': 'ignore',
                'HOME': str(self.directory),
            },
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    def done(self, *command: str, **environment: str) -> str:
        result = self.run_command(*command, **environment)
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)
        return result.stdout

    def migrate(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run_command(
            *('nova-sg-run', 'nova-manage', '--config-file', str(self.conf)),
            *('service', 'migrate', *arguments),
        )

    def test_a_cell_is_moved_with_what_nova_conf_says(self):
        self.done(
            *('nova-manage', '--config-file', str(self.conf)),
            *('db', 'sync', '--local_cell'),
        )
        path = self.directory / 'cell.sqlite'
        with contextlib.closing(sqlite3.connect(path)) as cell, cell:
            cell.execute(
                'INSERT INTO services (created_at, deleted, uuid, host,'
                ' binary, topic, report_count, disabled, disabled_reason,'
                ' forced_down, version) VALUES (?, 0, ?, ?, ?, ?, 7, 1, ?, 0,'
                ' 70)',
                (
                    *('2026-01-01 00:00:00', UUID, 'c1', 'nova-compute'),
                    *('compute', 'new disk'),
                ),
            )
        moving = ('--from', 'db', '--to', 'mc:memcached')
        refused = self.migrate(*moving)
        self.assertEqual(5, refused.returncode, refused.stderr)
        self.assertIn('nova-sg-manage db sync', refused.stderr)
        ours = ('nova-sg-manage', '--config-file', str(self.conf))
        self.done(*ours, 'db', 'sync')

        trial = self.migrate(*moving, '--dry-run')
        self.assertEqual(0, trial.returncode, trial.stderr)
        self.assertIn('| False |', trial.stdout)
        moved = self.migrate(*moving)
        self.assertEqual(0, moved.returncode, moved.stderr)
        self.assertIn('| True  |', moved.stdout)
        (service,) = json.loads(
            self.done(
                *(*ours, 'service', 'list', '--long', '-f', 'json'),
                OS_SERVICEGROUP__DRIVER='mc',
                OS_SERVICEGROUP__RECORDS='memcached',
            )
        )
        self.assertEqual(
            (UUID, 'c1', 'disabled', 'new disk'),
            tuple(
                service[name]
                for name in ('ID', 'Host', 'Status', 'Disabled Reason')
            ),
        )

        unknown = self.migrate('--from', 'nowhere', '--to', 'db')
        self.assertEqual(2, unknown.returncode, unknown.stderr)
        self.assertIn("'nowhere' is not installed", unknown.stderr)
