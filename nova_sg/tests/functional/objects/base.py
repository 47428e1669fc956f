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
