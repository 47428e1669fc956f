# SPDX-License-Identifier: Apache-2.0

"""The schema's revision, and when a process may change it."""

import os
import pathlib
import shutil
import threading

import alembic.command
import fixtures
import sqlalchemy as sa
import testscenarios

from nova_sg import exception
from nova_sg.db import engine
from nova_sg.db import migration
from nova_sg.db import models
from nova_sg.db import schema
from nova_sg.tests.fixtures import children
from nova_sg.tests.fixtures import scenarios
from nova_sg.tests.functional.db import base

load_tests = testscenarios.load_tests_apply_scenarios

_NEXT = """
from alembic import op
import sqlalchemy as sa

revision = '9999'
down_revision = '0005'

def upgrade():
    op.create_table(
        'nova_sg_tomorrow', sa.Column('id', sa.Integer, primary_key=True)
    )
"""


class SchemaTestCase(base.DatabaseTestCase):
    scenarios = scenarios.DATABASES

    def use_newer_code(self):
        """Be the nova_sg that comes after this one."""
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        migrations = directory / 'migrations'
        shutil.copytree(migration.LOCATION, migrations)
        (migrations / 'versions' / '9999_next.py').write_text(_NEXT)
        self.useFixture(
            fixtures.MonkeyPatch(
                'nova_sg.db.migration.LOCATION', str(migrations)
            )
        )
        self.useFixture(
            fixtures.MonkeyPatch(
                'nova_sg.db.schema.REVISIONS', (*schema.REVISIONS, '9999')
            )
        )

    def tables(self):
        return sa.inspect(self.administrator()).get_table_names()


class TestUpgrade(SchemaTestCase):
    def test_it_tells_what_was_and_what_is(self):
        self.assertIsNone(self.db.revision())
        self.assertEqual((None, schema.head()), self.db.upgrade())
        self.assertEqual(schema.head(), self.db.revision())

    def test_a_second_one_finds_nothing_to_do(self):
        self.db.upgrade()
        before = self.tables()
        self.assertEqual((schema.head(), schema.head()), self.db.upgrade())
        self.assertEqual(before, self.tables())

    def test_the_revision_is_kept_in_a_table_of_our_own(self):
        self.db.upgrade()
        self.assertIn('nova_sg_alembic_version', self.tables())
        self.assertNotIn('alembic_version', self.tables())

    def test_several_processes_at_once_do_it_once(self):
        conf = self.conf

        def upgrade():
            return engine.Database(conf).upgrade()

        done = children.at_once([upgrade] * 4)
        self.assertEqual(1, done.count([None, schema.head()]), done)
        self.assertEqual(3, done.count([schema.head(), schema.head()]), done)

    def test_one_that_was_cut_off_is_taken_up_where_it_stopped(self):
        self.db.upgrade()
        complete = set(self.tables())
        for left in range(len(models.metadata.tables)):
            with self.administrator().begin() as connection:
                for table in reversed(models.metadata.sorted_tables[left:]):
                    table.drop(connection)
                connection.exec_driver_sql(
                    f'DELETE FROM {schema.VERSION_TABLE}'
                )
            self.assertEqual((None, schema.head()), self.db.upgrade())
            self.assertEqual(complete, set(self.tables()))

    def test_a_table_that_was_lost_is_named_and_not_made_anew(self):
        self.db.upgrade()
        with self.administrator().begin() as connection:
            models.services.drop(connection)
        self.assertRaises(
            exception.SchemaNotReady,
            self.db.read,
            lambda c: c.execute(models.services.select()),
        )
        error = self.assertRaises(exception.Conflict, self.db.upgrade)
        self.assertIn('has lost services', str(error))
        self.assertNotIn('services', self.tables())

    def test_it_goes_on_from_an_older_one(self):
        self.db.upgrade()
        self.use_newer_code()
        self.assertEqual(('0005', '9999'), self.another_process().upgrade())
        self.assertIn('nova_sg_tomorrow', self.tables())


class TestPatience(SchemaTestCase):
    """One that waits for another is not cut off at the report interval."""

    options = {'servicegroup': {'report_interval': 1, 'service_down_time': 3}}

    def migrate_elsewhere(self, done):
        """Let another process be amid its migration until told.

        :returns: its thread, and what it will have returned
        """
        begun = threading.Event()
        upgrade = alembic.command.upgrade

        def slowly(*arguments):
            begun.set()
            done.wait(20)
            upgrade(*arguments)

        self.useFixture(
            fixtures.MonkeyPatch('alembic.command.upgrade', slowly)
        )
        theirs = self.another_process()
        results = []
        thread = threading.Thread(
            target=lambda: results.append(theirs.upgrade())
        )
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(done.set)
        self.assertTrue(begun.wait(20))
        return thread, results

    def test_it_waits_for_another_that_takes_long(self):
        done = threading.Event()
        thread, results = self.migrate_elsewhere(done)
        # Past every limit of a statement there is with this interval.
        timer = threading.Timer(3, done.set)
        timer.start()
        self.addCleanup(timer.join)
        self.assertEqual((schema.head(), schema.head()), self.db.upgrade())
        thread.join()
        self.assertEqual([(None, schema.head())], results)

    def test_it_gives_up_on_another_that_never_ends(self):
        self.useFixture(
            fixtures.MonkeyPatch('nova_sg.db.migration._LOCK_WAIT', 0.1)
        )
        self.migrate_elsewhere(threading.Event())
        self.assertRaises(exception.ServiceGroupUnavailable, self.db.upgrade)


class TestRefusal(SchemaTestCase):
    def ask(self):
        return self.another_process().read(
            lambda c: c.exec_driver_sql('SELECT 1').scalar()
        )

    def test_the_schema_of_this_code_is_served(self):
        self.db.upgrade()
        self.assertEqual(1, self.ask())

    def test_an_older_schema_is_refused_until_the_sync(self):
        self.db.upgrade()
        self.use_newer_code()
        error = self.assertRaises(exception.SchemaVersionMismatch, self.ask)
        self.assertIn('is at revision 0005', str(error))
        self.assertIn('needs 9999', str(error))
        self.assertIn('run "nova-sg-manage db sync"', str(error))
        self.another_process().upgrade()
        self.assertEqual(1, self.ask())

    def test_a_schema_this_code_does_not_know_is_refused(self):
        self.db.upgrade()
        with self.administrator().begin() as connection:
            connection.exec_driver_sql(
                f"UPDATE {schema.VERSION_TABLE} SET version_num = 'future'"
            )
        error = self.assertRaises(exception.SchemaVersionMismatch, self.ask)
        self.assertIn('is at revision future', str(error))
        self.assertIn('upgrade nova_sg on this host', str(error))

    def test_a_schema_this_code_does_not_know_is_not_upgraded(self):
        self.db.upgrade()
        with self.administrator().begin() as connection:
            connection.exec_driver_sql(
                f"UPDATE {schema.VERSION_TABLE} SET version_num = 'future'"
            )
        error = self.assertRaises(
            exception.SchemaVersionMismatch, self.another_process().upgrade
        )
        self.assertIn('is at revision future', str(error))

    def test_who_was_refused_is_served_after_the_sync(self):
        """Without a restart of the process."""
        self.db.upgrade()
        waiting = self.another_process()
        with self.administrator().begin() as connection:
            connection.exec_driver_sql(f'DROP TABLE {schema.VERSION_TABLE}')
        self.assertRaises(
            exception.SchemaNotReady, waiting.read, lambda c: None
        )
        with self.administrator().begin() as connection:
            for table in self.tables():
                connection.exec_driver_sql(
                    f'DROP TABLE {table}'
                    + ' CASCADE' * (connection.dialect.name != 'sqlite')
                )
        self.another_process().upgrade()
        self.assertTrue(waiting.read(lambda c: True))


class TestEmptyDatabases(SchemaTestCase):
    def test_a_server_waits_for_somebody_to_sync(self):
        if self.db.dialect == 'sqlite':
            self.assertTrue(self.db.read(lambda c: True))
            self.assertEqual(schema.head(), self.db.revision())
        else:
            error = self.assertRaises(
                exception.SchemaNotReady, self.db.read, lambda c: None
            )
            self.assertIn('nova-sg-manage db sync', str(error))
            self.assertEqual([], self.tables())


class TestNewSqliteFile(base.DatabaseTestCase):
    """A file belongs to this host: nobody else would make the tables."""

    def test_the_first_user_makes_the_tables(self):
        self.assertFalse(os.path.exists(self.db.url.database))
        self.assertTrue(self.db.read(lambda c: True))
        self.assertEqual(schema.head(), self.db.revision())

    def test_several_first_users_at_once_make_them_once(self):
        conf = self.conf

        def use():
            return engine.Database(conf).read(
                lambda c: c.exec_driver_sql(
                    'SELECT count(*) FROM services'
                ).scalar()
            )

        self.assertEqual([0] * 4, children.at_once([use] * 4))

    def test_a_file_with_other_tables_is_left_alone(self):
        with self.administrator().begin() as connection:
            connection.exec_driver_sql('CREATE TABLE theirs (id INTEGER)')
        self.assertRaises(
            exception.SchemaNotReady, self.db.read, lambda c: None
        )
        self.assertEqual(
            ['theirs'], sa.inspect(self.administrator()).get_table_names()
        )
