# SPDX-License-Identifier: Apache-2.0

"""The epoch protocol, with a flush between any two of its steps.

A real server cannot be made to forget everything between two keys of one
request, at will. So here a dictionary is the server, and every order of the
steps of a reader, of a writer and of flushes is tried.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import itertools
import logging
import random
import threading
from typing import Any
from typing import cast

import fixtures
from oslotest import base

from nova_sg import conf as sg_conf
from nova_sg.servicegroup.backends.memcached import epoch
from nova_sg.servicegroup.backends.memcached import keys
from nova_sg.servicegroup.backends.memcached import server

MEMBER = 'a member'


class Process:
    """A thread that does one step when it is told to."""

    def __init__(self, work: Callable[['Process'], Any]) -> None:
        self._go = threading.Semaphore(0)
        self._done = threading.Semaphore(0)
        self._ended = False
        self.result: Any = None
        self._thread = threading.Thread(target=self._run, args=(work,))
        self._thread.start()
        self._done.acquire()

    def step(self) -> None:
        """Let it do its next step, and wait until it has."""
        if not self._ended:
            self._go.release()
            self._done.acquire()

    def finish(self) -> None:
        while not self._ended:
            self.step()
        self._thread.join()

    def wait(self) -> None:
        """Wait, in the thread, until it may do its next step."""
        self._done.release()
        self._go.acquire()

    def _run(self, work: Callable[['Process'], Any]) -> None:
        self.result = work(self)
        self._ended = True
        self._done.release()


class Dictionary:
    """A server as one process sees it; it looks up one key after another."""

    name = 'a dictionary'

    def __init__(self, values: dict[str, bytes], process: Process) -> None:
        self._values = values
        self._process = process

    def attend(self, attendant: object) -> None:
        """Nothing to attend to: it is never out."""

    def get(self, wanted: Sequence[str]) -> dict[str, bytes]:
        found = {}
        for key in wanted:
            if not key.endswith((':tick', ':silence', ':counting', ':told')):
                self._process.wait()
            if key in self._values:
                found[key] = self._values[key]
        return found

    def add(
        self, items: Sequence[tuple[str, bytes]], ttl: int = 0
    ) -> list[bool]:
        self._process.wait()
        added = []
        for key, value in items:
            added.append(key not in self._values)
            self._values.setdefault(key, value)
        return added

    def set(self, items: Mapping[str, bytes], ttl: int) -> None:
        self._process.wait()
        self._values.update(items)


class TestEpoch(base.BaseTestCase):
    """No reader takes a flushed member for a dead one."""

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(fixtures.FakeLogger(level=logging.ERROR))
        self.conf = sg_conf.load([])
        self.keys = keys.Keys('test')

    def memory(
        self, values: dict[str, bytes], process: Process
    ) -> epoch.ServerMemory:
        there = cast(server.Server, Dictionary(values, process))
        return epoch.ServerMemory(there, self.keys, self.conf)

    def play(self, schedule: Iterable[str]) -> epoch.Reading:
        """Play a schedule on a server that has a member; return the reading.

        :param schedule: ``r`` for a step of the reader, ``F`` for a flush,
            any other letter for a step of a writer, who is whoever found the
            server without an epoch
        """
        values = {
            MEMBER: b'beats',
            self.keys.epoch: b'old',
            self.keys.begun: b'old',
        }
        reader = Process(lambda p: self.memory(values, p).read([MEMBER]))
        writers: dict[str, Process] = {}
        for who in schedule:
            if who == 'F':
                values.clear()
            elif who == 'r':
                reader.step()
            else:
                if who not in writers:
                    writers[who] = Process(
                        lambda p: self.memory(values, p)._begin()
                    )
                writers[who].step()
        for process in (reader, *writers.values()):
            process.finish()
        return cast(epoch.Reading, reader.result)

    def assert_no_false_death(self, schedules: Iterator[str]) -> int:
        complete = 0
        for schedule in schedules:
            reading = self.play(schedule)
            complete += reading.complete
            if reading.complete and MEMBER not in reading.values:
                self.fail(f'the member is taken for dead: {schedule}')
        return complete

    def test_a_flush_between_any_two_steps(self) -> None:
        schedules = set(itertools.permutations('rrrrwwwwF'))
        self.assertGreater(
            self.assert_no_false_death(map(''.join, schedules)), 0
        )

    def test_flushes_and_two_writers_in_random_order(self) -> None:
        chance = random.Random(1)
        steps = list('rrrrvvvvwwwwFFF')

        def shuffled() -> Iterator[str]:
            for _ in range(800):
                chance.shuffle(steps)
                yield ''.join(steps)

        self.assertGreater(self.assert_no_false_death(shuffled()), 0)

    def test_a_member_that_is_missing_without_a_flush_is_dead(self) -> None:
        values = {self.keys.epoch: b'old', self.keys.begun: b'old'}
        reader = Process(lambda p: self.memory(values, p).read([MEMBER]))
        reader.finish()
        self.assertEqual(epoch.Reading({}, True, 'old'), reader.result)

    def test_who_begins_an_epoch_and_crashes_is_succeeded(self) -> None:
        values: dict[str, bytes] = {}
        crashed = Process(lambda p: self.memory(values, p)._begin())
        crashed.step()
        begun = dict(values)
        reader = Process(lambda p: self.memory(values, p).read([MEMBER]))
        reader.finish()
        self.assertFalse(reader.result.complete)
        self.assertEqual(begun[self.keys.epoch], values[self.keys.begun])
        self.assertIn(self.keys.settling, values)
        crashed.finish()

    def test_settling_is_a_report_interval_and_a_margin(self) -> None:
        self.assertEqual(14, epoch.settling_time(self.conf))
        self.assertEqual(61, epoch.member_ttl(self.conf))
        self.conf.set_override('service_down_time', 11, 'servicegroup')
        self.assertEqual(12, epoch.settling_time(self.conf))
