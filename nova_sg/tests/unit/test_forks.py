# SPDX-License-Identifier: Apache-2.0

"""A forked child waits for no lock that a thread of its parent held."""

import gc
import threading
import weakref

from oslotest import base

from nova_sg import forks
from nova_sg.servicegroup import clockwatch
from nova_sg.servicegroup import doubt
from nova_sg.servicegroup import knowledge
from nova_sg.servicegroup.backends.memcached import keys
from nova_sg.servicegroup.backends.memcached import silence
from nova_sg.tests.fixtures import children

BOUNDS = doubt.bounds_of(interval=10, down_time=60)


class ForksTestCase(base.BaseTestCase):
    def in_a_child_of_one_that_holds(self, lock, work):
        """Return what work returns in a child, forked while a thread locks."""
        held, over = threading.Event(), threading.Event()

        def hold():
            with lock:
                held.set()
                over.wait()

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait()
        try:
            return children.at_once([work])[0]
        finally:
            over.set()
            thread.join()

    def test_a_child_knows_what_its_parent_was_learning(self):
        known = knowledge.Knowledge(BOUNDS)
        self.assertEqual(
            {},
            self.in_a_child_of_one_that_holds(
                known._lock, lambda: known.last(['a'])
            ),
        )

    def test_a_child_doubts_what_its_parent_was_in_doubt_of(self):
        doubting = doubt.Doubting(BOUNDS)
        self.assertIsNone(
            self.in_a_child_of_one_that_holds(
                doubting._lock, lambda: doubting.now
            )
        )

    def test_a_child_watches_the_clock_that_its_parent_watched(self):
        watch = clockwatch.ClockWatch(print)
        self.assertIsNone(
            self.in_a_child_of_one_that_holds(
                watch._lock, lambda: watch.note(1.0, 1.0, 1.0)
            )
        )

    def test_a_child_counts_the_ticks_that_its_parent_counted(self):
        ticks = silence.Silence(
            keys.Keys('fork'), silence.Bounds(10, 30.0, 10.0, 3, 49)
        )
        self.assertEqual(
            7,
            self.in_a_child_of_one_that_holds(
                ticks._lock, lambda: ticks.saw(b'7')
            ),
        )

    def test_a_child_forgets_what_its_parent_has_once(self):
        class Connection:
            forgotten = False

            def forget(self):
                self.forgotten = True

        shared = forks.PerProcess(Connection.forget)
        mine = shared.get('options', Connection)
        self.assertIs(mine, shared.get('options', Connection))
        self.assertIsNot(mine, shared.get('others', Connection))
        self.assertTrue(
            self.in_a_child_of_one_that_holds(
                shared._lock,
                lambda: shared.get('options', Connection).forgotten,
            )
        )
        self.assertFalse(mine.forgotten)

    def test_what_is_renewed_is_not_kept_alive(self):
        class Owner:
            def __init__(self):
                self.lock = forks.renewed(self, 'lock', threading.Lock)

        reference = weakref.ref(Owner())
        gc.collect()
        self.assertIsNone(reference())
