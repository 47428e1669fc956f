# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""A database, and nothing above it."""

from typing import Any

from oslotest import base
import sqlalchemy as sa

from nova_sg.db import engine
from nova_sg.tests.fixtures import api
from nova_sg.tests.fixtures import databases


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

    def another_process(self, url: str | None = None) -> engine.Database:
        """Return a connection that shares nothing with ours.

        :param url: of another database; None for ours
        """
        theirs = self.useFixture(
            api.Configuration(url or self.url, **self.options)
        ).conf
        other = engine.Database(theirs)
        self.addCleanup(other.release)
        return other

    def administrator(self) -> sa.Engine:
        """Return an engine with nothing of ours."""
        plain = sa.create_engine(self.url, poolclass=sa.NullPool)
        self.addCleanup(plain.dispose)
        return plain
