# SPDX-License-Identifier: Apache-2.0


"""``nova-sg-status upgrade check``."""

import sqlite3

from nova_sg.db import schema
from nova_sg.servicegroup import marker
from nova_sg.tests.functional.cmd import base

SUCCESS, WARNING, FAILURE = 0, 1, 2


class TestUpgradeCheck(base.CommandTestCase):
    def check(self, code: int) -> dict[str, tuple[int, str]]:
        """Return result and details of each check, by its name."""
        result = self.status('upgrade', 'check', '--json')
        self.assertEqual((code, ''), (result.code, result.err), result)
        return {
            each['check']: (each['result'], each['details'])
            for each in result.json['checks']
        }

    def execute(self, statement: str) -> None:
        connection = sqlite3.connect(self.url.removeprefix('sqlite:///'))
        with connection:
            connection.execute(statement)
        connection.close()

    def test_a_deployment_in_order(self):
        self.service()
        marked = 'driver = db, records = sql (format 1)'
        self.assertEqual(
            {
                'Configuration': (SUCCESS, marked),
                'Backend': (SUCCESS, self.url),
                'Rights': (SUCCESS, 'The user of the database lacks none.'),
                'Schema': (SUCCESS, f'Revision {schema.head()}.'),
                'Deployment': (SUCCESS, marked),
            },
            self.check(SUCCESS),
        )

    def test_for_a_reader_it_is_the_table_of_every_nova_status(self):
        result = self.status('upgrade', 'check')
        self.assertEqual((0, ''), (result.code, result.err), result)
        self.assertIn('| Upgrade Check Results ', result.out)
        self.assertEqual(5, result.out.count('| Result: Success '))
        # The table is broken into lines wherever its path makes it.
        self.assertIn(
            'is not marked yet', ' '.join(result.out.replace('|', ' ').split())
        )

    def test_an_invalid_configuration(self):
        self.option('SERVICEGROUP__SERVICE_DOWN_TIME', 'soon')
        checks = self.check(FAILURE)
        code, says = checks.pop('Configuration')
        self.assertEqual(FAILURE, code)
        self.assertIn('[servicegroup] service_down_time', says)
        self.assertEqual(
            [(WARNING, 'Not checked: the configuration is not valid.')] * 4,
            list(checks.values()),
        )

    def test_a_configuration_file_that_is_not_there(self):
        result = self.status('--config-file', 'nonesuch', 'upgrade', 'check')
        self.assertEqual((FAILURE, ''), (result.code, result.err), result)
        self.assertIn('nonesuch', result.out)

    def test_a_backend_that_cannot_be_reached(self):
        self.option('DATABASE__CONNECTION', 'sqlite:////nonesuch/x.sqlite')
        self.option('SERVICEGROUP__REPORT_INTERVAL', '1')
        checks = self.check(FAILURE)
        self.assertEqual(SUCCESS, checks['Configuration'][0])
        for name in ('Backend', 'Rights', 'Schema'):
            code, says = checks[name]
            self.assertEqual(FAILURE, code)
            self.assertIn('sqlite:////nonesuch/x.sqlite is unavailable', says)
        self.assertEqual(WARNING, checks['Deployment'][0])

    def test_a_schema_of_another_version(self):
        self.execute(f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'")
        self.forget_connections()
        checks = self.check(FAILURE)
        self.assertEqual((SUCCESS, self.url), checks['Backend'])
        code, says = checks['Schema']
        self.assertEqual(FAILURE, code)
        self.assertIn('at revision 9999', says)

    def test_a_database_without_a_schema(self):
        self.execute(f'DELETE FROM {schema.VERSION_TABLE}')
        self.forget_connections()
        checks = self.check(FAILURE)
        code, says = checks['Schema']
        self.assertEqual(FAILURE, code)
        self.assertIn('nova-sg-manage db sync', says)

    def test_a_services_table_that_lost_a_column(self):
        self.execute('ALTER TABLE services DROP COLUMN forced_down')
        code, says = self.check(FAILURE)['Schema']
        self.assertEqual(FAILURE, code)
        self.assertIn('lacks forced_down', says)

    def test_a_backend_of_another_deployment(self):
        self.api.driver.records.marker_store.claim(
            marker.Marker('zk', 'zookeeper')
        )
        code, says = self.check(FAILURE)['Deployment']
        self.assertEqual(FAILURE, code)
        self.assertIn('driver = zk, records = zookeeper', says)
        self.assertIn('driver = db, records = sql', says)

    def test_what_nobody_expected_is_255_in_one_line(self):
        # Where the output cannot be written.
        with open('/dev/full', 'w') as full:
            result = self.run_process(
                'upgrade', 'check', program='status', stdout=full
            )
        self.assert_error(255, 'No space left on device', result)
