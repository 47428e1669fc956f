# SPDX-License-Identifier: Apache-2.0

"""What an index gets, and what an installation from it holds."""

import email
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

from oslotest import base

import nova_sg

TOP = pathlib.Path(nova_sg.__file__).parent.parent

#: Seconds for one command; a laden machine may be slow.
PATIENCE = 300

VERSION = '7.8.9'

#: Imports all that the installed package names, with no tests beside it.
LOAD = """
from importlib import metadata
import importlib.util
import sys

# An editable installation would give what this one lacks.
sys.meta_path[:] = [
    each
    for each in sys.meta_path
    if not getattr(each, '__module__', '').startswith('__editable__')
]
(found,) = metadata.Distribution.discover(name='nova-sg', path=sys.argv[1:])
for each in found.entry_points:
    print(each.group, each.name, each.load().__module__)
import nova_sg.servicegroup.testing.suites
print(nova_sg.__file__)
assert importlib.util.find_spec('nova_sg.tests') is None
"""


def _run(*arguments: str, cwd: pathlib.Path, **environment: str) -> str:
    result = subprocess.run(
        arguments,
        cwd=cwd,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
    )
    if result.returncode:
        raise AssertionError(f'{arguments[0]} failed:\n{result.stdout}')
    return result.stdout


def _git(*arguments: str, cwd: pathlib.Path) -> str:
    return _run(
        'git',
        '-c',
        'user.name=A Developer',
        '-c',
        'user.email=developer@example.org',
        *arguments,
        cwd=cwd,
    )


def _copy(into: pathlib.Path) -> None:
    """Copy what git knows of this tree, and tag it as a release."""
    for name in _git('ls-files', '-z', cwd=TOP).split('\0'):
        source = TOP / name
        if name and source.is_file():
            target = into / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    _git('init', '-q', cwd=into)
    _git('add', '-A', cwd=into)
    _git('commit', '-q', '-m', 'A release', cwd=into)
    _git('tag', '-a', '-m', VERSION, VERSION, cwd=into)


class TestDistribution(base.BaseTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        if not (TOP / '.git').exists():
            raise cls.skipException('not a clone: pbr needs git')
        temporary = tempfile.TemporaryDirectory()
        cls.addClassCleanup(temporary.cleanup)
        work = pathlib.Path(temporary.name)
        source = work / 'source'
        source.mkdir()
        _copy(source)
        # It builds the wheel from the source distribution, with the
        # setuptools and pbr of this environment: offline.
        _run(
            sys.executable,
            *('-m', 'build', '--no-isolation', '--outdir', str(work / 'dist')),
            cwd=source,
        )
        cls.files = sorted((work / 'dist').iterdir())
        cls.wheel, cls.sdist = cls.files
        cls.unpacked = work / 'unpacked'
        with zipfile.ZipFile(cls.wheel) as wheel:
            wheel.extractall(cls.unpacked)
        cls.info = cls.unpacked / f'nova_sg-{VERSION}.dist-info'

    def _names(self) -> set[str]:
        return {
            str(each.relative_to(self.unpacked))
            for each in self.unpacked.rglob('*')
            if each.is_file()
        }

    def test_a_tag_is_the_version(self) -> None:
        self.assertEqual(
            [
                f'nova_sg-{VERSION}.tar.gz',
                f'nova_sg-{VERSION}-py3-none-any.whl',
            ],
            [self.sdist.name, self.wheel.name],
        )

    def test_an_index_would_take_both_and_render_the_readme(self) -> None:
        said = _run(
            sys.executable,
            *('-m', 'twine', '--no-color', 'check', '--strict'),
            *map(str, self.files),
            cwd=self.unpacked,
        )
        self.assertEqual(2, said.count('PASSED'), said)

    def test_the_wheel_holds_the_package_and_no_tests(self) -> None:
        expected = {
            name
            for name in _git('ls-files', 'nova_sg', cwd=TOP).splitlines()
            if not name.startswith('nova_sg/tests/') and (TOP / name).exists()
        }
        found = {
            name
            for name in self._names()
            if not name.startswith(self.info.name)
        }
        self.assertEqual(expected, found)

    def test_the_wheel_needs_no_tests(self) -> None:
        said = _run(
            sys.executable,
            *('-c', LOAD, str(self.unpacked)),
            cwd=self.unpacked,
            PYTHONPATH=str(self.unpacked),
        )
        for name in (
            'console_scripts nova-sg-agent nova_sg.cmd.agent',
            'nova_sg.servicegroup.drivers zk'
            ' nova_sg.servicegroup.backends.zookeeper.driver',
            'oslo.messaging.notify.drivers nova_sg nova_sg.nova_tree.switch',
            str(self.unpacked),
        ):
            self.assertIn(name, said)

    def test_the_metadata_names_licence_python_and_extras(self) -> None:
        found = email.message_from_string(
            (self.info / 'METADATA').read_text(encoding='utf-8')
        )
        self.assertEqual('Apache-2.0', found['License-Expression'])
        self.assertEqual('>=3.11', found['Requires-Python'])
        self.assertEqual('text/x-rst', found['Description-Content-Type'])
        self.assertEqual(
            ['all', 'api', 'memcached', 'metrics', 'mysql', 'mysqlclient']
            + ['postgresql', 'testing', 'zookeeper'],
            sorted(found.get_all('Provides-Extra')),
        )
        self.assertEqual(
            (TOP / 'README.rst').read_text(encoding='utf-8').strip(),
            found.get_payload().strip(),
        )

    def test_the_source_has_the_tests_and_a_changelog(self) -> None:
        with tarfile.open(self.sdist) as sdist:
            names = {each.partition('/')[2] for each in sdist.getnames()}
        for name in (
            'ChangeLog',
            'nova_sg/tests/toy/distribution/pyproject.toml',
            'tools/run_tests.sh',
        ):
            self.assertIn(name, names)
