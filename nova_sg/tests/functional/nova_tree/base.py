# SPDX-License-Identifier: Apache-2.0

"""What tests of commands and processes of a nova have in common."""

from collections.abc import Callable
from collections.abc import Sequence
import subprocess
from typing import Any

from oslotest import base

from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures.servers import daemon
from nova_sg.tests.functional.nova_tree import cells

THREADS = {'OS_NOVA_DISABLE_EVENTLET_PATCHING': 'true'}
EVENTLET = {'OS_NOVA_DISABLE_EVENTLET_PATCHING': 'false'}

_CONF = ('--config-file', 'nova.conf')


class TestCase(base.BaseTestCase):
    """A nova with one cell on SQLite.

    :cvar number: the release of nova
    :ivar cell: the cell
    """

    # Its commands import a whole nova.
    TIMEOUT_SCALING_FACTOR = 2

    number = 34
    cell: cells.NovaCell

    def setUp(self) -> None:
        super().setUp()
        tree = cells.installed(self.number)
        if tree is None:
            self.skipTest(cells.missing(self.number))
        self.tree = tree
        self.cell = self.useFixture(cells.NovaCell(tree))

    def nova(
        self, name: str, *arguments: str, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of nova with nova_sg inside."""
        return self.cell.run(
            'nova-sg-run', name, *_CONF, *arguments, **environment
        )

    def start(
        self,
        name: str,
        *arguments: str,
        ready: Callable[[], object],
        **environment: str,
    ) -> daemon.Daemon:
        """Start a process of nova with nova_sg inside; its log is ``log``.

        :param ready: tells whether it serves; may raise OSError before
        """
        log = self.cell.directory / 'log'
        started = daemon.Daemon(
            [
                str(self.tree / 'venv/bin/nova-sg-run'),
                *(name, *_CONF, *arguments),
            ],
            directory=self.cell.directory,
            log=log,
            environment=self.cell.environment(**environment),
        )
        self.addCleanup(started.kill)

        def serves() -> bool:
            assert started.exit_code is None, log.read_text()[-5000:]
            try:
                return bool(ready())
            except OSError:
                return False

        commands.wait_until(serves, f'{name} serves', cells.PATIENCE)
        return started

    def assert_done(self, done: Any) -> str:
        """Assert that a command did what it should, without a complaint.

        :returns: what it printed
        """
        self.assertEqual((0, []), (done.returncode, _said(done)), done)
        return str(done.stdout)

    def assert_refused(self, code: int, done: Any) -> str:
        """Assert that a command ended with one line.

        :returns: the line
        """
        said = _said(done)
        self.assertEqual((code, 1), (done.returncode, len(said)), done)
        return said[0]


def _said(done: Any) -> Sequence[str]:
    """Return the lines of stderr, but for nova's own about eventlet."""
    return [
        line
        for line in done.stderr.splitlines()
        if not line.startswith('Eventlet based concurrency mode')
    ]
