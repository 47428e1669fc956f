# SPDX-License-Identifier: Apache-2.0

"""The connection to the SQL database: one per process and URL."""

import atexit
from collections.abc import Callable
from collections.abc import Iterator
import contextlib
from contextlib import AbstractContextManager
import functools
import os
import threading
from typing import TYPE_CHECKING
from typing import TypeVar
import weakref

from oslo_config import cfg
from oslo_db import exception as db_exc
import sqlalchemy as sa
import tenacity

from nova_sg import exception
from nova_sg import instruments
from nova_sg.db import attempts
from nova_sg.db import autocommit
from nova_sg.db import errors
from nova_sg.db import refusals
from nova_sg.db import schema
from nova_sg.db import sqlite
from nova_sg.db import url as db_url

if TYPE_CHECKING:
    from nova_sg.db import rights

T = TypeVar('T')

#: What this backend is called in metrics.
_KIND = 'sql'

_by_url: dict[tuple[str, int], 'Database'] = {}
_all: 'weakref.WeakSet[Database]' = weakref.WeakSet()
_lock = threading.Lock()
#: Connections a child inherited: kept alive, since closing them would speak
#: to the server on the parent's socket.
_inherited: list[object] = []


def get(conf: cfg.ConfigOpts) -> 'Database':
    """Return this process's connection to the configured database.

    Records, membership and inventory of one process share one pool.

    :param conf: a loaded configuration
    :raises InvalidConfiguration: ``[database] connection`` cannot be used
    """
    key = (conf.database.connection, conf.servicegroup.report_interval)
    with _lock:
        if key not in _by_url:
            _by_url[key] = Database(conf)
        return _by_url[key]


class Database:
    """An enginefacade of oslo.db, with retries and errors of our own.

    :param conf: a loaded configuration; read are ``[database]`` and
        ``[servicegroup] report_interval``, the bound in seconds of what a
        caller may wait for retries
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self._conf = conf
        self._bound = conf.servicegroup.report_interval
        self.url = db_url.usable(conf)
        self._facade = db_url.facade(self.url, conf)
        self._file: sqlite.File | None = None
        if self.dialect == 'sqlite':
            self._file = sqlite.File(self.url, conf.state_path)
        self._ready = False
        self._prepare_lock = threading.Lock()
        self._retry = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(attempts.TRANSIENT),
            wait=tenacity.wait_random_exponential(multiplier=0.05, max=1),
            stop=tenacity.stop_before_delay(self._bound / 2),
            reraise=True,
        )
        _all.add(self)

    @functools.cached_property
    def name(self) -> str:
        """The database as an operator knows it, without the password."""
        return self.url.set(query={}).render_as_string(hide_password=True)

    @property
    def dialect(self) -> str:
        return self.url.get_backend_name()

    @property
    def engine(self) -> sa.Engine:
        """The engine for writing, created at first use.

        :raises InvalidConfiguration: there is no such driver
        """
        try:
            engine = self._facade.writer.get_engine()
        except (sa.exc.ArgumentError, ImportError) as error:
            raise refusals.of_url(error, self.url) from error
        return engine

    def read(self, work: Callable[[sa.Connection], T]) -> T:
        """Run ``work``, which only reads, without a transaction.

        Each of its statements sees what is committed when it begins.
        Always on the server that is written to, whatever
        ``slave_connection`` says: the lag of a replica would look like
        missed beats, and a caller would not see its own change.

        :param work: called with a connection, again where it failed for a
            transient reason
        :returns: what ``work`` returned
        :raises ServiceGroupUnavailable: the database cannot be asked
        """
        return self._run(self._plain, work)

    def beat(self, work: Callable[[sa.Connection], T]) -> T:
        """Run ``work``, one statement, which commits itself.

        It is run again after a lost connection, as :meth:`write` does.

        Parameters, result and errors as for :meth:`write`.
        """
        return self._run(self._plain, work)

    def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Run ``work`` in a transaction and commit it.

        It is run again after a lost connection, even where it may have been
        committed: only for what does no harm when it is done twice, as a
        membership. A decision is for :meth:`change`.

        The first statement of ``work`` should be the one that writes: SQLite
        cannot turn a reading transaction into a writing one while another
        process writes.

        Parameters, result and errors as for :meth:`read`, and
        :raises DBDuplicateEntry: of oslo.db, for the caller to interpret
        :raises InvalidInput: the database refused a value
        """
        return self._run(self._transaction, work)

    def change(self, work: Callable[[sa.Connection], T]) -> T:
        """Run ``work`` in a transaction and commit it, at most once.

        Where the answer to the commit is lost, ``work`` is run once more at
        least, and has to find out what became of it (see ``db.writes``).
        So this may take up to half the bound longer than :meth:`write`.

        Parameters, result and errors as for :meth:`write`, and
        :raises OutcomeUnknown: the answer to a commit was lost, and the
            database could not be asked what became of it
        """
        tried = attempts.Attempts(self._transaction, self._retry)
        try:
            with instruments.request(_KIND), self._errors():
                return tried.run(work)
        except exception.ServiceGroupUnavailable as error:
            if not tried.unsure:
                raise
            raise exception.OutcomeUnknown(
                backend=self.name, reason=error.kwargs.get('reason', error)
            ) from error

    def upgrade(self) -> tuple[str | None, str]:
        """Bring the schema to what this code needs.

        :returns: the revisions before and after
        :raises ServiceGroupUnavailable: the database cannot be asked
        """
        with self._errors():
            self._make_directory()
            # Imported here: only a change of the schema needs alembic.
            from nova_sg.db import migration

            return migration.upgrade(self.engine)

    def revision(self) -> str | None:
        """Return the schema's revision, None without a schema.

        :raises ServiceGroupUnavailable: the database cannot be asked
        """
        with self._errors():
            self._make_directory()
            return schema.current(self.engine)

    def missing_rights(self) -> 'list[rights.Grant]':
        """Return what would give the user the rights that it lacks.

        :raises ServiceGroupUnavailable: the database cannot be asked
        """
        # Imported here: only a check asks.
        from nova_sg.db import rights

        with self._errors(), autocommit.plain(self.engine) as connection:
            return rights.missing(connection)

    def release(self) -> None:
        """Close what a child must not inherit; used again, it is reopened.

        SQLite notes in memory which locks its process holds on a file. A
        child inherits the note, but not the locks: it would write without
        any, and destroy the file.
        """
        with self._prepare_lock:
            if self._file is not None and self._file.close():
                self._ready = False
                self.engine.dispose()

    def close(self) -> None:
        """Close the connection that is held, at the end of the process.

        Left to the end of Python, SQLAlchemy would give it back then, and
        oslo.db yield to other green threads, of which there are none any
        more: under eventlet a traceback follows whatever a command has said.
        """
        if self._file is not None:
            self._file.close()

    def reset(self) -> None:
        """Forget every connection without closing it (after a fork)."""
        _inherited.append(self._facade)
        if self._facade.is_started:
            self._facade.writer.get_engine().dispose(close=False)
        self._facade = db_url.facade(self.url, self._conf)
        self._prepare_lock = threading.Lock()

    def _run(
        self,
        connect: Callable[[], AbstractContextManager[sa.Connection]],
        work: Callable[[sa.Connection], T],
    ) -> T:
        def attempt() -> T:
            with connect() as connection:
                return work(connection)

        with instruments.request(_KIND), self._errors():
            return attempts.repeat(attempt, self._retry, self._bound / 2)

    @contextlib.contextmanager
    def _plain(self) -> Iterator[sa.Connection]:
        self._prepare()
        with autocommit.plain(self.engine) as connection:
            yield connection

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        self._prepare()
        with self.engine.begin() as connection:
            yield connection

    def _prepare(self) -> None:
        """Check the schema, once per process, before the first statement."""
        if self._ready:
            return
        with self._prepare_lock:
            if self._ready:
                return
            if self._file is not None:
                self._file.open(self.engine)
            try:
                schema.check(self.engine, self.name)
            except (NotImplementedError, sa.exc.ResourceClosedError) as error:
                # What SQLAlchemy and oslo.db make of a connection that breaks
                # while they look at the server for the first time.
                raise db_exc.DBConnectionError(error) from error
            self._ready = True

    def _make_directory(self) -> None:
        if self._file is not None:
            self._file.make_directory()

    def _errors(self) -> AbstractContextManager[None]:
        return errors.translated(self.url, self.name, lambda: self._ready)


def _before_fork() -> None:
    for database in list(_all):
        database.release()


def _after_fork() -> None:
    global _lock
    # Another thread of the parent may have held it.
    _lock = threading.Lock()
    for database in list(_all):
        database.reset()


def _at_exit() -> None:
    for database in list(_all):
        database.close()


atexit.register(_at_exit)
os.register_at_fork(before=_before_fork, after_in_child=_after_fork)
