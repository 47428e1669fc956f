# SPDX-License-Identifier: Apache-2.0

"""Verdicts about grouped heartbeats while time passes."""

import datetime
import time
from typing import Any

from nova.db.main import api as db
from oslo_db import exception as db_exc

from nova_sg.nova_tree.grouped import clocks
from nova_sg.nova_tree.grouped import reader
from nova_sg.nova_tree.grouped import written
from nova_sg.servicegroup import doubt
from nova_sg.tests.fixtures import clock
from nova_sg.tests.fixtures import statements
from nova_sg.tests.nova_tree import grouped
from nova_sg.tests.nova_tree import outages

HOUR = 3600

#: Seconds after which there is no doubt any more.
SETTLED = int(
    doubt.bounds_of(grouped.INTERVAL, grouped.DOWN_TIME).settling + 1
)


class TestCase(grouped.TestCase):
    """A test lets more time pass than it takes, and sets clocks.

    Those of the databases, too, as real statements see them.
    """

    def setUp(self) -> None:
        super().setUp()
        self.database_clock = self.useFixture(clock.DatabaseClock())
        self.passed = 0
        monotonic = time.monotonic
        self.stub_out('time.monotonic', lambda: monotonic() + self.passed)
        self.reader = reader.of(self.context)

    def let_pass(self, seconds: int) -> None:
        """Let time pass, for this process and for the databases."""
        self.passed += seconds
        self.set_clock(seconds)

    def set_clock(self, seconds: int) -> None:
        """Set the clocks of the databases forward; below zero for back."""
        self.database_clock.set(self.database_clock.seconds + seconds)
        for name in self.cell_mappings:
            db.get_engine(context=self.in_cell(name)).clear_compiled_cache()

    def beat(self, made: Any) -> None:
        """Let a service beat, by the clock of its database."""
        unwritten = written.write(made._context, [made.uuid], joining=True)
        self.assertEqual([], unwritten)


class TestEndOfAnOutage(TestCase):
    """An outage ends with the next answer, whatever was asked for."""

    def setUp(self) -> None:
        super().setUp()
        self.beat(self.made)
        self.assertTrue(self.is_up(self.made))

    def fail_once(self) -> None:
        """Let a read meet an outage."""
        with outages.Out(outages.DATABASE_ERRORS[0]):
            self.assertRaises(db_exc.DBConnectionError, self.read, self.made)

    def test_no_service_need_be_asked_for(self):
        self.fail_once()
        self.let_pass(1)
        self.assertGreater(self.reader.age, 0)
        self.read(self.made)
        self.assertEqual(0, self.reader.age)
        self.assertIn('answers again', self.stdlog.logger.output)

    def test_a_moment_revives_no_service_that_died_later(self):
        self.fail_once()
        self.let_pass(1)
        self.read(self.made)
        self.let_pass(40 * 60)
        self.assertFalse(self.is_up(self.made))

    def test_its_time_is_asked_for_at_once(self):
        # So long that the time has to be asked for again.
        self.let_pass(40)
        mine = self.read(self.made)
        with outages.Out(outages.DATABASE_ERRORS[0]):
            self.assertIsNotNone(self.reader.liveness_of(mine).unknown)
        mine = self.read(self.made)
        self.assertIsNone(self.reader.liveness_of(mine).unknown)


class TestSteps(TestCase):
    """The clock of the database is set between two looks at it."""

    #: Seconds since the last look; the next one is not due yet.
    A_WHILE = 20

    def setUp(self) -> None:
        super().setUp()
        self.other = self.make_service(host='two', context=self.context)
        for each in (self.made, self.other):
            self.beat(each)
        self.assertEqual([True, True], self.states())
        self.let_pass(self.A_WHILE)

    def states(self) -> list[bool]:
        return [self.is_up(each) for each in (self.made, self.other)]

    def test_nobody_is_down_who_beats_after_it_was_set_forward(self):
        self.set_clock(HOUR)
        self.beat(self.made)
        self.assertEqual([True, True], self.states())

    def test_nobody_is_down_who_beats_after_it_was_set_back(self):
        self.set_clock(-HOUR)
        self.beat(self.made)
        self.assertEqual([True, True], self.states())

    def test_one_that_does_not_beat_again_is_down_in_the_end(self):
        self.set_clock(HOUR)
        self.beat(self.made)
        self.assertEqual([True, True], self.states())
        self.let_pass(SETTLED)
        self.beat(self.made)
        self.assertEqual([True, False], self.states())

    def test_a_service_that_this_process_has_not_seen_is_up(self):
        new = self.make_service(host='new', context=self.context)
        self.set_clock(HOUR)
        self.beat(new)
        self.assertTrue(self.is_up(new))


class TestStatements(TestCase):
    """A list asks for the time only where a stamp does not fit."""

    #: Seconds, so that it does not matter how long a test takes.
    PAUSE = 600

    def setUp(self) -> None:
        super().setUp()
        module = clocks.__name__
        self.stub_out(f'{module}.PAUSE', self.PAUSE)
        self.stub_out(f'{module}.REFRESH', 100 * self.PAUSE)
        self.living, self.dead = (
            [
                self.make_service(host=f'{state}{n}', context=self.context)
                for n in range(3)
            ]
            for state in ('living', 'dead')
        )
        for each in self.dead:
            self.seen_ago(each, 2 * grouped.DOWN_TIME)
        for each in self.living:
            self.beat(each)
        self.look()

    def look(self, ahead: int = 0) -> int:
        """Look at all services, and return what that cost.

        :param ahead: how far stamps of living services are in the future
        """
        services = list(map(self.read, (*self.living, *self.dead)))
        for each in services[: len(self.living)]:
            each.last_seen_up += datetime.timedelta(seconds=ahead)
        with statements.StatementCounter() as counted:
            up = [self.reader.liveness_of(each).up for each in services]
        self.assertEqual([not ahead] * 3 + [False] * 3, up)
        return len(counted)

    def test_there_is_none_for_heartbeats(self):
        for _ in range(3):
            self.let_pass(self.PAUSE + 1)
            for each in self.living:
                self.beat(each)
            self.assertEqual(0, self.look())

    def test_there_is_one_in_a_pause_while_a_conductors_clock_is_wrong(self):
        costs = []
        for _ in range(3):
            self.let_pass(self.PAUSE + 1)
            for _ in range(2):
                for each in self.living:
                    self.beat(each)
                costs.append(self.look(ahead=HOUR))
        self.assertEqual([1, 0] * 3, costs)

    def test_there_is_none_for_a_wrong_stamp_that_is_known(self):
        self.let_pass(self.PAUSE + 1)
        for each in self.living:
            self.beat(each)
        self.assertEqual(1, self.look(ahead=HOUR))
        self.let_pass(self.PAUSE + 1)
        self.assertEqual(0, self.look(ahead=HOUR))
