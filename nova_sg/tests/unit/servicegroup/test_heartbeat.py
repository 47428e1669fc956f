# SPDX-License-Identifier: Apache-2.0

"""The loop that must not stop."""

import threading
import time

import fixtures

from nova_sg import context
from nova_sg import exception
from nova_sg.servicegroup import heartbeat
from nova_sg.servicegroup import record
from nova_sg.servicegroup.membership import base as membership_base
from nova_sg.tests.unit.servicegroup import base


class Memory(membership_base.Membership):
    """A membership that notes its beats, and fails when told to.

    :ivar beats: the hosts of each beat, in order
    :ivar errors: raised by the next beats, one each
    :ivar gone: hosts whose record is gone
    """

    marker_store = None

    def __init__(self) -> None:
        super().__init__(None)
        self.beats = []
        self.errors = []
        self.gone = set()
        self.blocked = threading.Event()
        self.blocked.set()

    def join_many(self, context, joined):
        return [membership_base.Handle(self, each) for each in joined]

    def beat_many(self, context, handles):
        self.blocked.wait(base.PATIENCE)
        self.beats.append([handle.record.host for handle in handles])
        if self.errors:
            raise self.errors.pop(0)
        return [h for h in handles if h.record.host in self.gone]

    def leave_many(self, context, handles):
        raise NotImplementedError

    def alive(self, context, uuids):
        raise NotImplementedError

    def forget(self, context, uuid):
        raise NotImplementedError


class HeartbeatTestCase(base.WaitingTestCase):
    interval = 0.02

    def setUp(self) -> None:
        super().setUp()
        self.log = self.useFixture(
            fixtures.FakeLogger('nova_sg.servicegroup.heartbeat')
        )
        self.membership = Memory()
        self.told = []
        self.heartbeat = heartbeat.Heartbeat(
            self.membership,
            context.get_admin_context(),
            self.interval,
            on_gone=self.told.append,
        )

    def handles(self, *hosts):
        return self.membership.join_many(
            None,
            [
                record.Record(
                    id=1,
                    uuid=host,
                    host=host,
                    binary='nova-compute',
                    topic='compute',
                )
                for host in hosts
            ],
        )

    def start(self):
        self.heartbeat.start()
        self.addCleanup(self.heartbeat.stop)


class TestOneBeat(HeartbeatTestCase):
    def unavailable(self):
        return exception.ServiceGroupUnavailable(backend='b', reason='r')

    def test_it_survives_any_error(self):
        handles = self.handles('c1')
        self.membership.errors = [
            self.unavailable(),
            ValueError('a bug'),
            RecursionError(),
        ]
        for _beat in range(4):
            self.heartbeat.beat(handles)
        self.assertEqual([['c1']] * 4, self.membership.beats)
        self.assertEqual([], self.told)

    def test_a_backend_that_is_away_is_reported_once_and_its_return_too(self):
        handles = self.handles('c1')
        self.membership.errors = [self.unavailable()] * 3
        for _beat in range(6):
            self.heartbeat.beat(handles)
        self.assertEqual(
            [
                'Cannot report state, will try again: The servicegroup '
                'backend b is unavailable: r',
                'Recovered from being unable to report state.',
            ],
            self.log.output.splitlines(),
        )

    def test_a_service_that_is_gone_is_told_and_not_beaten_for_again(self):
        handles = self.handles('c1', 'c2', 'c3')
        second = handles[1]
        self.membership.gone = {'c2'}
        self.heartbeat.beat(handles)
        self.heartbeat.beat(handles)
        self.assertEqual(
            [['c1', 'c2', 'c3'], ['c1', 'c3']], self.membership.beats
        )
        self.assertEqual([second], self.told)
        self.assertEqual(
            1,
            self.log.output.count(
                'The record of nova-compute on host c2 is gone'
            ),
        )

    def test_an_error_of_what_is_told_stops_nothing_nor_need_it_be_told(self):
        def fail(_handle):
            raise ZeroDivisionError

        self.membership.gone = {'c1', 'c2'}
        for told in (fail, None):
            handles = self.handles('c1', 'c2', 'c3')
            heartbeat.Heartbeat(self.membership, None, 1, told).beat(handles)
            self.assertEqual(['c3'], [each.record.host for each in handles])

    def test_an_unexpected_error_that_lasts_is_logged_once(self):
        self.membership.errors = [ValueError('a bug')] * 3
        handles = self.handles('c1')
        for _beat in range(6):
            self.heartbeat.beat(handles)
        self.assertEqual(1, self.log.output.count('Traceback'))
        self.assertEqual(1, self.log.output.count('Recovered'))


class TestTheLoop(HeartbeatTestCase):
    def beats_of(self, host):
        return sum(host in hosts for hosts in self.membership.beats)

    def test_it_beats_again_and_again_and_for_later_services(
        self,
    ):
        self.start()
        self.heartbeat.add(self.handles('c1'))
        self.eventually(lambda: self.beats_of('c1') >= 3)
        self.heartbeat.add(self.handles('c2'))
        self.eventually(lambda: self.beats_of('c2') >= 2)

    def test_it_beats_no_more_after_stop(self):
        self.heartbeat.add(self.handles('c1'))
        self.start()
        self.eventually(lambda: self.membership.beats)
        self.heartbeat.stop()
        count = len(self.membership.beats)
        time.sleep(3 * self.interval)
        self.assertEqual(count, len(self.membership.beats))

    def test_stop_waits_for_the_beat_under_way(self):
        self.membership.blocked.clear()
        self.heartbeat.add(self.handles('c1'))
        self.start()
        stopper = threading.Thread(target=self.heartbeat.stop)
        stopper.start()
        self.membership.blocked.set()
        stopper.join(base.PATIENCE)
        self.assertFalse(stopper.is_alive())
        self.assertFalse(self.heartbeat._thread.is_alive())

    def test_it_can_be_stopped_before_it_was_started(self):
        self.heartbeat.add(self.handles('c1'))
        self.heartbeat.stop()
        self.assertEqual([], self.membership.beats)


class TestWhenBeatsAreDue(HeartbeatTestCase):
    """When beats are due is arithmetic."""

    interval = 10

    def setUp(self) -> None:
        super().setUp()
        self.clock = self.useFixture(base.Clock(heartbeat))
        self.clock.now = 100.0

    def add(self, *hosts, at):
        """Take on handles whose first beat is due at a moment."""
        self.useFixture(
            fixtures.MonkeyPatch(
                'nova_sg.servicegroup.heartbeat.first_delay',
                lambda interval: at - self.clock.now,
            )
        )
        self.heartbeat.add(self.handles(*hosts))

    def due(self):
        """Return when each batch is due next, the soonest first."""
        return sorted(due for due, _handles in self.heartbeat._batches)

    def take(self, at):
        """Let the loop take the next batch at a moment."""
        self.clock.now = at
        return [h.record.host for h in self.heartbeat._next()]

    def test_the_first_beat_is_within_the_interval(self):
        delays = {heartbeat.first_delay(10) for _try in range(200)}
        self.assertTrue(all(0 <= delay <= 10 for delay in delays))
        # Spread over it, and not in step.
        self.assertGreater(max(delays) - min(delays), 5)

    def test_many_are_cut_into_batches_that_start_apart(self):
        self.heartbeat.add(self.handles(*map(str, range(1201))))
        batches = self.heartbeat._batches
        self.assertEqual(
            [500, 500, 201], [len(handles) for _due, handles in batches]
        )
        self.assertEqual(3, len({due for due, _handles in batches}))
        for due, _handles in batches:
            self.assertTrue(100 <= due <= 110)

    def test_the_one_due_first_goes_first(self):
        self.add('late', at=108)
        self.add('soon', at=103)
        self.assertEqual(['soon'], self.take(103))
        self.assertEqual(['late'], self.take(108))
        self.assertEqual(['soon'], self.take(113))

    def test_a_late_beat_keeps_the_rhythm(self):
        self.add('c1', at=103)
        self.take(107)
        self.assertEqual([113], self.due())

    def test_beats_that_were_missed_are_not_made_up_for(self):
        self.add('c1', at=103)
        self.take(150)
        self.assertEqual([160], self.due())

    def test_a_batch_that_is_late_does_not_hold_up_another(self):
        self.add('c1', at=103)
        self.add('c2', at=104)
        self.assertEqual(['c1'], self.take(150))
        self.assertEqual(['c2'], self.take(150))


class TestTurns(HeartbeatTestCase):
    def turning(self, interval):
        """Start a loop, and return it with a semaphore that it releases."""
        turns = threading.Semaphore(0)
        loop = heartbeat.Heartbeat(
            self.membership,
            context.get_admin_context(),
            interval,
            on_turn=turns.release,
            turns_within=0.01,
        )
        loop.start()
        self.addCleanup(loop.stop)
        return loop, turns

    def test_a_loop_with_nothing_to_do_turns(self):
        idle, turns = self.turning(3600)
        for _ in range(3):
            self.assertTrue(turns.acquire(timeout=base.PATIENCE))
        idle.add(self.handles('a'))
        for _ in range(3):
            self.assertTrue(turns.acquire(timeout=base.PATIENCE))

    def test_a_loop_whose_beat_hangs_does_not_turn(self):
        hanging = threading.Event()

        def hang(_context, _handles):
            hanging.set()
            self.membership.blocked.wait(base.PATIENCE)
            return []

        self.membership.blocked.clear()
        self.membership.beat_many = hang
        stuck, turns = self.turning(self.interval)
        self.addCleanup(self.membership.blocked.set)
        stuck.add(self.handles('a'))
        self.assertTrue(hanging.wait(base.PATIENCE))
        while turns.acquire(blocking=False):
            pass
        self.assertFalse(turns.acquire(timeout=0.1))
