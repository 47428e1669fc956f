# SPDX-License-Identifier: Apache-2.0

"""The deployments in which the suite asks our own drivers."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import os
import threading
from typing import Any
from typing import ClassVar

import sqlalchemy as sa

from nova_sg.db import migration
from nova_sg.db import models
from nova_sg.servicegroup import loop
from nova_sg.servicegroup import testing
from nova_sg.servicegroup.testing import deployment
from nova_sg.servicegroup.testing import link
from nova_sg.tests.fixtures import clock
from nova_sg.tests.fixtures import databases
from nova_sg.tests.fixtures import long
from nova_sg.tests.fixtures import proxy
from nova_sg.tests.fixtures import schemas


class OnServer(testing.Deployment):
    """A deployment on a server of the test process, which tests take away.

    :cvar shared: the server
    """

    shared: ClassVar[Any]

    def kill(self) -> None:
        self.shared.get().kill()
        self.addCleanup(self.shared.running)

    def restart(self) -> None:
        self.shared.running()

    def pause(self) -> None:
        self.shared.get().pause()
        self.addCleanup(self.resume)

    def resume(self) -> None:
        self.shared.get().resume()


class SqlDeployment(testing.Deployment):
    """The ``db`` driver on an empty database with our schema."""

    database_class: ClassVar[Any]

    def make(self) -> deployment.Options:
        self.database = self.empty_database()
        return {
            'servicegroup': {'driver': 'db'},
            'database': {'connection': self.database.url},
        }

    def empty_database(self) -> Any:
        """Return an empty database, which goes at cleanup."""
        return self.useFixture(self.database_class())

    @contextlib.contextmanager
    def round_trips(self) -> Iterator[Callable[[], int]]:
        statements = []

        def note(*args: Any) -> None:
            # What its own threads write, nobody waits for.
            if not threading.current_thread().name.startswith(loop.PREFIX):
                statements.append(args[2])

        sa.event.listen(sa.Engine, 'after_cursor_execute', note)
        try:
            yield lambda: len(statements)
        finally:
            sa.event.remove(sa.Engine, 'after_cursor_execute', note)

    def wrong_clock(self, seconds: float) -> clock.ShiftedClock:
        return clock.ShiftedClock(seconds)

    def add_field(self, uuid: str, name: str, value: str) -> None:
        column = sa.Column(name, sa.String(255))
        with self._connect() as connection:
            kind = column.type.compile(connection.dialect)
            connection.exec_driver_sql(
                f'ALTER TABLE services ADD COLUMN {name} {kind}'
            )
            services = sa.table('services', sa.column('uuid'), column)
            connection.execute(
                services.update()
                .where(services.c.uuid == uuid)
                .values({name: value})
            )

    def read_field(self, uuid: str, name: str) -> str | None:
        services = sa.table('services', sa.column('uuid'), sa.column(name))
        with self._connect() as connection:
            return connection.execute(
                sa.select(services.c[name]).where(services.c.uuid == uuid)
            ).scalar()

    def _connect(self) -> contextlib.AbstractContextManager[sa.Connection]:
        return _engine(self.database).begin()


class SqliteDeployment(SqlDeployment):
    """SQLite; it is taken away together with the directory it lies in."""

    database_class = schemas.SqliteSchema

    def make(self) -> deployment.Options:
        options = super().make()
        path = sa.make_url(self.database.url).database or ''
        self._there = os.path.dirname(path)
        return options

    def kill(self) -> None:
        os.rename(self._there, f'{self._there}.away')
        self.addCleanup(SqliteDeployment.restart, self)

    def restart(self) -> None:
        if not os.path.exists(self._there):
            os.rename(f'{self._there}.away', self._there)


class PairDeployment(SqliteDeployment):
    """Records in SQLite; both backends go at the same time.

    :cvar heartbeats: the deployment of the other backend
    """

    heartbeats: ClassVar[Any]

    def make(self) -> deployment.Options:
        sql = super().make()
        return {**sql, **self.heartbeats.make(self)}

    @contextlib.contextmanager
    def round_trips(self) -> Iterator[Callable[[], int]]:
        with (
            super().round_trips() as statements,
            self.heartbeats.round_trips(self) as others,
        ):
            yield lambda: statements() + others()

    def kill_heartbeats(self) -> None:
        self.heartbeats.kill(self)

    def kill(self) -> None:
        self.kill_heartbeats()
        super().kill()

    def restart(self) -> None:
        self.heartbeats.restart(self)
        super().restart()


class ServerDeployment(OnServer, SqlDeployment):
    """A database on a server, which is killed and paused."""

    # The store is the same as on SQLite, which is faster.
    examples = long.times(8, 30)
    idle: ClassVar[list[Any]]
    """Databases with empty tables, which tests have left."""

    def empty_database(self) -> Any:
        # To make one takes much longer than to empty one.
        if self.idle:
            database = self.idle.pop()
        else:
            database = self.database_class()
            database.setUp()
            migration.upgrade(_engine(database))
        self._as_new = True
        self.addCleanup(self._empty, database)
        return database

    def add_field(self, uuid: str, name: str, value: str) -> None:
        self._as_new = False
        super().add_field(uuid, name, value)

    def _empty(self, database: Any) -> None:
        if not self._as_new:
            database.cleanUp()
            return
        with _engine(database).begin() as connection:
            for table in reversed(models.metadata.sorted_tables):
                connection.execute(table.delete())
        self.idle.append(database)

    def proxied(self) -> link.Link:
        url = sa.make_url(self.database.url)
        way = self.useFixture(proxy.TcpProxy(url.port))
        through = url.set(port=way.port).render_as_string(hide_password=False)
        return link.Link([way], {'database': {'connection': through}})


class PostgresqlDeployment(ServerDeployment):
    """PostgreSQL, on the server of the test process."""

    database_class = databases.PostgresqlDatabase
    shared = databases.POSTGRESQL
    idle: ClassVar[list[Any]] = []


class MariadbDeployment(ServerDeployment):
    """MariaDB, on the server of the test process."""

    database_class = databases.MariadbDatabase
    shared = databases.MARIADB
    idle: ClassVar[list[Any]] = []


def _engine(database: Any) -> sa.Engine:
    return sa.create_engine(database.url, poolclass=sa.NullPool)
