# SPDX-License-Identifier: Apache-2.0

"""A SQLite file, which the processes of one host share."""

from concurrent import futures
import os
import stat

import fixtures
from oslotest import base as oslotest_base
import sqlalchemy as sa

from nova_sg import exception
from nova_sg.db import engine
from nova_sg.db import models
from nova_sg.db import schema
from nova_sg.tests.fixtures import api
from nova_sg.tests.fixtures import children
from nova_sg.tests.functional.db import base

SERVICES = models.services.c


def count(database):
    return database.read(
        lambda c: c.scalar(
            sa.select(sa.func.count()).select_from(models.services)
        )
    )


def write_some(database, name, number=30):
    """Write rows, each in a transaction of its own."""
    for index in range(number):
        statement = models.services.insert().values(
            uuid=f'{name}-{index}', report_count=0
        )
        database.write(lambda c, s=statement: c.execute(s))
    return number


class TestTheFile(base.DatabaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.db.read(lambda c: None)

    def log(self):
        return os.stat(f'{self.db.url.database}-wal')

    def test_it_has_a_write_ahead_log(self):
        def ask(connection):
            return [
                connection.exec_driver_sql(f'PRAGMA {name}').scalar()
                for name in ('journal_mode', 'synchronous')
            ]

        # NORMAL is 1.
        self.assertEqual(['wal', 1], self.db.read(ask))

    def test_a_write_goes_to_the_log_and_leaves_it_there(self):
        # Written back at each close, it would cost a sync each time.
        write_some(self.db, 'first', 1)
        first = self.log()
        write_some(self.db, 'second', 1)
        second = self.log()
        self.assertEqual(first.st_ino, second.st_ino)
        self.assertGreater(second.st_size, first.st_size)

    def test_the_log_is_written_back_by_the_last_process_to_go(self):
        write_some(self.db, 'first', 1)
        self.db.release()
        self.assertFalse(os.path.exists(f'{self.db.url.database}-wal'))
        self.assertEqual(1, count(self.db))

    def test_a_statement_opens_no_connection(self):
        # Each would read the whole schema again.
        opened = []
        sa.event.listen(
            self.db.engine, 'connect', lambda *args: opened.append(args)
        )
        write_some(self.db, 'first', 3)
        self.assertEqual(3, count(self.db))
        # One beside that which keeps the log.
        self.assertLessEqual(len(opened), 1)

    def test_a_file_that_took_the_place_of_another_is_the_one_used(self):
        write_some(self.db, 'first', 1)
        path = self.db.url.database
        other = self.another_process(f'sqlite:///{path}.new')
        write_some(other, 'second', 2)
        other.release()
        for suffix in ('-wal', '-shm'):
            os.unlink(f'{path}{suffix}')
        os.rename(f'{path}.new', path)
        self.assertEqual(2, count(self.db))

    def test_a_reader_does_not_wait_for_a_writer(self):
        theirs = self.administrator()
        with theirs.connect() as connection:
            connection.exec_driver_sql('BEGIN IMMEDIATE')
            self.assertEqual(0, count(self.db))

    def test_what_is_not_committed_is_not_seen(self):
        def work(connection):
            connection.execute(models.services.insert().values(report_count=0))
            seen = count(self.another_process())
            raise ValueError(seen)

        error = self.assertRaises(ValueError, self.db.write, work)
        self.assertEqual((0,), error.args)
        self.assertEqual(0, count(self.db))


class TestManyWriters(base.DatabaseTestCase):
    def test_no_write_of_many_processes_is_lost_or_refused(self):
        self.db.upgrade()
        conf = self.conf

        def writer(name):
            return lambda: write_some(engine.Database(conf), name)

        written = children.at_once([writer(f'p{n}') for n in range(4)])
        self.assertEqual(120, sum(written))
        self.assertEqual(120, count(self.db))

    def test_no_write_of_many_threads_is_lost_or_refused(self):
        with futures.ThreadPoolExecutor(4) as pool:
            written = pool.map(
                lambda n: write_some(self.db, f't{n}'), range(4)
            )
        self.assertEqual(120, sum(written))
        self.assertEqual(120, count(self.db))


class TestALockedFile(base.DatabaseTestCase):
    options = {'servicegroup': {'report_interval': 1, 'service_down_time': 3}}

    def test_it_is_unavailable_and_not_waited_for_without_end(self):
        self.db.upgrade()
        with self.administrator().connect() as connection:
            connection.exec_driver_sql('BEGIN IMMEDIATE')
            error = self.assertRaises(
                exception.ServiceGroupUnavailable, write_some, self.db, 'x', 1
            )
            self.assertIn('database is locked', str(error))
        self.assertEqual(1, write_some(self.db, 'x', 1))


class TestDefaultFile(oslotest_base.BaseTestCase):
    """With nothing configured, in the state directory."""

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(api.Connections())
        home = self.useFixture(fixtures.TempDir()).path
        self.state_path = os.path.join(home, 'state', 'nova-sg')

    def database(self, **groups):
        conf = self.useFixture(
            api.Configuration(
                DEFAULT={'state_path': self.state_path}, **groups
            )
        ).conf
        return engine.get(conf)

    def test_directory_and_file_are_made_at_first_use(self):
        self.database()
        self.assertFalse(os.path.exists(self.state_path))
        self.assertEqual(0, count(self.database()))
        self.assertIn('nova-sg.sqlite', os.listdir(self.state_path))

    def test_the_directory_is_the_users_alone(self):
        mask = os.umask(0)
        self.addCleanup(os.umask, mask)
        count(self.database())
        mode = stat.S_IMODE(os.stat(self.state_path).st_mode)
        self.assertEqual(0o700, mode)

    def test_a_sync_makes_them_too(self):
        self.assertEqual((None, schema.head()), self.database().upgrade())

    def test_a_directory_that_is_there_keeps_its_mode(self):
        os.makedirs(self.state_path)
        os.chmod(self.state_path, 0o750)
        count(self.database())
        mode = stat.S_IMODE(os.stat(self.state_path).st_mode)
        self.assertEqual(0o750, mode)

    def test_a_directory_that_cannot_be_made_is_one_clear_error(self):
        os.makedirs(os.path.dirname(self.state_path))
        with open(self.state_path, 'w'):
            pass
        error = self.assertRaises(
            exception.InvalidConfiguration, count, self.database()
        )
        self.assertEqual(
            f'[DEFAULT] state_path: cannot make {self.state_path}: '
            'File exists',
            str(error),
        )

    def test_no_directory_is_made_for_a_file_elsewhere(self):
        elsewhere = os.path.join(os.path.dirname(self.state_path), 'x.sqlite')
        database = self.database(
            database={'connection': f'sqlite:///{elsewhere}'}
        )
        error = self.assertRaises(
            exception.ServiceGroupUnavailable, count, database
        )
        self.assertIn('unable to open database file', str(error))
        self.assertFalse(os.path.exists(self.state_path))
