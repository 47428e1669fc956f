# SPDX-License-Identifier: Apache-2.0

"""Users of a database that may make no tables, or not write to one."""

import uuid

import sqlalchemy as sa

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg import servicegroup
from nova_sg.db import models
from nova_sg.servicegroup import reasons
from nova_sg.tests.fixtures import api
from nova_sg.tests.fixtures import databases
from nova_sg.tests.functional.db import base


class _Narrow:
    """A user with the rights of :meth:`statements`.

    :cvar upgraded: the tables are there before
    """

    upgraded = False

    def setUp(self) -> None:
        super().setUp()
        if self.upgraded:
            self.db.upgrade()
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

    def tables(self) -> list[str]:
        """Return the tables that the user may read and write."""
        there = sa.inspect(self.administrator()).get_table_names()
        return sorted({*there} - {models.departures.name})


class _RightsTests(_Narrow):
    def test_the_right_that_is_lacking_is_named(self):
        error = self.assertRaises(
            exception.CredentialRefused,
            self.another_process(self.narrow).upgrade,
        )
        self.assertIn('CREATE, ALTER, INDEX', str(error))
        self.assertNotIn(':narrow@', str(error))
        self.assertEqual(1, len(str(error).splitlines()))


class _NoTracesTests(_Narrow):
    """The table of reasons was made by an upgrade, and not granted."""

    upgraded = True

    def setUp(self) -> None:
        super().setUp()
        text = self.narrow.render_as_string(hide_password=False)
        conf = self.useFixture(api.Configuration(text)).conf
        self.useFixture(api.Connections())
        self.context = sg_context.get_admin_context()
        self.api = servicegroup.API(conf)
        self.membership = self.api.driver.membership
        self.made = self.api.driver.records.create(
            self.context,
            {'host': 'c1', 'binary': 'nova-compute', 'topic': 'compute'},
        )

    def is_up(self) -> bool:
        found = self.membership.alive(self.context, [self.made.uuid])
        return found[self.made.uuid].up

    def test_a_service_comes_and_goes_all_the_same(self):
        handle = self.membership.join(self.context, self.made)
        self.assertTrue(self.is_up())
        self.membership.beat_many(self.context, [handle])
        self.membership.leave_many(self.context, [handle])
        self.assertFalse(self.is_up())
        why = self.api.departures(self.context, [self.made])
        self.assertEqual(reasons.UNKNOWN, why[self.made.uuid].reason)

    def test_a_crash_is_told_all_the_same(self):
        invocation = uuid.uuid4().hex
        self.membership.admit(self.context, [self.made.uuid], invocation)
        found = self.membership.leave_invocation(
            self.context, self.made.uuid, invocation
        )
        self.assertIsNone(found.kept)
        self.assertFalse(self.is_up())

    def test_a_service_is_destroyed_all_the_same(self):
        self.membership.forget(self.context, self.made.uuid)


class _Mariadb:
    database = databases.MariadbDatabase

    def statements(self) -> list[str]:
        rights = 'SELECT, INSERT, UPDATE, DELETE'
        return [
            f"CREATE USER {self.user}@'%%' IDENTIFIED BY 'narrow'",
            *(
                f"GRANT {rights} ON {self.name}.{each} TO {self.user}@'%%'"
                for each in self.tables() or ['*']
            ),
        ]

    def last_statements(self) -> list[str]:
        return [f"DROP USER {self.user}@'%%'"]


class _Postgresql:
    database = databases.PostgresqlDatabase

    def statements(self) -> list[str]:
        rights = 'SELECT, INSERT, UPDATE, DELETE'
        return [
            f"CREATE ROLE {self.user} LOGIN PASSWORD 'narrow'",
            'REVOKE CREATE ON SCHEMA public FROM PUBLIC',
            *(
                f'GRANT {rights} ON {each} TO {self.user}'
                for each in self.tables()
            ),
            f'GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {self.user}',
        ]

    def last_statements(self) -> list[str]:
        return [f'DROP OWNED BY {self.user}', f'DROP ROLE {self.user}']


class TestMariadb(_RightsTests, _Mariadb, base.DatabaseTestCase):
    pass


class TestPostgresql(_RightsTests, _Postgresql, base.DatabaseTestCase):
    pass


class TestNoTracesMariadb(_NoTracesTests, _Mariadb, base.DatabaseTestCase):
    pass


class TestNoTracesPostgresql(
    _NoTracesTests, _Postgresql, base.DatabaseTestCase
):
    pass
