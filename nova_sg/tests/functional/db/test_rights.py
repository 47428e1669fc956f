# SPDX-License-Identifier: Apache-2.0

"""A user of a database who may make no tables."""

import uuid

import sqlalchemy as sa

from nova_sg import exception
from nova_sg.tests.fixtures import databases
from nova_sg.tests.functional.db import base


class _RightsTests:
    def setUp(self) -> None:
        super().setUp()
        # Users are of the whole server.
        self.user = f'narrow{uuid.uuid4().hex[:8]}'
        url = sa.make_url(self.url)
        self.name = url.database
        self.narrow = url.set(username=self.user, password='narrow')
        with self.administrator().begin() as connection:
            for statement in self.statements():
                connection.exec_driver_sql(statement)
        self.addCleanup(self.drop)

    def drop(self) -> None:
        with self.administrator().begin() as connection:
            for statement in self.last_statements():
                connection.exec_driver_sql(statement)

    def test_the_right_that_is_lacking_is_named(self):
        text = self.narrow.render_as_string(hide_password=False)
        error = self.assertRaises(
            exception.CredentialRefused, self.another_process(text).upgrade
        )
        self.assertIn('CREATE, ALTER, INDEX', str(error))
        self.assertNotIn(':narrow@', str(error))
        self.assertEqual(1, len(str(error).splitlines()))


class TestMariadb(_RightsTests, base.DatabaseTestCase):
    database = databases.MariadbDatabase

    def statements(self) -> list[str]:
        rights = 'SELECT, INSERT, UPDATE, DELETE'
        return [
            f"CREATE USER {self.user}@'%%' IDENTIFIED BY 'narrow'",
            f"GRANT {rights} ON {self.name}.* TO {self.user}@'%%'",
        ]

    def last_statements(self) -> list[str]:
        return [f"DROP USER {self.user}@'%%'"]


class TestPostgresql(_RightsTests, base.DatabaseTestCase):
    database = databases.PostgresqlDatabase

    def statements(self) -> list[str]:
        return [
            f"CREATE ROLE {self.user} LOGIN PASSWORD 'narrow'",
            'REVOKE CREATE ON SCHEMA public FROM PUBLIC',
        ]

    def last_statements(self) -> list[str]:
        return [f'DROP ROLE {self.user}']
