# SPDX-License-Identifier: Apache-2.0

"""The databases of a nova with one cell, for commands and processes of it."""

from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import fcntl
import functools
import hashlib
import os
import pathlib
import shutil
import sqlite3
import subprocess

import fixtures

import nova_sg

# Paths of databases are relative, so that the files can be copied: whatever
# uses them runs where they are.
CONF = """\
[database]
connection = sqlite:///cell.sqlite
[api_database]
connection = sqlite:///api.sqlite
[placement]
auth_type = admin_token
endpoint = http://127.0.0.1:9
endpoint_override = http://127.0.0.1:9
token = none
"""

# What nova-manage does in five commands, in one process.
_MAKE = """\
import shutil
from nova.cmd import manage
from nova import config, objects
config.parse_args(['nova-manage', '--config-file', 'nova.conf'])
objects.register_all()
manage.ApiDbCommands().sync()
manage.DbCommands().sync(local_cell=True)
shutil.copy('cell.sqlite', 'cell0.sqlite')
cells = manage.CellV2Commands()
cells.map_cell0(database_connection='sqlite:///cell0.sqlite')
cells.create_cell(
    name='cell1',
    database_connection='sqlite:///cell.sqlite',
    transport_url='fake:///',
)
"""

#: Seconds for a command on a laden machine.
PATIENCE = 300


def installed(number: int = 34) -> pathlib.Path | None:
    """Return where tools/nova_tree_tests.sh has installed a nova.

    :param number: its release
    :returns: None where it is not installed
    """
    top = pathlib.Path(nova_sg.__file__).parent.parent
    trees = pathlib.Path(os.environ.get('NOVA_SG_TREE') or top / '.nova-tree')
    found = sorted(trees.glob(f'{number}.*/venv/bin/nova-sg-run'))
    return found[-1].parent.parent.parent if found else None


def missing(number: int) -> str:
    """Return the reason to skip a test for which nova is not installed."""
    return (
        f'nova {number} is not installed: '
        f'tools/nova_tree_tests.sh --nova {number} does that'
    )


class NovaCell(fixtures.Fixture):
    """A nova with one cell, on SQLite, of which nothing runs.

    :param tree: where nova is installed
    :ivar directory: its files; commands run there
    """

    directory: pathlib.Path

    def __init__(self, tree: pathlib.Path) -> None:
        super().__init__()
        self._tree = tree

    def _setUp(self) -> None:
        self.directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        for name, content in _databases(self._tree).items():
            (self.directory / name).write_bytes(content)

    def configure(self, text: str, name: str = 'nova.conf') -> None:
        """Write a configuration file with the databases in it.

        :param text: what else is in it
        """
        (self.directory / name).write_text(CONF + text)

    @contextlib.contextmanager
    def connect(self, database: str = 'cell') -> Iterator[sqlite3.Connection]:
        """Connect to a database: ``api``, ``cell0`` or ``cell``."""
        path = self.directory / f'{database}.sqlite'
        with (
            contextlib.closing(sqlite3.connect(path, timeout=30)) as made,
            made,
        ):
            yield made

    def run(
        self, *command: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        name, *arguments = command
        return subprocess.run(
            [str(self._tree / 'venv/bin' / name), *arguments],
            cwd=self.directory,
            env=self.environment(**environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors='replace',
            timeout=PATIENCE,
            check=False,
        )

    def environment(self, **more: str) -> dict[str, str]:
        """Return the environment of a command, with no option of ours."""
        return {
            **_environment(),
            'HOME': str(self.directory),
            'LC_ALL': 'C.UTF-8',
            'PYTHONWARNINGS': 'ignore',
            # Where stevedore keeps what it has found among the packages.
            'XDG_CACHE_HOME': str(self._tree / 'cache'),
            **more,
        }


def _environment() -> dict[str, str]:
    """Return the environment of this process without options."""
    return {
        name: value for name, value in os.environ.items() if '__' not in name
    }


@functools.cache
def _databases(tree: pathlib.Path) -> Mapping[str, bytes]:
    """Return the files of the databases.

    nova's migrations take a while, so they are kept beside the tree. Several
    processes may ask at once: one makes them, the others wait for it.
    """
    kept = tree / 'databases'
    kept.mkdir(exist_ok=True)
    made = kept / _schema(tree)
    with (kept / 'lock').open('w') as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            # Of another schema, or of a process that was killed.
            for each in kept.iterdir():
                if each.is_dir():
                    shutil.rmtree(each)
            new = kept / 'new'
            new.mkdir()
            _make(tree, new)
            new.rename(made)
        return {path.name: path.read_bytes() for path in made.glob('*.sqlite')}


def _schema(tree: pathlib.Path) -> str:
    """Return what changes with the databases.

    They have nothing of nova_sg. pip records what it has installed of nova,
    file by file.
    """
    (record,) = tree.glob('venv/lib/*/site-packages/nova-*.dist-info/RECORD')
    known = hashlib.sha256(record.read_bytes())
    known.update((CONF + _MAKE).encode())
    return known.hexdigest()


def _make(tree: pathlib.Path, directory: pathlib.Path) -> None:
    (directory / 'nova.conf').write_text(CONF)
    subprocess.run(
        [str(tree / 'venv/bin/python'), '-c', _MAKE],
        cwd=directory,
        env={**_environment(), 'OS_NOVA_DISABLE_EVENTLET_PATCHING': 'true'},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        timeout=PATIENCE,
        check=True,
    )
