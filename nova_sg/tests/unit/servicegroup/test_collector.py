# SPDX-License-Identifier: Apache-2.0

"""The garbage collector stops while anybody reads a list, and no longer."""

import gc
import os
import threading

import fixtures
from oslotest import base

from nova_sg.servicegroup import collector


class TestPaused(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.assertTrue(gc.isenabled())
        self.addCleanup(gc.enable)

    def test_it_goes_on_afterwards(self) -> None:
        with collector.paused():
            self.assertFalse(gc.isenabled())
            with collector.paused():
                self.assertFalse(gc.isenabled())
            self.assertFalse(gc.isenabled())
        self.assertTrue(gc.isenabled())

    def test_it_goes_on_after_an_error(self) -> None:
        def fail() -> None:
            with collector.paused():
                raise ValueError

        self.assertRaises(ValueError, fail)
        self.assertTrue(gc.isenabled())

    def test_it_stays_as_it_was(self) -> None:
        gc.disable()
        with collector.paused():
            pass
        self.assertFalse(gc.isenabled())

    def test_a_thread_that_is_done_does_not_end_it_for_another(self) -> None:
        begun, end = threading.Event(), threading.Event()

        def read() -> None:
            with collector.paused():
                begun.set()
                end.wait()

        other = threading.Thread(target=read)
        other.start()
        begun.wait()
        with collector.paused():
            end.set()
            other.join()
            self.assertFalse(gc.isenabled())
        self.assertTrue(gc.isenabled())

    def test_no_chain_of_readers_stops_it_for_ever(self) -> None:
        first, second = collector.paused(), collector.paused()
        with fixtures.MonkeyPatch(f'{collector.__name__}.LONGEST', -1.0):
            first.__enter__()
            second.__enter__()
            first.__exit__(None, None, None)
            self.assertTrue(gc.isenabled())
            second.__exit__(None, None, None)
        self.assertTrue(gc.isenabled())

    def test_a_reader_that_hangs_does_not_stop_it_for_the_others(self) -> None:
        hangs, held = collector.paused(), collector.paused()
        hangs.__enter__()
        held.__enter__()
        self.let_time_pass('LONGEST')
        with collector.paused():
            self.assertFalse(gc.isenabled())
        self.let_time_pass('HANGS')
        with collector.paused():
            self.assertTrue(gc.isenabled())
        self.assertTrue(gc.isenabled())
        # The pause is over: another has stopped it since.
        gc.disable()
        for each in (held, hangs):
            with collector.paused():
                self.assertFalse(gc.isenabled())
            each.__exit__(None, None, None)
            self.assertFalse(gc.isenabled())
        gc.enable()
        with collector.paused():
            self.assertFalse(gc.isenabled())
        self.assertTrue(gc.isenabled())

    def test_a_reader_that_comes_late_leaves_it_as_it_was(self) -> None:
        gc.disable()
        with collector.paused():
            self.let_time_pass('LONGEST', 'HANGS')
            with collector.paused():
                self.assertFalse(gc.isenabled())
        self.assertFalse(gc.isenabled())

    def let_time_pass(self, *names: str) -> None:
        for name in names:
            self.useFixture(
                fixtures.MonkeyPatch(f'{collector.__name__}.{name}', -1.0)
            )

    def test_it_goes_on_in_a_forked_child(self) -> None:
        with collector.paused():
            child = os.fork()
            if not child:
                os._exit(0 if gc.isenabled() else 1)
            _pid, status = os.waitpid(child, 0)
        self.assertEqual(0, status)
