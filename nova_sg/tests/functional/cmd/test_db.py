# SPDX-License-Identifier: Apache-2.0


"""``nova-sg-manage db``."""

import os
import sqlite3

import fixtures

from nova_sg.db import schema
from nova_sg.tests.functional.cmd import base


class TestSync(base.CommandTestCase):
    with_api = False

    def setUp(self) -> None:
        super().setUp()
        self.path = self.url.removeprefix('sqlite:///')

    def execute(self, statement: str) -> None:
        connection = sqlite3.connect(self.path)
        with connection:
            connection.execute(statement)
        connection.close()

    def version(self) -> dict[str, str | None]:
        return self.done('db', 'version', '-f', 'json').json

    def test_the_schema_is_made_once(self):
        self.assertEqual(
            {'database': self.url, 'version': None, 'needed': schema.head()},
            self.version(),
        )
        first = self.done('db', 'sync').out
        self.assertEqual(
            f'The database {self.url} has a schema now, at revision '
            f'{schema.head()}.\n',
            first,
        )
        self.assertEqual(schema.head(), self.version()['version'])
        self.assertIn('already', self.done('db', 'sync').out)

    def test_the_default_database_lies_in_the_state_directory(self):
        self.configure('[DEFAULT]\n')
        for name in ('OS_DATABASE__CONNECTION',):
            os.environ.pop(name)
        path = os.path.join(self.directory, 'nova-sg', 'nova-sg.sqlite')
        result = self.run_process('db', 'sync')
        self.assertEqual((0, ''), (result.code, result.err), result)
        self.assertIn(path, result.out)
        self.assertTrue(os.path.exists(path))

    def test_a_schema_newer_than_this_code_is_a_conflict(self):
        self.done('db', 'sync')
        self.execute(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'")
        self.forget_connections()
        self.assertEqual('9999', self.version()['version'])
        for words in (
            ('db', 'sync'),
            ('service', 'list'),
            ('driver', 'check'),
        ):
            self.assert_error(
                4,
                r'at revision 9999, this nova_sg needs \d+: this revision is '
                'unknown here, upgrade nova_sg on this host',
                self.manage(*words),
            )

    def test_a_database_with_foreign_tables_only_has_to_be_synced(self):
        self.execute('CREATE TABLE mine (id INTEGER)')
        self.assert_error(
            5, 'run "nova-sg-manage db sync"', self.manage('service', 'list')
        )
        self.done('db', 'sync')
        self.done('service', 'list')

    def test_a_services_table_without_our_columns_is_not_adopted(self):
        self.execute(
            'CREATE TABLE services (id INTEGER PRIMARY KEY, host TEXT, '
            'binary TEXT, topic TEXT, report_count INTEGER, '
            'disabled BOOLEAN, deleted INTEGER)'
        )
        self.assert_error(
            4,
            'lacks .*forced_down, .*uuid, version: upgrade the schema of nova',
            self.manage('db', 'sync'),
        )
        self.assertIsNone(self.version()['version'])

    def test_without_anything_in_a_database_there_is_nothing_to_do(self):
        self.useFixture(
            fixtures.EnvironmentVariable('OS_SERVICEGROUP__DRIVER', 'zk')
        )
        for verb in ('sync', 'version'):
            self.assert_error(
                2,
                'records = zookeeper .* nothing is kept in a database: to '
                'prepare .*, set OS_SERVICEGROUP__DRIVER=db for this command',
                self.manage('db', verb),
            )
        self.assertFalse(os.path.exists(self.path))

    def test_a_database_is_prepared_for_a_move_from_elsewhere(self):
        self.configure('[servicegroup]\ndriver = mc\nrecords = memcached\n')
        self.assert_error(2, 'OS_SERVICEGROUP__', self.manage('db', 'sync'))
        self.useFixture(
            fixtures.EnvironmentVariable('OS_SERVICEGROUP__DRIVER', 'db')
        )
        self.done('db', 'sync')
        self.assertIsNotNone(self.version()['version'])
