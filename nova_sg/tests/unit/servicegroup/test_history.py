# SPDX-License-Identifier: Apache-2.0

"""Entries of the history, their values, and what is kept of them."""

import datetime

from oslotest import base

from nova_sg.servicegroup.history import base as history_base
from nova_sg.servicegroup.history import entry as entry_
from nova_sg.servicegroup.history import value
from nova_sg.servicegroup.testing import transitions

NOW = datetime.datetime(2026, 3, 14, 15, 9, 26, tzinfo=datetime.UTC)


def entries(*ages, uuid='u1'):
    """Return the entries of a service, so many days old."""
    found = []
    for age in ages:
        last = found[-1] if found else None
        time = NOW - datetime.timedelta(days=age)
        found.append(transitions.next_entry(uuid, last, time=time))
    return found


class TestValue(base.BaseTestCase):
    def test_entries_are_read_as_they_were_written(self):
        given = entries(3, 2, 1)
        self.assertEqual(given, value.decode(value.encode(given), 'u1'))

    def test_a_time_that_is_absent_is_that_of_the_value(self):
        first, second = entries(3, 1)
        given = value.encode([first, second._replace(time=None)])
        self.assertEqual(
            [first, second], value.decode(given, 'u1', second.time)
        )

    def test_what_a_newer_release_adds_is_left_out(self):
        given = entries(1)
        newer = value.encode(given).replace(b']]', b',"more"],["a",1]]')
        newer = newer.replace(b',["a",1]', b'').replace(b'{', b'{"new":1,', 1)
        self.assertEqual(given, value.decode(newer, 'u1'))
        standing = entry_.Standing.parse('down, disabled, asleep')
        self.assertEqual(entry_.Standing('down', disabled=True), standing)

    def test_a_damaged_value_holds_nothing(self):
        for bad in (
            *(b'', b'[]', b'{}', b'\xff', b'7', b'{"entries":[]}'),
            *(b'{"format":1,"entries":[1]}', b'{"format":1,"entries":7}'),
            b'{"format":1,"entries":[[1,"h","b","x","up","up",null,"o"]]}',
            b'{"format":1,"entries":[[1,"h","b",null,7,"up",null,"o"]]}',
        ):
            self.assertEqual([], value.decode(bad, 'u1'), bad)

    def test_a_value_of_a_later_format_is_none_of_ours(self):
        later = value.encode(entries(1)).replace(b':1,', b':2,', 1)
        self.assertIsNone(value.decode(later, 'u1'))

    def test_no_value_is_longer_than_a_server_takes(self):
        given = [
            each._replace(reason='\U0001f4a5' * 255, observer='\u2603' * 255)
            for each in entries(*[1] * 1000)
        ]
        encoded = value.encode(given)
        self.assertLess(len(encoded), 1_000_000)
        self.assertEqual(given[-1], value.decode(encoded, 'u1')[-1])


class TestLimits(base.BaseTestCase):
    limits = history_base.Limits(entries=3, days=30)

    def test_the_newest_are_kept_that_are_not_too_old(self):
        found = entries(50, 40, 20, 10)
        self.assertEqual(found[2:], self.limits.kept(found, NOW))
        found = entries(4, 3, 2, 1)
        self.assertEqual(found[1:], self.limits.kept(found, NOW))

    def test_the_last_is_kept_however_old(self):
        found = entries(50, 40)
        self.assertEqual(found[1:], self.limits.kept(found, NOW))


class TestOrder(base.BaseTestCase):
    def test_it_is_that_of_times_and_for_a_service_of_numbers(self):
        first, second = entries(2, 1)
        # The clock of the second watcher is behind by three days.
        wrong = second._replace(time=NOW - datetime.timedelta(days=4))
        (between,) = entries(1.5, uuid='u2')
        self.assertEqual(
            [first, wrong, between], entry_.in_order([between, wrong, first])
        )

    def test_an_answer_is_the_newest_that_are_asked_for(self):
        found = entries(4, 3, 2, 1)
        since = NOW - datetime.timedelta(days=3)
        for question, expected in (
            (history_base.Question(), found),
            (history_base.Question(limit=2), found[2:]),
            (history_base.Question(since=since), found[1:]),
            (history_base.Question(uuids=['u2']), []),
            (history_base.Question(host='host2'), []),
        ):
            self.assertEqual(expected, question.answer(found), question)
