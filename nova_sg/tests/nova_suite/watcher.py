# SPDX-License-Identifier: Apache-2.0

"""Which test says what to the table ``services``.

It sees every statement of every engine, at the cursor: no way past an object
or a function of nova's escapes it.
"""

import collections
from collections.abc import Mapping
import functools
import json
import os
import pathlib
import re
from typing import Any

import sqlalchemy as sa
import testtools

_NAMES_SERVICES = re.compile(r'\bservices\b', re.IGNORECASE)


def names_services(statement: str) -> bool:
    """Tell whether a statement names the table ``services``."""
    return _NAMES_SERVICES.search(statement) is not None


class Watcher:
    """Counts the statements of this process that name ``services``.

    :param directory: where the counts go, into a file for each process
    """

    def __init__(self, directory: pathlib.Path) -> None:
        self._directory = directory
        self._counts: collections.Counter[str] = collections.Counter()
        # Before the first test modules are imported.
        self._test = 'no test'
        self._migrations = 0

    def install(self) -> None:
        """Watch from now on, and for ever."""
        self._look_away_from_migrations()
        sa.event.listen(sa.Engine, 'before_cursor_execute', self._see)
        run = testtools.TestCase.run

        def watched(test: testtools.TestCase, result: Any = None) -> Any:
            self._test = test.id()
            try:
                return run(test, result)
            finally:
                # Not at exit: a worker that hangs is killed.
                file = self._directory / f'{os.getpid()}.json'
                file.write_text(json.dumps(self._counts))

        testtools.TestCase.run = watched

    def _look_away_from_migrations(self) -> None:
        """See nothing while nova makes the tables of a database.

        The first test of a process has it done. That names all tables, this
        one among them.
        """
        # Here: nova may not be imported before it is patched.
        from nova.db import migration

        db_sync = migration.db_sync

        @functools.wraps(db_sync)
        def unseen(*args: Any, **kwargs: Any) -> Any:
            self._migrations += 1
            try:
                return db_sync(*args, **kwargs)
            finally:
                self._migrations -= 1

        migration.db_sync = unseen

    def _see(
        self,
        connection: sa.Connection,
        cursor: Any,
        statement: str,
        *_: Any,
    ) -> None:
        # What a thread says after its test belongs to the next one, or to
        # the module: they run in order.
        if not self._migrations and names_services(statement):
            self._counts[self._test] += 1


def counts(directory: pathlib.Path) -> Mapping[str, int]:
    """Return the statements of all processes, by test."""
    total: collections.Counter[str] = collections.Counter()
    for file in directory.glob('*.json'):
        total.update(json.loads(file.read_text()))
    return total
