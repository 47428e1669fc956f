# SPDX-License-Identifier: Apache-2.0

"""Grouping the beats of many threads."""

from concurrent import futures
import threading
from unittest import mock

from oslotest import base

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.conductor import beats
from nova_sg.tests.fixtures import commands

MANY = 50


class Backend:
    """Takes beats when it is let to.

    :ivar writes: the uuids of each
    :ivar gone: has no record of these
    :ivar error: raised by each write
    """

    def __init__(self) -> None:
        self.writes: list[list[str]] = []
        self.gone: set[str] = set()
        self.error: Exception | None = None
        self.busy = threading.Event()
        self.free = threading.Event()
        self.free.set()

    def report(self, context, uuids):
        self.writes.append(list(uuids))
        self.busy.set()
        self.free.wait()
        if self.error is not None:
            raise self.error
        return [uuid for uuid in uuids if uuid in self.gone]


class TestGroupCommit(base.BaseTestCase):
    limit = 2 * MANY

    def setUp(self) -> None:
        super().setUp()
        self.backend = Backend()
        self.group = beats.GroupCommit(
            self.backend.report, spacing=0, limit=self.limit
        )
        self.context = sg_context.get_admin_context()
        self.pool = futures.ThreadPoolExecutor(2 * MANY)
        self.addCleanup(self.pool.shutdown)
        # A test that has failed must not wait for its own threads.
        self.addCleanup(self.backend.free.set)

    def beat(self, *uuids):
        return self.pool.submit(self.group.report, self.context, list(uuids))

    def during_a_write(self):
        """Have one beat under way, which does not get on."""
        self.backend.free.clear()
        first = self.beat('first')
        self.backend.busy.wait()
        return first

    def wait_for(self, number):
        """Return when so many beats wait."""
        commands.wait_until(
            lambda: self.group.facts()['beats_waiting'] == number,
            f'{number} beats wait',
        )

    def test_a_beat_alone_is_one_write(self):
        self.assertEqual([], self.group.report(self.context, ['a']))
        self.assertEqual([['a']], self.backend.writes)

    def test_a_posted_beat_is_written_with_others_and_waits_for_none(self):
        first = self.during_a_write()
        leader = self.beat('a')
        self.wait_for(2)
        self.group.post(self.context, ['b'])
        self.backend.free.set()
        self.assertEqual([[], []], [first.result(), leader.result()])
        self.assertEqual([['first'], ['a', 'b']], self.backend.writes)

    def test_a_posted_beat_that_leads_is_written(self):
        self.group.post(self.context, ['a'])
        self.assertEqual([['a']], self.backend.writes)

    def test_a_posted_beat_that_leads_knows_that_it_is_lost(self):
        self.backend.error = exception.ServiceGroupUnavailable(
            backend='x', reason='gone'
        )
        self.assertRaises(
            exception.ServiceGroupUnavailable,
            self.group.post,
            self.context,
            ['a'],
        )

    def test_what_comes_during_a_write_goes_into_the_next_together(self):
        first = self.during_a_write()
        others = [self.beat(f'{number:02d}') for number in range(MANY)]
        self.wait_for(MANY + 1)
        self.backend.free.set()
        for each in (first, *others):
            self.assertEqual([], each.result())
        self.assertEqual(
            [['first'], [f'{number:02d}' for number in range(MANY)]],
            self.backend.writes,
        )
        self.assertEqual(
            {
                'beats_waiting': 0,
                'beats_written': MANY + 1,
                'beat_writes': 2,
            },
            self.group.facts(),
        )

    def test_nobody_is_answered_before_the_write_is_over(self):
        first = self.during_a_write()
        other = self.beat('other')
        self.wait_for(2)
        self.assertEqual([False, False], [first.done(), other.done()])
        self.backend.free.set()
        self.assertEqual([], other.result())

    def test_each_learns_what_is_gone_of_its_own(self):
        self.backend.gone = {'a', 'c'}
        first = self.during_a_write()
        mine, theirs = self.beat('a', 'b'), self.beat('c')
        self.wait_for(4)
        self.backend.free.set()
        self.assertEqual([], first.result())
        self.assertEqual((['a'], ['c']), (mine.result(), theirs.result()))

    def test_an_error_of_the_write_is_everybodys(self):
        self.during_a_write()
        others = [self.beat(str(number)) for number in range(3)]
        self.wait_for(4)
        self.backend.error = exception.ServiceGroupUnavailable(
            backend='b', reason='r'
        )
        self.backend.free.set()
        for each in others:
            error = each.exception()
            self.assertIsInstance(error, exception.ServiceGroupUnavailable)
            self.assertEqual({'backend': 'b', 'reason': 'r'}, error.kwargs)
        self.assertEqual(0, self.group.facts()['beats_waiting'])

        # And the next is as if nothing had been.
        self.backend.error = None
        self.assertEqual([], self.group.report(self.context, ['a']))

    def test_an_error_that_nobody_expects_is_no_silence_either(self):
        self.backend.error = RuntimeError('surprise\n[SQL: all of it]')
        error = self.assertRaises(
            exception.ServiceGroupUnavailable,
            self.group.report,
            self.context,
            ['a'],
        )
        self.assertIn('RuntimeError: surprise', str(error))
        self.assertNotIn('SQL', str(error))

    def test_too_many_are_refused_at_once(self):
        first = self.during_a_write()
        waiting = self.beat(*(str(each) for each in range(self.limit - 1)))
        self.wait_for(self.limit)
        error = self.assertRaises(
            exception.ServiceGroupUnavailable,
            self.group.report,
            self.context,
            ['one more'],
        )
        self.assertIn(f'{self.limit} of them wait', str(error))
        self.backend.free.set()
        self.assertEqual(([], []), (first.result(), waiting.result()))
        self.assertEqual([], self.group.report(self.context, ['one more']))

    def test_two_workers_of_a_service_have_both_beaten(self):
        self.during_a_write()
        others = [self.beat('a'), self.beat('a'), self.beat('b')]
        self.wait_for(4)
        self.backend.free.set()
        for each in others:
            each.result()
        self.assertEqual([['first'], ['a', 'b'], ['a']], self.backend.writes)

    def test_a_batch_is_open_for_a_moment_where_beats_come_in_bursts(self):
        self.group = beats.GroupCommit(
            self.backend.report, spacing=0, limit=self.limit, linger=1
        )
        with mock.patch.object(
            beats.time,
            'sleep',
            side_effect=lambda _: self.group.post(self.context, ['b']),
        ):
            self.group.post(self.context, ['a'])
        self.assertEqual([['a', 'b']], self.backend.writes)

    def test_writes_keep_their_distance_under_load(self):
        # So far apart that whatever comes before the second is in it.
        self.group = beats.GroupCommit(
            self.backend.report, spacing=1, limit=self.limit
        )
        self.group.report(self.context, ['first'])
        others = [self.beat(str(number)) for number in range(MANY)]
        self.wait_for(MANY)
        for each in others:
            each.result()
        self.assertEqual(2, len(self.backend.writes))
