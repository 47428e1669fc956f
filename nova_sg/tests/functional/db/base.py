# SPDX-License-Identifier: Apache-2.0

"""A database, and nothing above it."""

from typing import Any

from oslotest import base
import sqlalchemy as sa

from nova_sg.db import engine
from nova_sg.tests.fixtures import api
from nova_sg.tests.fixtures import databases

#: What a server calls the connection that asks.
_NUMBER = {
    'postgresql': 'SELECT pg_backend_pid()',
    'mysql': 'SELECT CONNECTION_ID()',
}


class DatabaseTestCase(base.BaseTestCase):
    """An empty database; a scenario may name another kind."""

    database = databases.SqliteDatabase
    #: Options of the process, by group.
    options: dict[str, dict[str, Any]] = {}

    def setUp(self) -> None:
        super().setUp()
        self.url = self.useFixture(self.database()).url
        self.conf = self.useFixture(
            api.Configuration(self.url, **self.options)
        ).conf
        self.useFixture(api.Connections())
        self.db = engine.get(self.conf)

    def another_process(
        self, url: sa.URL | str | None = None
    ) -> engine.Database:
        """Return a connection that shares nothing with ours.

        :param url: of another database; None for ours
        """
        if isinstance(url, sa.URL):
            url = url.render_as_string(hide_password=False)
        theirs = self.useFixture(
            api.Configuration(url or self.url, **self.options)
        ).conf
        other = engine.Database(theirs)
        self.addCleanup(other.release)
        return other

    def number(self, connection: sa.Connection) -> int | None:
        """Return what the server calls a connection."""
        return connection.exec_driver_sql(_NUMBER[self.db.dialect]).scalar()

    def administrator(self) -> sa.Engine:
        """Return an engine with nothing of ours."""
        plain = sa.create_engine(self.url, poolclass=sa.NullPool)
        self.addCleanup(plain.dispose)
        return plain
