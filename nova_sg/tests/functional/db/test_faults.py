# SPDX-License-Identifier: Apache-2.0

"""What of a database's faults a caller sees, and what not."""

from concurrent import futures
import threading

import sqlalchemy as sa
import testscenarios

from nova_sg import exception
from nova_sg.db import models
from nova_sg.tests.fixtures import proxy
from nova_sg.tests.fixtures import scenarios
from nova_sg.tests.functional.db import base

load_tests = testscenarios.load_tests_apply_scenarios

PASSWORD = 'hush-hush'

SERVICES = models.services.c

WORDS = {
    'postgresql': {
        'kill': 'SELECT pg_terminate_backend({})',
        'sleep': 'SELECT pg_sleep(30)',
        'refused': 'Connection refused',
        'no database': 'does not exist',
        'too slow': 'canceling statement due to statement timeout',
    },
    'mysql': {
        'kill': 'KILL CONNECTION {}',
        'sleep': 'SELECT SLEEP(30)',
        'refused': "Can't connect to MySQL server",
        'no database': 'Unknown database',
        'too slow': 'Lost connection to MySQL server during query (timed out)',
    },
}


#: Of a process that has time to try again on a laden machine.
PATIENT = {'servicegroup': {'report_interval': 20, 'service_down_time': 60}}


class FaultsTestCase(base.DatabaseTestCase):
    scenarios = scenarios.SERVER_SCHEMAS
    options = {'servicegroup': {'report_interval': 2, 'service_down_time': 5}}

    def setUp(self) -> None:
        super().setUp()
        self.words = WORDS[self.db.dialect]

    def kill(self, number):
        """Let the server end a connection."""
        with self.administrator().connect() as connection:
            connection.exec_driver_sql(self.words['kill'].format(number))


class TestLostConnections(FaultsTestCase):
    def test_one_that_was_lost_while_idle_is_replaced(self):
        first = self.db.read(self.number)
        self.kill(first)
        second = self.db.read(self.number)
        self.assertNotEqual(first, second)

    def test_a_statement_whose_connection_is_lost_is_tried_again(self):
        attempts = []

        def work(connection):
            attempts.append(self.number(connection))
            connection.execute(
                models.services.insert().values(report_count=len(attempts))
            )
            if len(attempts) == 1:
                self.kill(attempts[0])
            return (
                connection.execute(sa.select(SERVICES.report_count))
                .scalars()
                .all()
            )

        # What the lost transaction wrote is lost with it.
        self.assertEqual([2], self.db.write(work))
        self.assertEqual(2, len(set(attempts)))

    def test_a_server_that_ends_every_connection_is_unavailable(self):
        attempts = []

        def work(connection):
            attempts.append(self.number(connection))
            self.kill(attempts[-1])
            connection.exec_driver_sql('SELECT 1')

        self.assertRaises(
            exception.ServiceGroupUnavailable, self.db.read, work
        )
        self.assertGreater(len(attempts), 1)


class TestDeadlocks(FaultsTestCase):
    options = PATIENT

    def test_both_sides_of_a_deadlock_get_through(self):
        self.db.write(
            lambda c: c.execute(
                models.services.insert(),
                [
                    {'uuid': uuid, 'report_count': 0, 'deleted': 0}
                    for uuid in 'ab'
                ],
            )
        )
        met = threading.Barrier(2)
        attempts = []

        def count(connection, uuid):
            connection.execute(
                models.services.update()
                .where(SERVICES.uuid == uuid)
                .values(report_count=SERVICES.report_count + 1)
            )

        def crossing(first, second):
            def work(connection):
                attempts.append(first)
                count(connection, first)
                if len(attempts) <= 2:
                    met.wait(10)
                count(connection, second)

            return work

        with futures.ThreadPoolExecutor(2) as pool:
            for way in ('ab', 'ba'):
                pool.submit(self.db.write, crossing(*way))
        self.assertEqual(
            [2, 2],
            self.db.read(
                lambda c: (
                    c.execute(sa.select(SERVICES.report_count)).scalars().all()
                )
            ),
        )
        self.assertEqual(3, len(attempts))


class TestUnreachable(FaultsTestCase):
    """Behind a network that fails."""

    def setUp(self) -> None:
        super().setUp()
        url = sa.make_url(self.url)
        self.network = self.useFixture(proxy.TcpProxy(url.port))
        self.far_url = url.set(
            port=self.network.port,
            username=self.make_user(),
            password=PASSWORD,
        )
        self.far = self.another_process(self.far_url)

    def make_user(self):
        """Return a user who has the password."""
        with self.administrator().begin() as connection:
            if self.db.dialect == 'postgresql':
                connection.exec_driver_sql(
                    'DO $$ BEGIN CREATE USER far SUPERUSER; '
                    'EXCEPTION WHEN duplicate_object THEN NULL; END $$'
                )
            else:
                connection.exec_driver_sql(
                    f"CREATE OR REPLACE USER far IDENTIFIED BY '{PASSWORD}'"
                )
                connection.exec_driver_sql('GRANT ALL ON *.* TO far')
        return 'far'

    def ask(self):
        return self.far.read(lambda c: c.exec_driver_sql('SELECT 1').scalar())

    def test_a_connection_that_breaks_at_any_moment_is_made_anew(self):
        self.options = PATIENT
        for number in range(1, 12):
            self.network.withhold(proxy.nth(number))
            self.far = self.another_process(self.far_url)
            self.assertEqual(1, self.ask(), number)

    def assert_unavailable(self):
        error = self.assertRaises(exception.ServiceGroupUnavailable, self.ask)
        self.assertNotIn(PASSWORD, str(error))
        self.assertNotIn('\n', str(error))
        return str(error)

    def test_it_says_who_does_not_answer_in_the_drivers_words(self):
        self.network.refuse()
        error = self.assert_unavailable()
        self.assertIn(f'127.0.0.1:{self.network.port}', error)
        self.assertIn(self.words['refused'], error)

    def test_it_is_served_as_soon_as_it_is_there(self):
        self.network.refuse()
        self.assert_unavailable()
        self.network.listen()
        self.assertEqual(1, self.ask())

    def test_it_is_served_again_after_connections_broke(self):
        self.assertEqual(1, self.ask())
        self.network.refuse()
        self.network.reset()
        self.assert_unavailable()
        self.network.listen()
        self.assertEqual(1, self.ask())

    def test_a_silent_network_does_not_block_a_caller(self):
        self.assertEqual(1, self.ask())
        self.network.cut()
        self.assert_unavailable()
        self.network.heal()
        self.assertEqual(1, self.ask())

    def test_a_connection_is_not_waited_for_without_end(self):
        self.network.cut()
        self.assert_unavailable()

    def test_a_statement_is_not_waited_for_without_end(self):
        error = self.assertRaises(
            exception.ServiceGroupUnavailable,
            self.far.read,
            lambda c: c.exec_driver_sql(self.words['sleep']).scalar(),
        )
        self.assertIn(self.words['too slow'], str(error))

    def test_a_database_that_is_not_there_is_named(self):
        far = self.another_process(self.far_url.set(database='nowhere'))
        error = self.assertRaises(
            exception.InvalidConfiguration, far.read, lambda c: None
        )
        self.assertIn('[database] connection: ', str(error))
        self.assertIn('nowhere', str(error))
        self.assertIn(self.words['no database'], str(error))
        self.assertNotIn(PASSWORD, str(error))


class TestOptionsOnPostgresql(FaultsTestCase):
    """A URL may have options of its own for a session."""

    scenarios = [scenarios.POSTGRESQL_SCHEMA]

    def test_they_hold_beside_the_limit_of_a_statement(self):
        url = sa.make_url(self.url).update_query_dict(
            {'options': '-csearch_path=mine,public'}
        )
        far = self.another_process(url)
        for name, value in (
            ('search_path', 'mine,public'),
            ('statement_timeout', '2s'),
        ):
            shown = sa.text(f'SHOW {name}')
            self.assertEqual(value, far.read(lambda c, s=shown: c.scalar(s)))
