# SPDX-License-Identifier: Apache-2.0

"""What notices that a loop hangs, by a clock of the test."""

import threading
import types
from unittest import mock

import fixtures
from oslotest import base

from nova_sg import exception
from nova_sg.servicegroup.membership import watchdog
from nova_sg.servicegroup.testing import watchdogs

INTERVAL, DOWN_TIME = 10, 60

AWAY = exception.ServiceGroupUnavailable(backend='db', reason='it is away')


class TestWatchdog(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        self.now = 1000.0
        self.useFixture(
            fixtures.MonkeyPatch(
                f'{watchdog.__name__}.time.monotonic', lambda: self.now
            )
        )
        # It looks where the test says so.
        self.loop = self.useFixture(
            fixtures.MockPatchObject(watchdog.loop, 'Loop')
        ).mock.return_value
        self.errors = []
        self.noted = []
        self.watchdog = self.make(INTERVAL)

    def make(self, interval):
        def service(host):
            return types.SimpleNamespace(binary='nova-compute', host=host)

        return watchdog.Watchdog(interval, DOWN_TIME, service, self.note)

    def note(self, stopped):
        if self.errors:
            raise self.errors.pop(0)
        self.noted.append(sorted(stopped))

    def look(self, seconds=None):
        """Look when that is due, or some seconds later; return the pause."""
        if seconds is None:
            seconds = self.pause
        self.now += seconds
        self.pause = self.watchdog._look()
        return self.pause

    def pass_by(self, seconds):
        """Look whenever that is due within some seconds."""
        end = self.now + seconds
        while self.now < end:
            self.look(min(self.pause, end - self.now))

    def join(self, *joined):
        self.watchdog.joined(joined)
        self.look(0)

    def test_before_the_service_is_down_the_loop_counts_as_stopped(self):
        for interval, down_time, seconds in (
            (10, 60, 50),
            (1, 4, 3),
            (20, 60, 45),
            (60, 60, 45),
        ):
            self.assertEqual(seconds, watchdog.patience(interval, down_time))

    def test_what_stops_is_noted_once_until_it_beats_again(self):
        self.join('a', 'b')
        for _ in range(8):
            self.watchdog.beating(['a'])
            self.pass_by(INTERVAL)
        self.assertEqual([['b']], self.noted)
        self.watchdog.beating(['a', 'b'])
        self.pass_by(40)
        self.assertEqual([['b']], self.noted)
        self.pass_by(60)
        self.assertEqual([['b'], ['a', 'b']], self.noted)

    def test_it_looks_only_when_something_may_have_stopped(self):
        self.join('a')
        self.assertEqual(50, self.pause)
        self.now += 30
        self.watchdog.beating(['a'])
        self.look(20)
        self.assertEqual(30, self.pause)
        self.assertEqual([], self.noted)

    def test_a_process_that_was_suspended_gets_an_interval(self):
        self.join('a')
        self.look(3600)
        self.assertEqual(([], INTERVAL), (self.noted, self.pause))
        self.look()
        self.assertEqual([['a']], self.noted)

    def test_what_cannot_be_noted_is_tried_again(self):
        log = self.useFixture(fixtures.FakeLogger(watchdog.__name__))
        self.join('a')
        self.errors = [AWAY]
        self.now += 51
        self.assertRaises(
            exception.ServiceGroupUnavailable, self.watchdog._look
        )
        # What the loop does then.
        self.look(self.watchdog._again())
        self.assertEqual([['a']], self.noted)
        # The log is told once.
        self.assertEqual(1, log.output.count('nova-compute on host a'))

    def test_what_fails_otherwise_is_not(self):
        self.join('a')
        self.errors = [KeyError('x')]
        self.look(51)
        self.look()
        self.assertEqual([], self.noted)

    def test_who_has_left_is_noted_no_more_and_the_thread_ends(self):
        self.join('a')
        self.watchdog.left(['a'])
        self.loop.wake.assert_called_once_with()
        self.assertIsNone(self.look(51))
        # A beat that was under way is none of a member.
        self.watchdog.beating(['a'])
        self.assertIsNone(self.look(51))
        self.join('a')
        self.assertEqual(([], 50), (self.noted, self.pause))

    def test_where_nothing_beats_there_is_nothing_to_look_at(self):
        idle = self.make(0)
        idle.joined(['a'])
        self.loop.start.assert_not_called()

    def test_those_of_a_test_end_with_it(self):
        with watchdogs.Watchdogs():
            self.join('a')
        self.loop.stop.assert_called_once_with()
        self.look(51)
        self.assertEqual([], self.noted)

    def test_nobody_waits_for_those_of_another_test(self):
        other = threading.Event()
        thread = threading.Thread(target=other.wait, name=watchdog.THREAD)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(other.set)
        with (
            mock.patch.object(thread, 'join') as join,
            watchdogs.Watchdogs(),
        ):
            self.join('a')
        join.assert_not_called()
