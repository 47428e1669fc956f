# SPDX-License-Identifier: Apache-2.0

"""PostgreSQL behind a PgBouncer."""

import sqlalchemy as sa
import testscenarios

from nova_sg import exception
from nova_sg.db import patience
from nova_sg.tests.fixtures import databases
from nova_sg.tests.fixtures.servers import pgbouncer
from nova_sg.tests.functional.db import base

load_tests = testscenarios.load_tests_apply_scenarios


class TestPgbouncer(base.DatabaseTestCase):
    scenarios = [(mode, {'mode': mode}) for mode in ('session', 'transaction')]
    database = databases.PostgresqlDatabase
    options = {'servicegroup': {'report_interval': 2, 'service_down_time': 5}}

    def setUp(self) -> None:
        super().setUp()
        bouncer = self.useFixture(
            pgbouncer.PgbouncerServer(databases.POSTGRESQL.get(), self.mode)
        )
        url = sa.make_url(self.url).set(port=bouncer.port)
        self.url = url.render_as_string(hide_password=False)
        self.db = self.another_process(self.url)
        self.addCleanup(lambda: self.db.engine.dispose())

    def test_the_schema_is_made_and_a_statement_has_its_limit(self):
        self.db.upgrade()
        error = self.assertRaises(
            exception.ServiceGroupUnavailable,
            self.db.read,
            lambda c: c.exec_driver_sql('SELECT pg_sleep(30)'),
        )
        self.assertIn('canceling statement due to statement', str(error))

    def test_the_limit_ends_with_the_transaction(self):
        self.db.upgrade()
        query = sa.text("SELECT current_setting('statement_timeout')")
        self.assertEqual('2s', self.db.read(lambda c: c.scalar(query)))
        self.db.engine.dispose()
        # There is one connection behind it for all clients.
        with self.administrator().connect() as connection:
            self.assertEqual('0', connection.scalar(query))

    def test_the_limit_costs_no_round_trip(self):
        self.db.upgrade()
        self.db.read(lambda c: c.exec_driver_sql('SELECT 1').scalar())
        trips = []
        waiting = patience._wait

        def count(connection):
            trips.append(connection)
            waiting(connection)

        from psycopg2 import extensions

        extensions.set_wait_callback(count)
        self.addCleanup(extensions.set_wait_callback, waiting)
        self.db.read(lambda c: c.exec_driver_sql('SELECT 1').scalar())
        self.assertEqual(1, len(trips))
