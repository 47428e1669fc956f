# SPDX-License-Identifier: Apache-2.0

"""What ``tools/quickstart.sh`` installs nova-sg from."""

import os
import pathlib
import shutil
import subprocess

import fixtures
from oslotest import base

import nova_sg
from nova_sg.tests.fixtures import commands

TOP = pathlib.Path(nova_sg.__file__).parent.parent


class TestCopy(base.BaseTestCase):
    def test_environments_and_caches_are_left_where_they_are(self) -> None:
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        checkout = directory / 'checkout'
        script = checkout / 'tools' / 'quickstart.sh'
        for name in (
            *('.git/HEAD', '.nova-tree/34.0.0/log', '.venv-test/pyvenv.cfg'),
            *('doc/build/index.html', 'nova_sg/__pycache__/a.pyc'),
            *('nova_sg/a.py', 'tools/quickstart.sh'),
        ):
            path = checkout / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        shutil.copy(TOP / 'tools' / 'quickstart.sh', script)
        # It ends where pyproject.toml is missing, and installs nothing.
        done = subprocess.run(
            [str(script)],
            env={**os.environ, 'NOVA_SG_QUICKSTART_DIR': str(directory)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=commands.PATIENCE,
        )
        self.assertIn('pyproject.toml', done.stdout)
        source = directory / 'source'
        self.assertEqual(
            {'nova_sg/a.py', 'tools/quickstart.sh'},
            {
                str(each.relative_to(source))
                for each in source.rglob('*')
                if each.is_file()
            },
        )
