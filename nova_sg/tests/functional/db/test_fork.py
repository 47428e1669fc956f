# SPDX-License-Identifier: Apache-2.0

"""What a child process does with its parent's database."""

import os
import threading

import sqlalchemy as sa
import testscenarios

from nova_sg.db import engine
from nova_sg.db import models
from nova_sg.tests.fixtures import children
from nova_sg.tests.fixtures import scenarios
from nova_sg.tests.functional.db import base

load_tests = testscenarios.load_tests_apply_scenarios


def write(database, name):
    statement = models.services.insert().values(uuid=name, report_count=0)
    database.write(lambda c: c.execute(statement))


def written(database):
    statement = sa.select(models.services.c.uuid)
    return set(database.read(lambda c: c.execute(statement).scalars().all()))


class ForkTestCase(base.DatabaseTestCase):
    scenarios = scenarios.SCHEMAS

    def setUp(self) -> None:
        super().setUp()
        write(self.db, 'before')


class TestFork(ForkTestCase):
    def test_parent_and_children_work_on_side_by_side(self):
        def work(name):
            for number in range(20):
                write(self.db, f'{name}-{number}')
            return len(written(self.db))

        kids = [children.Child(lambda name=name: work(name)) for name in 'abc']
        for child in kids:
            child.go()
        work('parent')
        for child in kids:
            child.result()
        self.assertEqual(1 + 4 * 20, len(written(self.db)))

    def test_the_parent_works_on_after_a_child_has_ended(self):
        children.at_once([lambda: write(self.db, 'child')])
        write(self.db, 'after')
        self.assertEqual({'before', 'child', 'after'}, written(self.db))

    def test_a_child_works_on_after_its_parent_has_left(self):
        child = children.Child(lambda: write(self.db, 'child'))
        self.db.release()
        self.db.engine.dispose()
        child.go()
        child.result()
        self.assertEqual({'before', 'child'}, written(self.db))

    def test_a_fork_amid_a_connect_of_another_thread_harms_nobody(self):
        # The child inherits that thread's lock, without the thread.
        with engine._lock:
            child = children.Child(
                lambda: write(engine.get(self.conf), 'child')
            )
        child.go()
        child.result()
        self.assertEqual({'before', 'child'}, written(self.db))

    def test_a_childs_child_works_too(self):
        def work():
            write(self.db, 'child')
            children.at_once([lambda: write(self.db, 'grandchild')])

        children.at_once([work])
        self.assertEqual({'before', 'child', 'grandchild'}, written(self.db))


class TestForkOfServerConnections(ForkTestCase):
    scenarios = scenarios.SERVER_SCHEMAS

    def test_a_child_has_connections_of_its_own(self):
        def ask():
            return self.db.read(self.number)

        mine = ask()
        theirs = children.at_once([ask] * 3)
        self.assertEqual(4, len({mine, *theirs}))
        self.assertEqual(mine, ask())


class TestForkOfASqliteFile(base.DatabaseTestCase):
    """SQLite's locks belong to a process, its notes of them are inherited."""

    def setUp(self) -> None:
        super().setUp()
        write(self.db, 'before')

    def test_a_child_inherits_no_open_file(self):
        path = os.path.realpath(self.db.url.database)

        def inherited():
            return [
                target
                for number in os.listdir('/proc/self/fd')
                if (target := _target(number)).startswith(path)
            ]

        self.assertNotEqual([], inherited())
        self.assertEqual([[]], children.at_once([inherited]))

    def test_a_file_opened_by_another_thread_is_not_inherited_either(self):
        self.db.release()
        thread = threading.Thread(target=write, args=(self.db, 'thread'))
        thread.start()
        thread.join()
        self.test_a_child_inherits_no_open_file()

    def test_three_processes_write_though_the_first_has_left(self):
        """This destroyed the file while children inherited it."""
        conf = self.conf

        def write_many(database, name):
            for number in range(100):
                write(database, f'{name}-{number}')

        child = children.Child(lambda: write_many(self.db, 'child'))
        self.db.release()
        stranger = children.Child(
            lambda: write_many(engine.Database(conf), 'stranger')
        )
        child.go()
        stranger.go()
        child.result()
        stranger.result()
        self.assertEqual(201, len(written(self.db)))
        with self.administrator().connect() as connection:
            self.assertEqual(
                'ok',
                connection.exec_driver_sql('PRAGMA integrity_check').scalar(),
            )


def _target(number):
    try:
        return os.readlink(f'/proc/self/fd/{number}')
    except OSError:
        return ''
