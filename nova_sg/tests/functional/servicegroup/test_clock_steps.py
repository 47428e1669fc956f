# SPDX-License-Identifier: Apache-2.0

"""A database's clock that is set, and host clocks that are ahead."""

import time
from typing import Any

from oslotest import base
import sqlalchemy as sa
import testscenarios

from nova_sg.db import engine
from nova_sg.db import models
from nova_sg.servicegroup import api as sg_api
from nova_sg.tests.fixtures import api
from nova_sg.tests.fixtures import clock
from nova_sg.tests.fixtures import scenarios
from nova_sg.tests.fixtures import schemas
from nova_sg.tests.fixtures import services

load_tests = testscenarios.load_tests_apply_scenarios

HOUR = 3600


class ClockTestCase(services.MakesServices, base.BaseTestCase):
    scenarios = scenarios.SCHEMAS
    database = schemas.SqliteSchema

    def setUp(self) -> None:
        super().setUp()
        self.url = self.useFixture(self.database()).url
        process = self.useFixture(
            api.Api(
                self.url,
                servicegroup={'report_interval': 1, 'service_down_time': 3},
            )
        )
        self.api, self.context = process.api, process.context
        self.database_clock = self.useFixture(clock.DatabaseClock())
        self.living = self.service('c1')
        self.dead = self.service('c2')
        records, _ = self.api.list(self.context)
        self.handle, _ = self.api.join_many(self.context, records)

    def read(self, reader: sg_api.API | None = None) -> tuple[Any, Any]:
        """Return how a list shows the living and the dead service."""
        _, alive = (reader or self.api).list(self.context)
        return alive[self.living.uuid], alive[self.dead.uuid]

    def states(self, reader: sg_api.API | None = None) -> tuple[str, str]:
        living, dead = self.read(reader)
        return living.state, dead.state

    def states_shown(self) -> tuple[str, str]:
        """Return the same as REST shows it."""
        rendered = self.api.render(self.context, list)
        states = {
            each.uuid: each.state for part in rendered.parts() for each in part
        }
        return states[self.living.uuid], states[self.dead.uuid]

    def let_pass(self, seconds: int) -> None:
        """Let a moment pass without a beat: the stamps get older."""
        statement = models.services.update().values(
            last_seen_up=sa.literal_column(
                {
                    'sqlite': "strftime('%Y-%m-%d %H:%M:%f000', "
                    f"last_seen_up, '{-seconds} seconds')",
                    'postgresql': f"last_seen_up - INTERVAL '{seconds} s'",
                    'mysql': f'last_seen_up - INTERVAL {seconds} SECOND',
                }[engine.get(self.api.conf).dialect]
            )
        )
        engine.get(self.api.conf).write(lambda c: c.execute(statement))


class TestSteps(ClockTestCase):
    def test_a_step_takes_nobody_down_where_the_list_is_only_shown(self):
        for seconds in (70, -HOUR):
            self.handle.beat(self.context)
            self.assertEqual('up', self.states_shown()[0])
            self.database_clock.set(seconds)
            self.assertEqual('up', self.states_shown()[0])

    def test_a_step_forward_takes_nobody_down_that_was_seen_up(self):
        self.assertEqual(('up', 'up'), self.states())
        self.database_clock.set(70)
        living, _ = self.read()
        self.assertEqual('up', living.state)
        self.assertRegex(
            str(living.unknown),
            r"^The database's clock was set forward by (69|70|71) s\.$",
        )
        self.handle.beat(self.context)
        living, _ = self.read()
        self.assertEqual(('up', None), (living.state, living.unknown))

    def test_a_dead_service_is_down_when_the_doubt_is_over(self):
        self.assertEqual(('up', 'up'), self.states())
        self.database_clock.set(70)
        self.assertEqual(('up', 'up'), self.states())

        def down() -> bool:
            self.handle.beat(self.context)
            living, dead = self.states()
            self.assertEqual('up', living)
            return dead == 'down'

        self.wait_for(down)

    def test_a_step_back_leaves_no_dead_service_up(self):
        self.assertEqual(('up', 'up'), self.states())
        self.database_clock.set(-HOUR)
        self.assertEqual('up', self.states()[0])
        self.handle.beat(self.context)
        beginner = sg_api.API(self.api.conf)
        self.assertEqual(('up', 'down'), self.states(beginner))

    def test_what_was_down_does_not_come_up_by_a_step_back(self):
        self.let_pass(60)
        self.assertEqual(('down', 'down'), self.states())
        self.database_clock.set(-58)
        self.assertEqual(('down', 'down'), self.states())
        self.handle.beat(self.context)
        self.assertEqual(('up', 'down'), self.states())

    def wait_for(self, condition: Any) -> None:
        deadline = time.monotonic() + 30
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)


class TestClocksAhead(ClockTestCase):
    """Beats of a stock nova, which its hosts stamp."""

    def test_a_stamp_far_ahead_is_no_beat_of_now(self):
        self.let_pass(-HOUR)
        self.assertEqual(('down', 'down'), self.states())
        self.assertFalse(self.api.service_is_up(self.dead))

    def test_a_stamp_a_little_ahead_is_one(self):
        self.let_pass(-2)
        self.assertEqual(('up', 'up'), self.states())

    def test_when_its_time_comes_it_is_no_beat_either(self):
        self.let_pass(-HOUR)
        self.assertEqual(('down', 'down'), self.states())
        self.database_clock.set(HOUR)
        self.assertEqual(('down', 'down'), self.states())
