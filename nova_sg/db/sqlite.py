# SPDX-License-Identifier: Apache-2.0

"""How SQLite is used: with a log, and connections that are kept."""

import os
from typing import Any

from oslo_log import log as logging
import sqlalchemy as sa
from sqlalchemy.dialects import plugins

from nova_sg import exception

LOG = logging.getLogger(__name__)

#: The name of :class:`Kept` in a URL.
PLUGIN = 'nova_sg.kept'


class Kept(sa.CreateEnginePlugin):
    """Keep connections to a file in a pool, as those to a server are kept.

    oslo.db opens the file anew for each transaction. SQLite then reads the
    whole schema again, which takes longer than most statements; in the
    database of a nova cell, with its hundred tables, by far.

    A file that was moved away, or is another one by now, is not used on: a
    connection is given out only for the file that bears the name.
    """

    def __init__(self, url: sa.URL, kwargs: dict[str, Any]) -> None:
        self._path = url.database
        if self._path and self._path != ':memory:':
            kwargs['poolclass'] = sa.QueuePool

    def update_url(self, url: sa.URL) -> sa.URL:
        return url.difference_update_query(['plugin'])

    def engine_created(self, engine: sa.Engine) -> None:
        sa.event.listen(engine, 'connect', self._connected)
        sa.event.listen(engine, 'checkout', self._given_out)

    def _connected(self, dbapi_connection: Any, record: Any) -> None:
        # With a write-ahead log readers and the writer do not wait for each
        # other, and a commit is lost by a power failure only, never torn.
        dbapi_connection.execute('PRAGMA journal_mode = WAL')
        dbapi_connection.execute('PRAGMA synchronous = NORMAL')
        record.info['file'] = self._file()

    def _given_out(
        self, _dbapi_connection: Any, record: Any, _proxy: Any
    ) -> None:
        if record.info['file'] != self._file():
            raise sa.exc.DisconnectionError('The file is another one now')

    def _file(self) -> tuple[int, int] | None:
        """Return what tells the file from any other, None without one."""
        try:
            found = os.stat(self._path or '')
        except OSError:
            return None
        return found.st_dev, found.st_ino


class File:
    """The file of a process, and the connection that keeps it open.

    While one connection stays open, closing another is not the last close, at
    which SQLite would write the whole log back and sync it.

    :param url: the URL of the database
    :param state_path: ``[DEFAULT] state_path``
    """

    def __init__(self, url: sa.URL, state_path: str) -> None:
        self._url = url
        self._state_path = state_path
        self._open: sa.Connection | None = None

    def open(self, engine: sa.Engine) -> None:
        """Make the file with its tables, unless it is there; keep it open.

        A file belongs to this host alone: no other host makes the tables,
        and a first user should not have to.
        """
        self.make_directory()
        if not sa.inspect(engine).get_table_names():
            from nova_sg.db import migration

            LOG.info('Creating the schema in the new database %s', engine.url)
            migration.upgrade(engine)
        # To open the log there has to be something in the file.
        self._open = engine.connect()

    def close(self) -> bool:
        """Close the connection; return whether there was one."""
        kept, self._open = self._open, None
        if kept is None:
            return False
        kept.close()
        return True

    def make_directory(self) -> None:
        """Make the directory of the default file, unless it is there."""
        if os.path.dirname(self._url.database or '') != self._state_path:
            return
        try:
            os.makedirs(self._state_path, mode=0o700, exist_ok=True)
        except OSError as error:
            raise exception.InvalidConfiguration(
                option='[DEFAULT] state_path',
                reason=f'cannot make {self._state_path}: {error.strerror}',
            ) from error


plugins.register(PLUGIN, __name__, Kept.__name__)
