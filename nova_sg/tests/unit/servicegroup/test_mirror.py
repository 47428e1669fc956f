# SPDX-License-Identifier: Apache-2.0

"""A mirror that follows a backend of a few lines."""

import logging
import threading
import time
from unittest import mock

import fixtures
from oslotest import base as test_base

from nova_sg import exception
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import record
from nova_sg.servicegroup.mirror import feed
from nova_sg.servicegroup.mirror import members
from nova_sg.servicegroup.mirror import mirror
from nova_sg.servicegroup.mirror import part
from nova_sg.tests.fixtures import threads
from nova_sg.tests.unit.servicegroup import base

MEMBERS = (liveness.Member(1, 0.0, 60),)


class Source(feed.Source, feed.ChangeFeed, feed.MemberFeed):
    """One cell whose log begins at a position."""

    def __init__(self):
        self.lock = threading.RLock()
        self.log = []
        self.begins = 0
        self.listed = 0
        self.workers = {}
        self.broken = False
        self.failures = 0
        self.told = []

    def records(self, cell, changed):
        self.told.append(changed)
        return self

    def members(self, changed):
        self.told.append(changed)
        of_members = mock.Mock(spec=feed.MemberFeed)
        of_members.changes.side_effect = lambda: self.workers
        return of_members

    def write(self, *changes, tell=True):
        with self.lock:
            self.log += [feed.Change(uuid, of) for uuid, of in changes]
        for each in self.told if tell else ():
            each()

    def snapshot(self):
        with self.lock:
            if self.broken:
                self.failures += 1
                raise exception.RecordUnreadable(where='here', reason='odd')
            self.listed += 1
            records = dict(self.log)
            position = self.begins + len(self.log)
            return {u: r for u, r in records.items() if r}, position

    def changes(self, position):
        with self.lock:
            if not self.begins <= position <= self.begins + len(self.log):
                raise feed.FallenBack
            found = self.log[position - self.begins :]
            return found, self.begins + len(self.log)

    def trim(self, later=0):
        """Keep what is there, under later positions."""
        with self.lock:
            self.begins += len(self.log) + later

    def touch(self, uuids):
        raise NotImplementedError

    audit = touch


class TestMirror(base.WaitingTestCase):
    def setUp(self):
        super().setUp()
        self.source = Source()
        self.lease = base.Lease(6.0, base.PATIENCE)
        self.mirror = mirror.Mirror(self.lease, self.source)
        self.addCleanup(self.mirror.closed)

    def record(self, number):
        return record.Record(
            id=number,
            uuid=f'uuid{number}',
            host='host1',
            binary='nova-compute',
            topic='compute',
        )

    def hosts(self):
        """Return the ids in the mirror, None where it does not answer."""
        view = self.mirror.view('cell')
        return view and [each.id for each in view.all]

    def follow(self, *numbers):
        self.source.write(*((f'uuid{n}', self.record(n)) for n in numbers))
        self.mirror.follow('cell')

    def write(self, number, *, gone=False, tell=True):
        of = None if gone else self.record(number)
        self.source.write((f'uuid{number}', of), tell=tell)
        # What this process has written, it reads.
        position = self.source.begins + len(self.source.log)
        self.mirror.positions.note('cell', position)

    def test_a_cell_that_nobody_follows_is_not_answered_for(self):
        self.assertIsNone(self.mirror.view('cell'))
        self.assertIsNone(self.mirror.living())

    def test_a_process_that_lists_often_is_answered_by_the_mirror(self):
        for _ in range(mirror.LISTS_BEFORE + 1):
            self.assertIsNone(self.mirror.view('cell'))
            self.mirror.note_list('cell')
        self.assertEqual([], self.hosts())

    def test_what_no_thread_can_follow_yet_is_followed_later(self):
        log = self.useFixture(fixtures.FakeLogger(mirror.__name__))
        with threads.NoThreads():
            for _ in range(2):
                self.follow(1)
                self.assertIsNone(self.hosts())
                self.assertIsNone(self.mirror.living())
        self.assertEqual(1, log.output.count("can't start new thread"))
        self.follow(2)
        self.assertEqual([1, 2], self.hosts())

    def test_verdicts_go_on_where_no_thread_can_be_started(self):
        self.lease.watch = self.start_thread
        with threads.NoThreads():
            for number in range(2 * mirror.VERDICTS_BEFORE):
                self.mirror.note_verdicts([str(number)])
        for number in range(2 * mirror.VERDICTS_BEFORE):
            self.mirror.note_verdicts([str(number)])
        self.assertEqual({}, self.mirror.living())

    def start_thread(self):
        self.lease.connect()
        threading.Thread(target=str).start()

    def test_changes_are_applied_to_the_snapshot(self):
        self.follow(1, 2)
        self.assertEqual([1, 2], self.hosts())
        self.write(3)
        self.assertEqual([1, 2, 3], self.hosts())
        self.write(1, gone=True)
        self.assertEqual([2, 3], self.hosts())
        self.assertEqual(1, self.source.listed)

    def test_a_reader_that_has_fallen_back_lists_again(self):
        self.follow(1)
        self.assertEqual([1], self.hosts())
        self.source.trim(later=5)
        self.write(2)
        self.assertEqual([1, 2], self.hosts())
        self.assertEqual(2, self.source.listed)

    def test_what_cannot_be_read_is_told_once_and_tried_again(self):
        log = self.useFixture(
            fixtures.FakeLogger(mirror.__name__, level=logging.INFO)
        )
        self.useFixture(
            fixtures.MonkeyPatch(f'{part.__name__}.RETRY_AFTER', 0.01)
        )
        self.source.broken = True
        self.follow(1)
        self.assertIsNone(self.hosts())
        self.eventually(lambda: self.source.failures >= 3)
        self.source.broken = False
        self.eventually(lambda: self.hosts() == [1])
        self.assertEqual(1, log.output.count('Cannot follow'), log.output)

    def test_no_view_is_older_than_what_was_seen_otherwise(self):
        self.lease.request_timeout = 0.1
        self.follow(1)
        self.assertEqual([1], self.hosts())
        self.write(2, tell=False)
        self.assertIsNone(self.hosts())

    def test_members_are_followed_with_what_was_touched_here(self):
        self.follow()
        self.assertEqual({}, self.mirror.living())
        self.source.workers = {'uuid1': MEMBERS}
        self.mirror.touch(['uuid1'])
        self.assertEqual({'uuid1': MEMBERS}, self.mirror.living())
        self.source.workers = {'uuid1': None}
        self.mirror.touch(['uuid1'])
        self.assertEqual({}, self.mirror.living())

    def test_what_is_older_than_the_staleness_is_not_told(self):
        self.follow(1)
        self.assertEqual([1], self.hosts())
        self.lease._note_disconnected()
        self.mirror.lease_changed()
        self.assertEqual([1], self.hosts())
        self.lease.timeout = self.lease.request_timeout = 0.0
        self.assertIsNone(self.hosts())

    def test_members_that_are_older_than_that_are_not_told_either(self):
        self.mirror.follow(None)
        self.source.workers = {'uuid1': MEMBERS}
        self.mirror.touch(['uuid1'])
        self.assertEqual({'uuid1': MEMBERS}, self.mirror.living())
        # As in a process that was stopped, and goes on.
        self.lease.vouched_at -= self.mirror.staleness
        self.assertIsNone(self.mirror.living())
        self.assertEqual({'uuid1': MEMBERS}, self.mirror.latest_living())

    def test_after_an_interruption_the_position_is_checked(self):
        self.follow(1)
        self.assertEqual([1], self.hosts())
        self.source.check = mock.Mock(side_effect=feed.FallenBack)
        self.lease._note_disconnected()
        self.mirror.lease_changed()
        self.lease.connect()
        self.mirror.lease_changed()
        self.assertEqual([1], self.hosts())
        self.eventually(lambda: self.source.listed >= 2)


class TestPauses(test_base.BaseTestCase):
    def pause_after(self, seconds: float) -> float:
        """Return how long nothing is read after a reading that took long."""
        read = members.AllMembers(base.Lease(6.0, 5.0), mock.Mock(), Source())
        now = time.monotonic()
        return read.next_time(now - seconds) - now

    def test_many_changes_at_once_are_read_at_once(self):
        self.assertGreaterEqual(self.pause_after(0), members.PAUSE)

    def test_reading_takes_a_small_share_of_the_time(self):
        self.assertGreaterEqual(self.pause_after(0.05), 0.5)

    def test_a_crash_shows_however_slow_the_last_reading_was(self):
        longest = members.LONGEST_PAUSE
        self.assertAlmostEqual(longest, self.pause_after(60), delta=0.5)
