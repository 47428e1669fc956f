# SPDX-License-Identifier: Apache-2.0

"""The values of members' keys in memcached, in both formats."""

import datetime
import json
from typing import Any

from oslotest import base

from nova_sg.servicegroup import liveness
from nova_sg.servicegroup.backends.memcached import presence
from nova_sg.servicegroup.backends.memcached import values
from nova_sg.servicegroup.backends.memcached import worker as worker_


def _value(started_at: str = '1', seen_at: str = '2') -> bytes:
    return (
        '{"format": 1, "workers": {"x": {"pid": 1, "ttl": 60, "beats": 0, '
        f'"started_at": {started_at}, "seen_at": {seen_at}}}}}}}'
    ).encode()


def _packed(started_at: str = '1', seen_at: str = '2') -> bytes:
    return f'[2, [["x", 1, 60, {started_at}, {seen_at}, 0]]]'.encode()


def worker(form: int = values.NAMED) -> worker_.Worker:
    return worker_.Worker('a', 60, 'trace', 'last', form)


class TestVerdicts(base.BaseTestCase):
    """A list with values of both formats, some of them broken."""

    def setUp(self) -> None:
        super().setUp()
        self.value = worker().alone()
        self.packed = worker(values.PACKED).alone()

    def test_one_that_cannot_be_read_spoils_no_other(self) -> None:
        for broken in (
            b'',
            b'{',
            b'\xff',
            b'1,2',
            b'[]',
            b'{"format": 2}',
            b'{"format": 1, "workers": []}',
            b'{"format": 1, "workers": [1]}',
            b'{"format": 1, "workers": {"x": {}}}',
            _value(started_at='"soon"'),
            _value(started_at='-1'),
            _value(started_at='1e300'),
            _value(seen_at='1e300'),
            b'[2]',
            b'[2, 1]',
            b'[2, [1]]',
            b'[2, [["x", 1, 60]]]',
            b'[2, [], 1]',
            b'[3, []]',
            b'[2, []],[2, []]',
            _packed(started_at='"soon"'),
            _packed(started_at='-1'),
            _packed(seen_at='1e300'),
        ):
            with self.subTest(broken=broken):
                first, second, third = presence.verdicts(
                    {'a': self.value, 'b': broken, 'c': self.packed}, 1.0
                )
                self.assertTrue(first.up and third.up)
                self.assertFalse(second.up)
                self.assertIn('b cannot be read', second.unknown or '')

    def test_they_say_who_is_behind_a_service(self) -> None:
        for value in (_value('1.5'), _packed('1.5')):
            found = presence.verdicts({'a': value}, 1.0)[0]
            self.assertEqual((liveness.Member(1, 1.5, 60),), found.members)
            moment = datetime.datetime.fromtimestamp(1.5, datetime.UTC)
            self.assertEqual(moment, found.members[0].started_at)
            self.assertEqual(2, (found.last_seen or moment).timestamp())

    def test_none_is_up_without_workers_unless_one_is_expected(self) -> None:
        for value, up in (
            (values.left(), False),
            (values.forgotten(), False),
            (values.expected(), True),
            (b'[2, []]', False),
            (b'[2, [], {"expected": true}]', True),
        ):
            with self.subTest(value=value):
                found = presence.verdicts({'a': value}, 1.0)[0]
                self.assertEqual((up, None), (found.up, found.unknown))


class TestFormats(base.BaseTestCase):
    """Workers of one service which write different formats."""

    ENTRY = {
        'pid': 1,
        'ttl': 60,
        'started_at': 1.5,
        'seen_at': 2.5,
        'beats': 3,
    }

    def test_what_is_written_is_read_in_either(self) -> None:
        for more in (
            {},
            {'invocation': '0' * 32},
            {'later': [1]},
            {'invocation': '0' * 32, 'later': {'a': None}},
        ):
            fields = {
                'workers': {'x': {**self.ENTRY, **more}, 'y': self.ENTRY},
                'expected': True,
                'later': 'yes',
            }
            for form in (values.NAMED, values.PACKED):
                with self.subTest(more=more, form=form):
                    read = values.decode(values.encode(fields, form))
                    self.assertEqual({**fields, 'format': form}, read)

    def test_the_first_format_is_what_an_earlier_release_reads(self) -> None:
        value = json.loads(worker().alone())
        ((name, entry),) = value['workers'].items()
        self.assertEqual({'format': 1, 'workers': {name: entry}}, value)
        self.assertLessEqual(
            {'pid', 'ttl', 'started_at', 'seen_at', 'beats'}, set(entry)
        )

    def test_the_second_is_json_without_names(self) -> None:
        value: Any = json.loads(worker(values.PACKED).alone())
        form, ((_name, _pid, ttl, *_rest),) = value
        self.assertEqual((2, 60), (form, ttl))

    def test_workers_of_both_share_a_key(self) -> None:
        old, new = worker(), worker(values.PACKED)
        value = old.alone()
        for each in (new, old, new, new):
            each.count()
            value = each.among(value) or b''
            found = presence.verdicts({'a': value}, 1.0)[0]
            self.assertEqual((True, 2), (found.up, len(found.members)))
        rest = old.without(value)
        assert rest is not None
        self.assertFalse(rest.alone)
        found = presence.verdicts({'a': rest.value}, 1.0)[0]
        self.assertEqual((True, 1), (found.up, len(found.members)))
        last = new.without(rest.value)
        assert last is not None
        self.assertTrue(last.alone)

    def test_a_command_takes_workers_out_without_changing_the_format(
        self,
    ) -> None:
        invocation = '0' * 32
        fields = {
            'workers': {
                'x': {**self.ENTRY, 'invocation': invocation},
                'y': self.ENTRY,
            }
        }
        for form in (values.NAMED, values.PACKED):
            rest = worker_.without_invocation(
                values.encode(fields, form), invocation
            )
            assert rest is not None
            self.assertEqual(
                {'format': form, 'workers': {'y': self.ENTRY}},
                values.decode(rest.value),
            )
