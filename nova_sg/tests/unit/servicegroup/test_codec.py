# SPDX-License-Identifier: Apache-2.0

"""A record as the value of a key, and the changes it remembers."""

import datetime
import json

from oslotest import base

from nova_sg import exception
from nova_sg.servicegroup import record
from nova_sg.servicegroup.records import change
from nova_sg.servicegroup.records import codec

NOON = datetime.datetime(2026, 1, 1, 12, tzinfo=datetime.UTC)
NOON_MS = int(NOON.timestamp() * 1000)
KEPT_MS = change.KEPT * 1000

SERVICE = record.Record(
    id=1, uuid='uuid1', host='host1', binary='nova-compute', topic='compute'
)


class TestCodec(base.BaseTestCase):
    def test_a_record_is_read_as_it_was_written(self) -> None:
        full = SERVICE._replace(
            created_at=NOON,
            updated_at=NOON,
            disabled=True,
            disabled_reason='ünd "so"',
            version=61,
        )
        value = codec.encode(codec.Stored(full))
        read = codec.decode(value, 'here', NOON_MS + 5000)
        self.assertEqual(full, read.record)

    def test_the_time_of_a_write_is_the_backends(self) -> None:
        for field in ('created_at', 'updated_at', 'deleted_at'):
            value = codec.encode(codec.Stored(SERVICE), stamp=field)
            read = codec.decode(value, 'here', NOON_MS).record
            self.assertEqual(NOON, getattr(read, field))

    def test_a_value_that_is_no_record_is_named(self) -> None:
        for value in (b'', b'{}', b'[]', b'\xff', b'{"format": 99}'):
            error = self.assertRaises(
                exception.RecordUnreadable, codec.decode, value, '/sg/here'
            )
            self.assertIn('/sg/here', str(error))

    def test_what_a_newer_version_wrote_is_kept(self) -> None:
        stored = codec.Stored(SERVICE, unknown={'shelf': 'left'})
        changed = stored.changed('token', SERVICE, most=9)
        read = codec.decode(codec.encode(changed), 'here', NOON_MS)
        self.assertEqual({'shelf': 'left'}, read.unknown)


class TestTimesOfTheBackend(base.BaseTestCase):
    """Tokens where the backend notes when each value was written."""

    def write(
        self, written: codec.Stored, token: str, at: int
    ) -> codec.Stored:
        """Return what is read after another change, made at a time."""
        changed = written.changed(token, SERVICE, most=500)
        return codec.decode(codec.encode(changed), 'here', at)

    def test_a_change_is_remembered_for_its_time_however_many_follow(
        self,
    ) -> None:
        written = codec.Stored(SERVICE)
        hour = int(KEPT_MS)
        for number in range(20):
            written = self.write(written, f't{number}', NOON_MS)
        later = self.write(written, 'later', NOON_MS + hour)
        for number in range(20):
            self.assertTrue(later.holds(f't{number}'))
        later = self.write(later, 'latest', NOON_MS + hour + 1)
        later = self.write(later, 'next', NOON_MS + hour + 2)
        self.assertEqual(
            ['later', 'latest', 'next'],
            [
                each
                for each in ('t0', 't19', 'later', 'latest', 'next')
                if later.holds(each)
            ],
        )

    def test_a_value_stays_small_however_often_it_is_changed(self) -> None:
        written = codec.Stored(SERVICE)
        for number in range(1000):
            written = self.write(written, f't{number}', NOON_MS + number)
        self.assertTrue(written.holds('t999'))
        self.assertTrue(written.holds('t600'))
        self.assertLess(len(codec.encode(written)), 20_000)

    def test_tokens_without_a_time_are_as_old_as_the_value(self) -> None:
        value = json.loads(codec.encode(codec.Stored(SERVICE)))
        value['writes'] = ['1234abcd', f'5678abcd:{NOON_MS + 5000}']
        read = codec.decode(json.dumps(value).encode(), 'here', NOON_MS)
        after = read.changed('token', SERVICE, most=9)
        self.assertEqual(
            [f'1234abcd:{NOON_MS}', f'5678abcd:{NOON_MS + 5000}'],
            list(after.writes[:2]),
        )


class TestTimesOfTheWriter(base.BaseTestCase):
    """Tokens where only the writers have clocks, one of them wrong."""

    def after(self, *times: float) -> codec.Stored:
        """Return a record after changes at these times, in milliseconds."""
        stored = codec.Stored(SERVICE)
        for number, now in enumerate(times):
            stored = stored.changed(
                f'token{number}', SERVICE, most=64, fewest=8, now=int(now)
            )
        return stored

    def kept(self, stored: codec.Stored) -> list[int]:
        return [n for n in range(200) if stored.holds(f'token{n}')]

    def test_those_of_the_last_hour_are_kept(self) -> None:
        old = [NOON_MS - KEPT_MS - 1000] * 3
        stored = self.after(*old, *[NOON_MS] * 20)
        self.assertEqual(list(range(3, 23)), self.kept(stored))

    def test_a_clock_that_is_wrong_takes_none_of_the_latest(self) -> None:
        stored = self.after(*[NOON_MS] * 9, NOON_MS + 10 * KEPT_MS)
        self.assertEqual(list(range(2, 10)), self.kept(stored))

    def test_there_are_never_more_than_a_value_can_bear(self) -> None:
        stored = self.after(*[NOON_MS] * 100)
        self.assertEqual(list(range(36, 100)), self.kept(stored))

    def test_what_is_taken_back_was_not_made(self) -> None:
        stored = self.after(NOON_MS, NOON_MS).without('token0')
        self.assertEqual([1], self.kept(stored))
