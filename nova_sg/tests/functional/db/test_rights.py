# SPDX-License-Identifier: Apache-2.0

"""Users of a database that may make no tables, or not write to one."""

import contextlib
import io
import json
from typing import Any
import uuid

from oslo_upgradecheck import upgradecheck
import sqlalchemy as sa

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg import exits
from nova_sg import servicegroup
from nova_sg.cmd import manage
from nova_sg.cmd import status
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


class _MissingRightsTests(_Narrow):
    """The commands that check a deployment say what to grant."""

    upgraded = True
    #: Nothing was granted on the table of the reasons, and one right less on
    #: this one.
    read_only = models.transitions.name

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(api.Connections())
        self.useFixture(
            api.Environment(
                OS_DATABASE__CONNECTION=self.narrow.render_as_string(
                    hide_password=False
                )
            )
        )
        self.execute(self.revocation('INSERT', self.read_only))

    def execute(self, *statements: str) -> None:
        with self.administrator().begin() as connection:
            for each in statements:
                connection.exec_driver_sql(each)

    def grants_in(self, text: str) -> list[str]:
        """Return the statements that a line asks for."""
        ((_, told),) = [
            each.split('run: ')
            for each in text.splitlines()
            if 'run: ' in each
        ]
        self.assertNotIn('narrow@', text.replace(f'{self.user}@', ''))
        return [each.strip() for each in told.split(';') if each.strip()]

    def run_command(self, main: Any, *words: str) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(words)
        return code, out.getvalue(), err.getvalue()

    def checked(self) -> tuple[int, str]:
        """Return what the upgrade check says of rights."""
        _code, out, _err = self.run_command(
            status.main, 'upgrade', 'check', '--json'
        )
        (found,) = [
            (each['result'], each['details'])
            for each in json.loads(out)['checks']
            if each['check'] == 'Rights'
        ]
        return found

    def test_what_services_can_do_without_is_a_warning(self):
        code, told = self.checked()
        self.assertEqual(upgradecheck.Code.WARNING, code)
        asked = self.grants_in(told)
        self.assertEqual(2, len(asked), asked)
        code, out, err = self.run_command(manage.main, 'driver', 'check')
        self.assertEqual((0, asked), (code, self.grants_in(err)))
        self.assertIn('schema_version', out)
        # They are what it takes.
        self.execute(*(each.replace('%', '%%') for each in asked))
        self.assertEqual(upgradecheck.Code.SUCCESS, self.checked()[0])
        code, _out, err = self.run_command(manage.main, 'driver', 'check')
        self.assertEqual((0, ''), (code, err))

    def test_what_services_need_is_an_error(self):
        self.execute(self.revocation('DELETE, UPDATE', 'services'))
        code, told = self.checked()
        self.assertEqual(upgradecheck.Code.FAILURE, code)
        asked = self.grants_in(told)
        self.assertEqual(3, len(asked), asked)
        code, _out, err = self.run_command(manage.main, 'driver', 'check')
        self.assertEqual(exits.Exit.USAGE, code)
        self.assertEqual(1, len(err.splitlines()))
        self.assertEqual(asked, self.grants_in(err))
        self.execute(*(each.replace('%', '%%') for each in asked))
        self.assertEqual(upgradecheck.Code.SUCCESS, self.checked()[0])


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

    def revocation(self, rights: str, table: str) -> str:
        return f"REVOKE {rights} ON {self.name}.{table} FROM {self.user}@'%%'"

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

    def revocation(self, rights: str, table: str) -> str:
        return f'REVOKE {rights} ON {table} FROM {self.user}'

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


class TestMissingRightsMariadb(
    _MissingRightsTests, _Mariadb, base.DatabaseTestCase
):
    pass


class TestMissingRightsPostgresql(
    _MissingRightsTests, _Postgresql, base.DatabaseTestCase
):
    def test_a_sequence_is_named_too(self):
        sequence = 'services_id_seq'
        self.execute(f'REVOKE USAGE ON SEQUENCE {sequence} FROM {self.user}')
        _code, told = self.checked()
        self.assertIn(
            f'GRANT USAGE ON SEQUENCE {sequence} TO "{self.user}"',
            self.grants_in(told),
        )
