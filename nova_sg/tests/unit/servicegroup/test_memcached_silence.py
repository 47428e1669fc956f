# SPDX-License-Identifier: Apache-2.0

"""What one process tells of a silence, by the ticks that it has seen."""

import fixtures
from oslotest import base

from nova_sg.servicegroup.backends.memcached import keys
from nova_sg.servicegroup.backends.memcached import silence

BOUNDS = silence.Bounds(
    interval=10, tolerable=26, settling=14, renewal=3, counting=49
)

#: An outage that no member beats in.
OUTAGE = 60.0


class SilenceTest(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.now = 1000.0
        self.useFixture(
            fixtures.MonkeyPatch('time.monotonic', lambda: self.now)
        )
        self.silence = silence.Silence(keys.Keys('nova-sg'), BOUNDS)

    def read(self, tick: int, seconds: int = 0) -> None:
        """Read a tick each second, for some seconds."""
        for _ in range(seconds + 1):
            self.silence.saw(b'%d' % tick)
            self.now += 1

    def tells(self) -> bool:
        """Be cut off for long; return whether that is told as a silence."""
        self.now += OUTAGE
        told = self.silence.greeting(OUTAGE) is not None
        self.silence.returned()
        return told

    def test_an_outage_without_a_beat_is_told(self) -> None:
        self.read(7)
        self.assertTrue(self.tells())

    def test_a_process_that_saw_members_die_tells_of_none(self) -> None:
        self.read(7, 15)
        self.assertFalse(self.tells())

    def test_a_link_that_flaps_does_not_tell_of_one_for_ever(self) -> None:
        told = []
        for _ in range(10):
            self.read(7, 1)
            told.append(self.tells())
        self.assertEqual([True, True], told[:2])
        self.assertNotIn(True, told[2:])

    def test_short_outages_are_not_counted(self) -> None:
        for _ in range(10):
            self.read(7)
            self.assertIsNone(self.silence.greeting(1.0))
            self.silence.returned()
        self.assertTrue(self.tells())

    def test_members_that_beat_are_heard_again(self) -> None:
        for tick in range(7, 12):
            self.read(tick, 9)
            self.assertTrue(self.tells())

    def test_a_new_process_tells_once_of_a_tick_that_none_counts(self) -> None:
        self.silence.saw(b'7')
        for counting, told, writes in (
            (None, None, 2),
            (None, b'6', 2),
            (None, b'7', 0),
            (b'1', None, 0),
        ):
            with self.subTest(counting=counting, told=told):
                telling = self.silence.unheard(7, counting, told)
                self.assertEqual(writes, len(telling))

    def test_one_that_saw_members_die_neither_tells_nor_believes(self) -> None:
        self.read(7, 15)
        self.assertEqual([], self.silence.unheard(7, None, None))
        self.assertIsNone(self.silence.begun(b'{"tick": 7}', 7))
        # Nor when one of them is back.
        self.read(8)
        self.assertIsNone(self.silence.begun(b'{"tick": 7}', 8))
        self.assertEqual(8, self.silence.begun(b'{"tick": 8}', 8))
