# SPDX-License-Identifier: Apache-2.0

"""Service objects over a real database."""

from typing import Any

from oslotest import base

from nova_sg.tests.fixtures import api
from nova_sg.tests.fixtures import databases
from nova_sg.tests.fixtures import services


class ObjectsTestCase(services.MakesServices, base.BaseTestCase):
    """A process with an API; a scenario may name another database."""

    database = databases.SqliteDatabase
    #: Options of the process, by group.
    options: dict[str, dict[str, Any]] = {}

    def setUp(self) -> None:
        super().setUp()
        url = self.useFixture(self.database()).url
        self.process = self.useFixture(api.Api(url, **self.options))
        self.api = self.process.api
        self.context = self.process.context
