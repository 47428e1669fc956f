# SPDX-License-Identifier: Apache-2.0

"""What reads and beats cost on a server, and what becomes of a dead one.

::

    t=0.0  a read uses connection 1, and gives it back
    t=0.1  the server, or a proxy in between, ends connection 1
    t=0.2  a beat takes connection 1, which fails; it is repeated on 2
"""

import contextlib

import fixtures
from oslo_db import exception as db_exc
import sqlalchemy as sa
import testscenarios

from nova_sg import exception
from nova_sg.db import autocommit
from nova_sg.db import beats
from nova_sg.db import clock
from nova_sg.db import models
from nova_sg.tests.fixtures import proxy
from nova_sg.tests.fixtures import scenarios
from nova_sg.tests.functional.db import test_faults

load_tests = testscenarios.load_tests_apply_scenarios

SERVICES = models.services.c

UUID = '5a3e3a3c-9e6f-4f43-8f0c-2f6d4f1c8a55'

READ_ONLY = {
    'postgresql': 'SET SESSION default_transaction_read_only = on',
    'mysql': 'SET SESSION TRANSACTION READ ONLY',
}


class AutocommitTestCase(test_faults.FaultsTestCase):
    """One service, and a connection through a proxy that was used before."""

    options = {
        'servicegroup': {'report_interval': 20, 'service_down_time': 60}
    }

    def setUp(self) -> None:
        super().setUp()
        self.db.write(
            lambda c: c.execute(
                models.services.insert().values(
                    uuid=UUID,
                    report_count=0,
                    deleted=0,
                    created_at=clock.utcnow(),
                )
            )
        )
        url = sa.make_url(self.url)
        self.link = self.useFixture(proxy.TcpProxy(url.port))
        self.far = self.another_process(url.set(port=self.link.port))
        # However slow the test is.
        self.trust_for(3600.0)
        self.count()

    def trust_for(self, seconds):
        """Say for how long a connection is not pinged after its last use."""
        self.useFixture(
            fixtures.MockPatchObject(autocommit, 'TRUSTED', seconds)
        )

    def count(self):
        """Return how often the service has beaten: one read."""
        return self.far.read(
            lambda c: c.scalar(sa.select(SERVICES.report_count))
        )

    def beat(self):
        """Beat once, and return how many services have."""
        return self.far.beat(
            lambda c: c.execute(beats.BEAT, {'uuids': [UUID]}).rowcount
        )

    def round_trips(self, work):
        asked = []

        def note():
            asked.append(None)
            return False

        self.link.withhold(note)
        work()
        self.link.deliver()
        return len(asked)


class TestRoundTrips(AutocommitTestCase):
    def test_a_read_is_one_and_so_is_a_beat(self):
        self.assertEqual(1, self.round_trips(self.count))
        self.assertEqual(1, self.round_trips(self.beat))
        self.assertEqual(1, self.count())

    def test_one_after_a_while_is_two(self):
        self.trust_for(-1.0)
        self.assertEqual(2, self.round_trips(self.count))
        self.assertEqual(2, self.round_trips(self.beat))

    def test_a_transaction_is_begun_and_committed(self):
        def work(connection):
            connection.execute(beats.BEAT, {'uuids': [UUID]})
            connection.execute(beats.BEAT, {'uuids': [UUID]})

        self.assertEqual(4, self.round_trips(lambda: self.far.write(work)))
        self.assertEqual(4, self.round_trips(lambda: self.far.change(work)))
        self.assertEqual(4, self.count())


class TestTransactions(AutocommitTestCase):
    def test_nobody_sees_half_of_one(self):
        seen = []

        def work(connection):
            connection.execute(beats.BEAT, {'uuids': [UUID]})
            seen.append(
                self.db.read(
                    lambda c: c.scalar(sa.select(SERVICES.report_count))
                )
            )

        self.far.change(work)
        self.assertEqual([0], seen)
        self.assertEqual(1, self.count())

    def test_what_fails_is_undone(self):
        def work(connection):
            connection.execute(beats.BEAT, {'uuids': [UUID]})
            raise exception.ServiceNotFound(service_id=1)

        for run in self.far.write, self.far.change:
            self.assertRaises(exception.ServiceNotFound, run, work)
        self.assertEqual(0, self.count())
        # Nor is its connection in a transaction yet.
        self.assertEqual(1, self.beat())
        self.assertEqual(
            1,
            self.db.read(lambda c: c.scalar(sa.select(SERVICES.report_count))),
        )


class _LostTests:
    """A connection that is lost between two uses."""

    def lose(self):
        raise NotImplementedError

    def test_a_read_is_repeated(self):
        self.lose()
        self.assertEqual(0, self.count())

    def test_a_beat_is_repeated(self):
        self.lose()
        self.assertEqual(1, self.beat())
        self.assertEqual(1, self.count())

    def test_a_change_is_made_once(self):
        self.lose()
        self.far.change(
            lambda c: c.execute(beats.BEAT, {'uuids': [UUID]}).rowcount
        )
        self.assertEqual(1, self.count())

    def test_it_is_found_dead_after_a_while(self):
        self.trust_for(-1.0)
        self.lose()
        attempts = []

        def work(connection):
            attempts.append(connection)
            return connection.scalar(sa.select(SERVICES.report_count))

        self.assertEqual(0, self.far.read(work))
        self.assertEqual(1, len(attempts))


class TestKilled(_LostTests, AutocommitTestCase):
    """The server ends it."""

    def lose(self):
        self.kill(self.far.read(self.number))

    def test_all_of_them_are_replaced_when_one_is_found_dead(self):
        numbers = []

        def nested(connection):
            numbers.append(self.number(connection))
            if len(numbers) < 3:
                self.far.read(nested)

        self.far.read(nested)
        self.assertEqual(3, len(set(numbers)))
        for number in numbers:
            self.kill(number)
        attempts = []

        def work(connection):
            attempts.append(connection)
            return self.number(connection)

        self.assertNotIn(self.far.read(work), numbers)
        self.assertEqual(2, len(attempts))


class TestDropped(_LostTests, AutocommitTestCase):
    """A proxy in between resets it."""

    def lose(self):
        self.link.reset()


class TestPlaceInThePool(AutocommitTestCase):
    """A lost connection is back in the pool while its user still ends.

    ::

        t=0  thread A beats; its connection is lost, and goes back
        t=1  thread B takes that place in the pool, with a new connection
        t=2  A ends, before B has
    """

    def lose_one(self):
        """Return what ends the use of a connection that was lost."""
        ending = contextlib.ExitStack()
        self.addCleanup(ending.close)
        connection = ending.enter_context(autocommit.plain(self.far.engine))
        self.kill(self.number(connection))
        self.assertRaises(
            db_exc.DBConnectionError, connection.exec_driver_sql, 'SELECT 1'
        )
        return ending

    def test_the_next_transaction_is_begun(self):
        self.lose_one()

        def work(connection):
            connection.execute(beats.BEAT, {'uuids': [UUID]})
            raise exception.ServiceNotFound(service_id=1)

        self.assertRaises(exception.ServiceNotFound, self.far.write, work)
        self.assertEqual(0, self.count())

    def test_the_next_beat_commits_itself(self):
        ending = self.lose_one()

        def work(connection):
            ending.close()
            connection.execute(beats.BEAT, {'uuids': [UUID]})

        self.far.beat(work)
        self.assertEqual(1, self.count())

    def test_nothing_is_left_of_it(self):
        self.lose_one().close()
        with self.far.engine.connect() as connection:
            noted = connection.connection.record_info
        self.assertEqual({}, noted)


class TestReadOnly(AutocommitTestCase):
    """After a failover a connection may lead to what is a replica now."""

    def setUp(self) -> None:
        super().setUp()
        self.far.read(lambda c: c.exec_driver_sql(READ_ONLY[self.far.dialect]))

    def test_a_beat_looks_for_the_server_that_takes_writes(self):
        self.assertEqual(1, self.beat())
        self.assertEqual(1, self.count())

    def test_a_change_looks_for_it_too(self):
        self.far.change(
            lambda c: c.execute(beats.BEAT, {'uuids': [UUID]}).rowcount
        )
        self.assertEqual(1, self.count())


class TestAllReadOnly(AutocommitTestCase):
    """No server takes writes."""

    scenarios = [scenarios.MARIADB_SCHEMA]
    options = {'servicegroup': {'report_interval': 2, 'service_down_time': 5}}

    def setUp(self) -> None:
        super().setUp()
        with self.administrator().begin() as connection:
            connection.exec_driver_sql('CREATE OR REPLACE USER few')
            connection.exec_driver_sql('GRANT SELECT, UPDATE ON *.* TO few')
        self.far = self.another_process(
            sa.make_url(self.url).set(username='few')
        )
        self.count()
        self.addCleanup(self.read_only, 'OFF')

    def read_only(self, value):
        with self.administrator().connect() as connection:
            connection.exec_driver_sql(f'SET GLOBAL read_only = {value}')

    def test_a_beat_is_refused_in_the_servers_words_until_one_does(self):
        self.read_only('ON')
        error = self.assertRaises(exception.ServiceGroupUnavailable, self.beat)
        self.assertIn('read-only', str(error))
        self.read_only('OFF')
        self.assertEqual(1, self.beat())
