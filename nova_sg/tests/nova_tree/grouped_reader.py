# SPDX-License-Identifier: Apache-2.0

"""Verdicts about services with grouped heartbeats."""

import time
from typing import Any
from unittest import mock

from oslo_db import exception as db_exc
from oslo_utils import timeutils

from nova_sg import exception
from nova_sg.nova_tree import functions
from nova_sg.nova_tree.grouped import reader
from nova_sg.nova_tree.grouped import written
from nova_sg.servicegroup import doubt
from nova_sg.tests.fixtures import statements
from nova_sg.tests.nova_tree import base
from nova_sg.tests.nova_tree import grouped


class TestReader(grouped.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.reader = reader.of(self.context)

    def up(self, service: Any) -> bool:
        return self.reader.liveness_of(service).up

    def test_no_list_costs_a_statement_more(self):
        services = [
            self.make_service(host=f'host{number}', context=self.context)
            for number in range(20)
        ]
        self.up(self.made)
        with statements.StatementCounter() as counted:
            self.assertEqual([True] * 20, [self.up(each) for each in services])
        self.assertEqual(0, len(counted), counted)

    def test_an_object_that_is_older_than_the_last_one_does_not_count(self):
        cached = self.read(self.made)
        cached.report_count = 1
        cached.last_seen_up = timeutils.utcnow(True) - grouped.AN_HOUR
        new = self.read(self.made)
        new.report_count = 9
        new.last_seen_up = timeutils.utcnow(True)
        self.assertTrue(self.up(new))
        self.assertTrue(self.up(cached))

    def test_one_of_a_database_that_was_restored_counts(self):
        before = self.read(self.made)
        before.report_count = 9
        before.last_seen_up = timeutils.utcnow(True) - grouped.AN_HOUR
        self.assertFalse(self.up(before))
        restored = self.read(self.made)
        restored.report_count = 1
        restored.last_seen_up = timeutils.utcnow(True)
        self.assertTrue(self.up(restored))

    def test_one_of_before_the_clock_was_set_back_does_not_count(self):
        new = self.read(self.made)
        new.report_count = 9
        new.last_seen_up = timeutils.utcnow(True)
        self.assertTrue(self.up(new))
        cached = self.read(self.made)
        cached.report_count = 1
        cached.last_seen_up = timeutils.utcnow(True) + grouped.AN_HOUR
        self.assertTrue(self.up(cached))

    def test_while_the_database_is_away_what_was_known_stands(self):
        other = self.make_service(host='two', context=self.context)
        mine = self.seen_ago(self.made, 1)
        self.assertTrue(self.up(mine))
        self.reader.failed(base.OUT)
        mine.last_seen_up = timeutils.utcnow(True) - grouped.AN_HOUR
        with mock.patch.object(
            written, 'database_time', side_effect=db_exc.DBConnectionError
        ):
            self.assertTrue(self.up(mine))
            self.assertRaises(
                exception.ServiceGroupUnavailable, self.up, other
            )
            self.assertGreater(self.reader.age, 0)
        self.reader._clock.ask_again()
        self.assertTrue(self.up(other))

    def test_after_an_outage_nobody_is_down_who_had_no_time_to_beat(self):
        mine = self.seen_ago(self.made, 1)
        self.assertTrue(self.up(mine))
        bounds = doubt.bounds_of(grouped.INTERVAL, grouped.DOWN_TIME)
        now = time.monotonic()
        clock = mock.patch('time.monotonic')
        self.reader.failed(base.OUT)
        monotonic = clock.start()
        self.addCleanup(clock.stop)
        monotonic.return_value = now + grouped.DOWN_TIME + 20
        # The database's clock went on as well.
        with mock.patch.object(
            written,
            'database_time',
            return_value=mine.last_seen_up.timestamp()
            + grouped.DOWN_TIME
            + 21,
        ):
            self.assertTrue(self.up(mine))
            monotonic.return_value += bounds.settling + 1
            self.assertFalse(self.up(mine))

    def test_an_outage_that_a_list_meets_is_noted(self):
        self.assertTrue(self.up(self.made))
        switched = functions._switch(
            mock.Mock(
                side_effect=db_exc.DBConnectionError,
                __name__='service_get_all',
                spec=['__name__'],
            ),
            mock.Mock(),
        )
        self.assertRaises(db_exc.DBConnectionError, switched, self.context)
        self.assertGreater(self.reader.age, 0)

    def test_a_clock_of_the_database_that_is_set_makes_nobody_down(self):
        mine = self.seen_ago(self.made, 1)
        self.assertTrue(self.up(mine))
        later = written.database_time(self.context) + 3600
        self.reader._clock.ask_again()
        with mock.patch.object(written, 'database_time', return_value=later):
            self.assertTrue(self.up(mine))
