# SPDX-License-Identifier: Apache-2.0


"""Commands as a user runs them, in this process or in one of their own."""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from typing import Any
from typing import NamedTuple
import warnings

import fixtures
from oslotest import base

from nova_sg.cmd import manage
from nova_sg.cmd import status
from nova_sg.tests.fixtures import api
from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import databases
from nova_sg.tests.fixtures import schemas
from nova_sg.tests.fixtures import services

#: Seconds for a command in a process of its own.
PATIENCE = commands.PATIENCE

PYTHON = sys.executable

#: What changes how Python writes, and may be set where tests run.
ODD = ('PYTHONIOENCODING', 'PYTHONUNBUFFERED', 'PYTHONUTF8')


class Result(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def _environment() -> dict[str, str]:
    """Return what commands find in the environment."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(('LC_', 'LANG')) and name not in ODD
    }


class CommandTestCase(services.MakesServices, base.BaseTestCase):
    """A database with a schema, and commands that use it.

    The environment is the only configuration, but for what a test writes
    into ``config_file``.
    """

    #: Another database than a SQLite file.
    database: Any = None
    #: Whether the schema is made, and the API set up in this process.
    with_api = True

    def setUp(self) -> None:
        super().setUp()
        self.directory = self.useFixture(fixtures.TempDir()).path
        self.config_file = os.path.join(self.directory, 'nova-sg.conf')
        self.configure('')
        sqlite = (
            schemas.SqliteSchema if self.with_api else databases.SqliteDatabase
        )
        self.url = self.useFixture((self.database or sqlite)()).url
        if self.with_api:
            self.process = self.useFixture(api.Api(self.url))
            self.api = self.process.api
            self.context = self.process.context
        else:
            self.useFixture(api.Connections())
        self.useFixture(
            api.Environment(
                OS_DATABASE__CONNECTION=self.url, XDG_STATE_HOME=self.directory
            )
        )

    def forget_connections(self) -> None:
        """Let this process check the database as a new one would."""
        self.useFixture(api.Connections())

    def configure(self, text: str) -> None:
        """Write the configuration file."""
        with open(self.config_file, 'w') as config_file:
            config_file.write(text)

    def option(self, name: str, value: str) -> None:
        """Set an option in the environment, as ``GROUP__OPTION``."""
        self.useFixture(fixtures.EnvironmentVariable(f'OS_{name}', value))

    def manage(self, *words: str) -> Result:
        """Run nova-sg-manage in this process."""
        return self._call(manage.main, words)

    def status(self, *words: str) -> Result:
        """Run nova-sg-status in this process."""
        return self._call(status.main, words)

    def done(self, *words: str) -> Result:
        """Run nova-sg-manage in this process, and see that it is content."""
        result = self.manage(*words)
        self.assertEqual((0, ''), (result.code, result.err), result)
        return result

    def spawn(
        self, *words: str | bytes, program: str = 'manage', **popen: Any
    ) -> subprocess.Popen[str]:
        """Start a command in a process of its own.

        :param popen: what to hand to ``Popen``; its ``env`` is what differs
            from the environment of the tests
        """
        options = {
            'stdin': subprocess.DEVNULL,
            'stdout': subprocess.PIPE,
            'stderr': subprocess.PIPE,
            'encoding': 'utf-8',
            **popen,
            'env': {**_environment(), **popen.get('env', {})},
        }
        return subprocess.Popen(
            [PYTHON, '-m', f'nova_sg.cmd.{program}', *words], **options
        )

    def run_process(
        self,
        *words: str | bytes,
        program: str = 'manage',
        configured: bool = True,
        **popen: Any,
    ) -> Result:
        """Run a command in a process of its own.

        :param configured: name the configuration file of the test
        """
        if configured:
            words = ('--config-file', self.config_file, *words)
        if not popen:
            done = commands.run(
                f'nova_sg.cmd.{program}',
                *map(os.fsdecode, words),
                environment={**_environment(), 'LANG': 'C.UTF-8'},
            )
            return self._checked(
                Result(done.returncode, done.stdout, done.stderr)
            )
        process = self.spawn(*words, program=program, **popen)
        out, err = process.communicate(timeout=PATIENCE)
        return self._checked(Result(process.returncode, out or '', err or ''))

    def _call(self, main: Any, words: tuple[str, ...]) -> Result:
        out = io.TextIOWrapper(io.BytesIO(), 'utf-8')
        err = io.StringIO()
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            warnings.catch_warnings(),
        ):
            # Python does not show these either, but to the runner of tests.
            warnings.simplefilter('ignore', DeprecationWarning)
            code = main(['--config-file', self.config_file, *words])
        written = out.buffer.getvalue().decode()  # type: ignore[attr-defined]
        return self._checked(Result(code, written, err.getvalue()))

    def _checked(self, result: Result) -> Result:
        for text in (result.out, result.err):
            self.assertNotIn('Traceback', text, result)
        return result

    def assert_error(self, code: int, says: str, result: Result) -> None:
        """See that a command failed with one line and nothing else.

        :param says: a regular expression for a part of the line
        """
        self.assertEqual((code, ''), (result.code, result.out), result)
        self.assertEqual(1, result.err.count('\n'), result)
        self.assertRegex(
            result.err, r'\Anova-sg-\w+[a-z -]*: error: .*\n\Z', result
        )
        self.assertIsNotNone(re.search(says, result.err), result)
