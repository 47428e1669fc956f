# SPDX-License-Identifier: Apache-2.0

"""Grouped heartbeats on nova's own table."""

import datetime
import time
from typing import Any
from unittest import mock

from nova.db.main import api as db
from nova.servicegroup import api as nova_servicegroup
from nova.servicegroup.drivers import db as nova_db
from oslo_db import exception as db_exc
from oslo_utils import fixture as utils_fixture
from oslo_utils import timeutils
import sqlalchemy as sa

from nova_sg.nova_tree import novas_scheme
from nova_sg.nova_tree.grouped import driver
from nova_sg.nova_tree.grouped import written
from nova_sg.tests.fixtures import statements
from nova_sg.tests.nova_tree import base

INTERVAL, DOWN_TIME = 10, 60

AN_HOUR = datetime.timedelta(hours=1)


class TestCase(base.TestCase):
    driver, records, beats = 'db', None, 'grouped'

    def setUp(self) -> None:
        super().setUp()
        self.flags(report_interval=INTERVAL, service_down_time=DOWN_TIME)
        self.context = self.in_cell('cell1')
        self.made = self.make_service(context=self.context)

    def seen_ago(self, made: Any, seconds: float) -> Any:
        """Let a service have been seen so long ago, by this host's clock."""
        moment = timeutils.utcnow() - datetime.timedelta(seconds=seconds)
        engine = db.get_engine(context=self.context)
        with engine.begin() as connection:
            connection.execute(
                sa.text('UPDATE services SET last_seen_up = :m WHERE id = :i'),
                {'m': moment.strftime('%Y-%m-%d %H:%M:%S.%f'), 'i': made.id},
            )
        return self.read(made)

    def is_up(self, made: Any) -> bool:
        return bool(nova_servicegroup.API().service_is_up(self.read(made)))


class TestProcessWithDatabase(TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.driver_ = driver.GroupedDriver()
        self.seen_ago(self.made, 2 * DOWN_TIME)
        self.process = self.process_of(self.made)

    def join(self) -> None:
        self.driver_.join('one', 'compute', self.process)

    def test_a_joining_service_beats_at_once_and_then_by_a_timer(self):
        self.assertFalse(self.is_up(self.made))
        self.join()
        self.assertTrue(self.is_up(self.made))
        ((interval, beat), options) = self.process.tg.add_timer_args.call_args
        self.assertEqual(INTERVAL, interval)
        self.assertLessEqual(options['initial_delay'], INTERVAL)
        beat()
        self.assertEqual(2, self.read(self.made).report_count)

    def test_a_new_service_is_up_by_its_creation(self):
        made = self.make_service(host='new', context=self.context)
        process = self.process_of(made)
        self.driver_.join('new', 'compute', process)
        self.assertTrue(self.is_up(made))
        self.assertEqual(0, self.read(made).report_count)
        _, options = process.tg.add_timer_args.call_args
        self.assertLessEqual(
            options['initial_delay'],
            nova_servicegroup.INITIAL_REPORTING_DELAY,
        )

    def test_a_beat_changes_nothing_that_an_operator_decides(self):
        mine = self.read(self.made)
        mine.disabled, mine.forced_down = True, True
        mine.save()
        before = self.read(self.made)
        self.join()
        after = self.read(self.made)
        for name in ('disabled', 'forced_down', 'version'):
            self.assertEqual(getattr(before, name), getattr(after, name))

    def test_updated_at_is_the_time_of_the_last_beat_as_in_nova(self):
        self.assertIsNone(self.read(self.made).updated_at)
        self.join()
        made = self.read(self.made)
        self.assertEqual(made.last_seen_up, made.updated_at)
        # REST and nova-manage show it.
        self.assertEqual(
            made.updated_at, nova_servicegroup.API().get_updated_time(made)
        )

    def test_the_clock_of_the_host_has_no_part_in_it(self):
        host = self.useFixture(utils_fixture.TimeFixture())
        for step in (AN_HOUR, -2 * AN_HOUR):
            host.advance_time_delta(step)
            self.join()
            self.assertTrue(self.is_up(self.made))

    def test_a_service_that_stops_is_down_at_once(self):
        self.join()
        self.driver_.leave(self.process)
        self.assertFalse(self.is_up(self.made))

    def test_one_whose_sibling_beats_is_not(self):
        self.join()
        sibling = driver.GroupedDriver()
        sibling.join('one', 'compute', self.process_of(self.made))
        self.driver_.leave(self.process)
        self.assertTrue(self.is_up(self.made))

    def test_one_of_several_workers_does_not_age_their_row(self):
        self.flags(workers=2, group='conductor')
        self.process.topic = 'conductor'
        self.join()
        self.driver_.leave(self.process)
        self.assertTrue(self.is_up(self.made))

    def test_one_that_was_deleted_stops_beating(self):
        self.join()
        self.read(self.made).destroy()
        beat = self.process.tg.add_timer_args.call_args.args[1]
        beat()
        self.assertIn('is gone', self.stdlog.logger.output)
        with statements.StatementCounter() as counted:
            beat()
        self.assertEqual(0, len(counted), counted)

    def test_a_beat_that_fails_is_told_once_and_comes_again(self):
        self.join()
        beat = self.process.tg.add_timer_args.call_args.args[1]
        with mock.patch.object(
            written, 'write', side_effect=db_exc.DBConnectionError
        ):
            beat()
            beat()
        self.assertEqual(
            1, self.stdlog.logger.output.count('Cannot report state')
        )
        beat()
        self.assertIn('Recovered', self.stdlog.logger.output)


class TestStamp(TestCase):
    """A heartbeat is stamped with the time at which it was received."""

    WAITED = 40

    def age(self) -> float:
        seen = self.read(self.made).last_seen_up.timestamp()
        return written.database_time(self.context) - float(seen)

    def write(self, waited: float) -> None:
        received = {self.made.uuid: time.monotonic() - waited}
        unwritten = written.write(
            self.context, [self.made.uuid], joining=True, received=received
        )
        self.assertEqual([], unwritten)

    def test_one_that_waited_to_be_written_is_as_old_as_it_is(self):
        self.seen_ago(self.made, 2 * DOWN_TIME)
        self.write(self.WAITED)
        self.assertTrue(self.WAITED - INTERVAL < self.age() < DOWN_TIME)

    def test_it_takes_back_no_newer_stamp_of_a_sibling(self):
        self.seen_ago(self.made, 1)
        self.write(self.WAITED)
        self.assertLess(self.age(), INTERVAL)
        self.assertEqual(1, self.read(self.made).report_count)

    def test_a_stamp_from_the_future_is_none(self):
        self.seen_ago(self.made, -AN_HOUR.total_seconds())
        self.write(self.WAITED)
        self.assertGreater(self.age(), self.WAITED - INTERVAL)

    def test_each_of_two_that_waited_in_one_group_is_as_old_as_it_is(self):
        self.seen_ago(self.made, 2 * DOWN_TIME)
        waiting = written.Group(self.context, joining=True)
        batch, _ = waiting._join([self.made.uuid])
        waiting._join([self.made.uuid])
        waiting._received[self.made.uuid] = time.monotonic() - self.WAITED
        waiting._write(batch)
        self.assertEqual(2, self.read(self.made).report_count)
        self.assertGreater(self.age(), self.WAITED - INTERVAL)

    def test_one_whose_statement_hung_counts_once_from_its_receipt(self):
        self.flags(report_interval=1)
        self.seen_ago(self.made, 2 * DOWN_TIME)
        hung: list[str] = []

        def hang(_connection: Any, _cursor: Any, statement: str, *_: Any):
            if statement.startswith('UPDATE') and not hung:
                hung.append(statement)
                time.sleep(1.2)

        engine = db.get_engine(context=self.context)
        sa.event.listen(engine, 'before_cursor_execute', hang)
        self.addCleanup(sa.event.remove, engine, 'before_cursor_execute', hang)
        self.write(0)
        self.assertEqual(1, len(hung))
        self.assertGreaterEqual(self.age(), 0.9)
        self.assertEqual(1, self.read(self.made).report_count)


class TestSwitch(TestCase):
    def test_a_rule_of_novas_that_somebody_replaced_is_theirs(self):
        self.assertTrue(self.is_up(self.made))
        self.stub_out(
            'nova.servicegroup.drivers.db.DbDriver.is_up',
            lambda _driver, _service: False,
        )
        self.assertFalse(self.is_up(self.made))

    def test_each_value_has_its_driver(self):
        for beats, wanted in (
            ('grouped', driver.GroupedDriver),
            ('nova', novas_scheme.NovasSchemeDriver),
        ):
            self.flags(beats=beats, group='servicegroup')
            self.assertIs(wanted, type(nova_servicegroup.API()._driver))

    def test_without_a_driver_all_is_novas(self):
        self.flags(driver=None, group='servicegroup')
        self.assertIs(nova_db.DbDriver, type(nova_servicegroup.API()._driver))
