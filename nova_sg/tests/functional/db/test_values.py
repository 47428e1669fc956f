# SPDX-License-Identifier: Apache-2.0

"""Values that a database refuses are bad input, and no outage."""

import sqlalchemy as sa
import testscenarios

from nova_sg import exception
from nova_sg.db import models
from nova_sg.tests.fixtures import scenarios
from nova_sg.tests.functional.db import base

load_tests = testscenarios.load_tests_apply_scenarios


class ValuesTestCase(base.DatabaseTestCase):
    scenarios = scenarios.SERVER_SCHEMAS

    def assert_refused(self, **values):
        error = self.assertRaises(
            exception.InvalidInput,
            self.db.write,
            lambda c: c.execute(
                models.services.insert().values(report_count=0, **values)
            ),
        )
        self.assertIn('the database refuses a value', str(error))
        self.assertNotIn('\n', str(error))
        self.assertEqual(
            0,
            self.db.read(
                lambda c: c.scalar(
                    sa.select(sa.func.count()).select_from(models.services)
                )
            ),
        )


class TestValues(ValuesTestCase):
    def test_a_text_that_is_too_long_is_bad_input(self):
        self.assert_refused(host='h' * 256)

    def test_a_number_that_is_too_large_is_bad_input(self):
        self.assert_refused(version=2**31)
        self.assert_refused(version=2**70)

    def test_a_text_that_is_no_utf8_is_bad_input(self):
        self.assert_refused(host='c\udc80')


class TestValuesOnPostgresql(ValuesTestCase):
    """It has no NUL in a text."""

    scenarios = [scenarios.POSTGRESQL_SCHEMA]

    def test_a_nul_is_bad_input(self):
        self.assert_refused(host='c\0')
        error = self.assertRaises(
            exception.InvalidInput,
            self.db.read,
            lambda c: c.execute(
                models.services.select().where(models.services.c.host == 'c\0')
            ).all(),
        )
        self.assertIn('NUL', str(error))
