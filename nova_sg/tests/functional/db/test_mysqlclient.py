# SPDX-License-Identifier: Apache-2.0

"""MariaDB by mysqlclient.

``tools/run_tests.sh`` compiles and installs it. The environments with the
versions of a release do not have it: no release pins it.
"""

import importlib.util
import unittest

import sqlalchemy as sa
import testscenarios

from nova_sg.tests.fixtures import schemas
from nova_sg.tests.functional.db import test_autocommit
from nova_sg.tests.functional.db import test_faults
from nova_sg.tests.functional.db import test_values
from nova_sg.tests.functional.objects import test_roll_call

load_tests = testscenarios.load_tests_apply_scenarios

#: What libmariadb says, as PyMySQL says it in other words.
WORDS = {
    'refused': "Can't connect to server",
    'too slow': 'Lost connection to server during query',
}


class MysqlclientSchema(schemas.MariadbSchema):
    def _setUp(self) -> None:
        super()._setUp()
        url = sa.make_url(self.url).set(drivername='mysql+mysqldb')
        self.url = url.render_as_string(hide_password=False)


@unittest.skipUnless(
    importlib.util.find_spec('MySQLdb'), 'mysqlclient is not installed'
)
class _Mysqlclient:
    scenarios = [('mysqlclient', {'database': MysqlclientSchema})]

    def setUp(self) -> None:
        super().setUp()
        if hasattr(self, 'words'):
            self.words = {**self.words, **WORDS}


class TestRoundTrips(_Mysqlclient, test_autocommit.TestRoundTrips):
    pass


class TestTransactions(_Mysqlclient, test_autocommit.TestTransactions):
    pass


class TestKilled(_Mysqlclient, test_autocommit.TestKilled):
    pass


class TestDropped(_Mysqlclient, test_autocommit.TestDropped):
    pass


class TestReadOnly(_Mysqlclient, test_autocommit.TestReadOnly):
    pass


class TestUnreachable(_Mysqlclient, test_faults.TestUnreachable):
    pass


class TestValues(_Mysqlclient, test_values.TestValues):
    pass


class TestRollCall(_Mysqlclient, test_roll_call.TestRollCall):
    pass
