# SPDX-License-Identifier: Apache-2.0

"""How long a record in memcached remembers its latest changes."""

from typing import Any

from oslotest import base

from nova_sg.servicegroup.backends.memcached import writes
from nova_sg.servicegroup.records import change

NOW = 1_800_000_000.0


class TestWrites(base.BaseTestCase):
    def after(self, *times: float) -> dict[str, Any]:
        """Return what is beside a record after changes at these times."""
        unknown: dict[str, Any] = {'shelf': 'left', 'memcached': {'new': 1}}
        for number, now in enumerate(times):
            unknown = writes.with_token(unknown, f'token{number}', now)
        return unknown

    def kept(self, unknown: dict[str, Any]) -> list[int]:
        return [
            number
            for number in range(200)
            if writes.holds(unknown, f'token{number}')
        ]

    def test_those_of_the_last_hour_are_kept(self) -> None:
        old = [NOW - change.KEPT - 1] * 3
        unknown = self.after(*old, *[NOW] * 20)
        self.assertEqual(list(range(3, 23)), self.kept(unknown))

    def test_a_clock_that_is_wrong_takes_none_of_the_latest(self) -> None:
        unknown = self.after(*[NOW] * 9, NOW + 10 * change.KEPT)
        self.assertEqual(list(range(2, 10)), self.kept(unknown))

    def test_there_are_never_more_than_a_value_can_bear(self) -> None:
        unknown = self.after(*[NOW] * 100)
        self.assertEqual(list(range(36, 100)), self.kept(unknown))

    def test_what_a_newer_version_wrote_is_kept(self) -> None:
        unknown = self.after(NOW)
        self.assertEqual('left', unknown['shelf'])
        self.assertEqual(1, unknown['memcached']['new'])

    def test_what_is_taken_back_was_not_made(self) -> None:
        unknown = writes.without_token(self.after(NOW, NOW), 'token0')
        self.assertEqual([1], self.kept(unknown))

    def test_what_nobody_can_read_holds_nothing(self) -> None:
        for strange in ({}, {'memcached': 1}, {'memcached': {'writes': [1]}}):
            self.assertFalse(writes.holds(strange, 'token0'))
            self.assertEqual(
                [0], self.kept(writes.with_token(strange, 'token0', NOW))
            )
