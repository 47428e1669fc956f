# SPDX-License-Identifier: Apache-2.0

"""Verdicts about grouped heartbeats while time passes."""

import time
from typing import Any

from nova.db.main import api as db
from oslo_db import exception as db_exc

from nova_sg.nova_tree.grouped import reader
from nova_sg.nova_tree.grouped import written
from nova_sg.tests.fixtures import clock
from nova_sg.tests.nova_tree import grouped
from nova_sg.tests.nova_tree import outages


class TestCase(grouped.TestCase):
    """Time stands still until a test lets it pass.

    That of the databases goes on as well, in real statements.
    """

    def setUp(self) -> None:
        super().setUp()
        self.database_clock = self.useFixture(clock.DatabaseClock())
        self.passed = 0
        began = time.monotonic()
        self.stub_out('time.monotonic', lambda: began + self.passed)
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
