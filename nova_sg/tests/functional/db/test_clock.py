# SPDX-License-Identifier: Apache-2.0

"""Times, by the database's own clock and in its own columns."""

import datetime

import sqlalchemy as sa
import testscenarios

from nova_sg.db import clock
from nova_sg.db import models
from nova_sg.tests.fixtures import clock as clock_fixture
from nova_sg.tests.fixtures import scenarios
from nova_sg.tests.functional.db import base

load_tests = testscenarios.load_tests_apply_scenarios

SECOND = datetime.timedelta(seconds=1)
HOUR = datetime.timedelta(hours=1)

#: Sets the time zone of a session, which none of our times depends on.
ZONES = {
    'postgresql': "SET TIME ZONE 'Asia/Tokyo'",
    'mysql': "SET time_zone = '+09:00'",
}


class ClockTestCase(base.DatabaseTestCase):
    scenarios = scenarios.SCHEMAS

    def ask(self, *expressions):
        row = self.db.read(lambda c: c.execute(sa.select(*expressions)).one())
        return row[0] if len(expressions) == 1 else row


class TestClock(ClockTestCase):
    def test_now_is_now_in_utc(self):
        now = self.ask(clock.utcnow())
        self.assertEqual(datetime.timedelta(0), now.utcoffset())
        # The servers run on this machine; hours are what could go wrong.
        self.assertLess(
            abs(datetime.datetime.now(datetime.UTC) - now), HOUR / 2
        )

    def test_the_time_zone_of_the_session_has_no_part(self):
        here = self.ask(clock.utcnow())
        if self.db.dialect == 'sqlite':
            return

        def there(connection):
            connection.exec_driver_sql(ZONES[self.db.dialect])
            return connection.execute(
                sa.select(clock.utcnow(), clock.ago(0))
            ).one()

        for moment in self.db.read(there):
            self.assertLess(abs(moment - here), HOUR / 2)

    def test_the_clock_of_this_process_has_no_part(self):
        before = self.ask(clock.utcnow())
        self.useFixture(clock_fixture.ShiftedClock(7200))
        self.assertLess(self.ask(clock.utcnow()) - before, HOUR)
        self.assertLess(self.ask(clock.ago(0)) - before, HOUR)

    def test_ago_is_so_many_seconds_before_now(self):
        for seconds in (0, 1, 60, 86400):
            past, now = self.ask(clock.ago(seconds), clock.utcnow())
            # PostgreSQL looks at the clock twice.
            difference = now - past - seconds * SECOND
            self.assertLess(abs(difference), SECOND)

    def test_ago_takes_an_expression(self):
        past, now = self.ask(
            clock.ago(sa.bindparam('age', 30) + sa.literal(30)),
            clock.utcnow(),
        )
        self.assertLess(abs(now - past - 60 * SECOND), SECOND)

    def test_what_was_stamped_is_neither_old_nor_in_the_future(self):
        def stamp(connection):
            connection.execute(
                models.services.insert().values(
                    report_count=0, last_seen_up=clock.utcnow()
                )
            )
            seen = models.services.c.last_seen_up
            return connection.execute(
                sa.select(seen >= clock.ago(60), seen <= clock.utcnow())
            ).one()

        # A column of MySQL and MariaDB rounds: up would be the future.
        self.assertEqual(
            [True, True], [bool(each) for each in self.db.write(stamp)]
        )


class TestPostgresqlClock(ClockTestCase):
    scenarios = [scenarios.POSTGRESQL_SCHEMA]

    def test_it_moves_on_inside_a_transaction(self):
        def twice(connection):
            statement = sa.select(clock.utcnow(), clock.ago(10), sa.func.now())
            first = connection.execute(statement).one()
            connection.exec_driver_sql('SELECT pg_sleep(0.05)')
            return first, connection.execute(statement).one()

        first, second = self.db.write(twice)
        self.assertGreaterEqual(second[0] - first[0], 0.05 * SECOND)
        self.assertGreaterEqual(second[1] - first[1], 0.05 * SECOND)
        self.assertEqual(first[2], second[2], 'of the transaction')


class TestMariadbClock(ClockTestCase):
    scenarios = [scenarios.MARIADB_SCHEMA]

    def test_it_has_whole_seconds_as_the_columns_have(self):
        for moment in self.ask(clock.utcnow(), clock.ago(5)):
            self.assertEqual(0, moment.microsecond)


class TestSqliteClock(ClockTestCase):
    scenarios = [scenarios.SQLITE_SCHEMA]

    def test_it_has_milliseconds_in_the_form_of_the_columns(self):
        def stamp(connection):
            connection.execute(
                models.services.insert().values(
                    report_count=0,
                    last_seen_up=clock.utcnow(),
                    created_at=datetime.datetime.now(datetime.UTC),
                )
            )
            return connection.exec_driver_sql(
                'SELECT last_seen_up, created_at FROM services'
            ).one()

        # Text is compared as text: ours and SQLAlchemy's must be alike.
        ours, sqlalchemys = self.db.write(stamp)
        pattern = r'^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}$'
        self.assertRegex(ours, pattern)
        self.assertRegex(sqlalchemys, pattern)
        self.assertTrue(ours.endswith('000'))


class TestColumns(ClockTestCase):
    """Aware UTC outside, naive UTC in the row."""

    def store(self, moment):
        """Return what comes back, and what lies in the row."""

        def write(connection):
            connection.execute(models.services.delete())
            connection.execute(
                models.services.insert().values(
                    report_count=0, last_seen_up=moment
                )
            )
            back = connection.execute(
                sa.select(models.services.c.last_seen_up)
            ).scalar()
            raw = connection.exec_driver_sql(
                'SELECT last_seen_up FROM services'
            ).scalar()
            return back, raw

        return self.db.write(write)

    def test_a_utc_time_comes_back_as_it_was(self):
        moment = datetime.datetime(2026, 3, 1, 8, 0, 5, tzinfo=datetime.UTC)
        back, raw = self.store(moment)
        self.assertEqual(moment, back)
        self.assertEqual(datetime.timedelta(0), back.utcoffset())
        self.assertIn('2026-03-01 08:00:05', str(raw))

    def test_a_time_in_another_zone_is_stored_in_utc(self):
        zone = datetime.timezone(datetime.timedelta(hours=5, minutes=30))
        moment = datetime.datetime(2026, 3, 1, 4, 0, 5, tzinfo=zone)
        back, raw = self.store(moment)
        self.assertEqual(moment, back)
        self.assertEqual(datetime.timedelta(0), back.utcoffset())
        self.assertIn('2026-02-28 22:30:05', str(raw))

    def test_a_naive_time_is_taken_for_utc(self):
        moment = datetime.datetime(2026, 3, 1, 8, 0, 5)
        back, _raw = self.store(moment)
        self.assertEqual(moment.replace(tzinfo=datetime.UTC), back)

    def test_no_time_comes_back_as_none(self):
        self.assertEqual((None, None), self.store(None))

    def test_an_aware_time_can_be_compared_with(self):
        zone = datetime.timezone(datetime.timedelta(hours=-8))
        moment = datetime.datetime(2026, 3, 1, 8, 0, 5, tzinfo=datetime.UTC)
        self.store(moment)
        seen = models.services.c.last_seen_up
        for operand, expected in (
            (moment.astimezone(zone), 1),
            (moment.astimezone(zone) + SECOND, 0),
        ):
            self.assertEqual(
                expected,
                self.db.read(
                    lambda c, limit=operand: c.scalar(
                        sa.select(sa.func.count()).where(seen >= limit)
                    )
                ),
            )
