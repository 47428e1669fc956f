# SPDX-License-Identifier: Apache-2.0


"""The commands on PostgreSQL and MariaDB, and what can be wrong there."""

import pathlib
import time

import sqlalchemy as sa
import testscenarios

from nova_sg.db import schema
from nova_sg.tests.fixtures import api
from nova_sg.tests.fixtures import databases
from nova_sg.tests.fixtures import scenarios
from nova_sg.tests.fixtures.servers import ports
from nova_sg.tests.functional.cmd import base

load_tests = testscenarios.load_tests_apply_scenarios

LIST = ('service', 'list', '-f', 'json')
SECRET = 's3cret'


class TestCommands(base.CommandTestCase):
    scenarios = scenarios.SERVERS
    with_api = False

    def test_from_an_empty_database_to_a_deleted_service(self):
        self.assert_error(
            5, 'run "nova-sg-manage db sync"', self.run_process(*LIST)
        )
        self.assertIsNone(self.version())
        self.assertIn('has a schema now', self.done('db', 'sync').out)
        self.assertEqual(schema.head(), self.version())
        self.assertIn('already', self.done('db', 'sync').out)
        self.assertEqual([], self.done(*LIST).json)

        self.context = self.useFixture(api.Api(self.url)).context
        self.useFixture(api.Environment(OS_DATABASE__CONNECTION=self.url))
        reason = 'Lüfter defekt 🛠'
        service = self.service('höst')
        self.service('ctl', 'nova-scheduler', 'scheduler')
        name = ('höst', 'nova-compute')
        self.done('service', 'disable', '--reason', reason, *name)
        self.done('service', 'force-down', *name)
        self.done('host', 'set-zone', 'höst', 'zone d’été')
        listed = self.run_process(*LIST, '--long').json
        self.assertEqual(
            [
                ('höst', 'zone d’été', 'disabled', 'down', reason, True),
                ('ctl', 'internal', 'enabled', 'up', None, False),
            ],
            [
                tuple(
                    each[column]
                    for column in (
                        *('Host', 'Zone', 'Status', 'State'),
                        *('Disabled Reason', 'Forced Down'),
                    )
                )
                for each in listed
            ],
        )
        self.done('service', 'disable', '--reason', '🛠' * 255, *name)
        self.done('service', 'enable', *name)
        self.done('service', 'force-down', '--unset', *name)
        self.assertIn(
            '(total)', self.done('service', 'describe-resource', 'höst').out
        )
        checked = self.done('driver', 'check', '-f', 'json').json
        self.assertEqual(
            (2, 2, 0),
            tuple(checked[field] for field in ('services', 'up', 'down')),
        )
        self.assertEqual(0, self.status('upgrade', 'check').code)
        self.done('service', 'delete', service.uuid)
        self.assert_error(
            3, service.uuid, self.manage('service', 'delete', service.uuid)
        )

    def version(self) -> str | None:
        return self.done('db', 'version', '-f', 'json').json['version']


class TestFaults(base.CommandTestCase):
    scenarios = scenarios.SERVERS
    with_api = False

    def setUp(self) -> None:
        super().setUp()
        # The bound of retries.
        self.option('SERVICEGROUP__REPORT_INTERVAL', '1')

    def assert_fails(self, code: int, url: sa.URL, says: str) -> None:
        self.option(
            'DATABASE__CONNECTION',
            url.render_as_string(hide_password=False),
        )
        for words in (LIST, ('db', 'sync'), ('db', 'version')):
            result = self.manage(*words)
            self.assert_error(code, says, result)
            self.assertNotIn(SECRET, result.err)

    def test_a_server_that_is_not_there(self):
        port = self.useFixture(ports.Port()).number
        url = sa.make_url(self.url).set(port=port, password=SECRET)
        self.assert_fails(
            5, url, rf':\*\*\*@127.0.0.1:{port}/.* is unavailable: .*refused'
        )

    def test_a_database_that_is_not_there(self):
        url = sa.make_url(self.url).set(database='nonesuch')
        self.assert_fails(2, url, r'\[database\] connection: .*nonesuch')

    def test_a_wrong_password(self):
        user = self.make_user_with_password()
        url = sa.make_url(self.url).set(username=user, password=SECRET)
        self.assert_fails(
            2,
            url,
            r'\[database\] connection: .*(failed for|Access denied for) '
            f'.*{user}',
        )

    def make_user_with_password(self) -> str:
        """Make a user who needs a password, where the others need none."""
        if self.database is databases.MariadbDatabase:
            self.execute("CREATE USER guarded IDENTIFIED BY 'right'")
            self.addCleanup(self.execute, 'DROP USER guarded')
            return 'guarded'
        rules = pathlib.Path(
            databases.POSTGRESQL.get().directory, 'data', 'pg_hba.conf'
        )
        before = rules.read_text()
        guard = 'host all guarded 127.0.0.1/32 scram-sha-256\n'
        self.execute("CREATE USER guarded PASSWORD 'right'")
        self.addCleanup(self.execute, 'DROP USER guarded')
        self.addCleanup(self.execute, 'SELECT pg_reload_conf()')
        self.addCleanup(rules.write_text, before)
        rules.write_text(guard + before)
        self.execute('SELECT pg_reload_conf()')
        self.wait_until_guarded()
        return 'guarded'

    def execute(self, statement: str) -> None:
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)

    def wait_until_guarded(self) -> None:
        """Wait until the server has read its rules."""
        engine = sa.create_engine(
            sa.make_url(self.url).set(username='guarded'),
            poolclass=sa.NullPool,
        )
        deadline = time.monotonic() + base.PATIENCE
        while True:
            self.assertLess(time.monotonic(), deadline)
            try:
                engine.connect().close()
            except sa.exc.OperationalError:
                return
            time.sleep(0.05)
