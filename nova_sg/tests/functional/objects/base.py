# SPDX-License-Identifier: Apache-2.0

"""Service objects over a real database."""

import types
from typing import Any

import fixtures
from oslotest import base

from nova_sg.servicegroup import knowledge
from nova_sg.servicegroup.backends.sql import listing
from nova_sg.tests.fixtures import api
from nova_sg.tests.fixtures import schemas
from nova_sg.tests.fixtures import services


class ObjectsTestCase(services.MakesServices, base.BaseTestCase):
    """A process with an API; a scenario may name another database."""

    database = schemas.SqliteSchema
    #: Options of the process, by group.
    options: dict[str, dict[str, Any]] = {}

    def setUp(self) -> None:
        super().setUp()
        url = self.useFixture(self.database()).url
        self.process = self.useFixture(api.Api(url, **self.options))
        self.api = self.process.api
        self.context = self.process.context

    def list_long_ago(self) -> Any:
        """List services, and so long ago that no verdict of it is fresh.

        What is asked for from now on stays fresh, however slow the test is.
        """
        long_ago = types.SimpleNamespace(monotonic=lambda: -1e9)
        with fixtures.MonkeyPatch(f'{listing.__name__}.time', long_ago):
            listed = self.api.list(self.context)
        self.useFixture(
            fixtures.MonkeyPatch(f'{knowledge.__name__}.FRESH', 3600)
        )
        return listed
