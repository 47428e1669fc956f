# SPDX-License-Identifier: Apache-2.0

"""Which histories have an order."""

import math
from unittest import mock

from oslotest import base

from nova_sg.servicegroup.testing import linearize

FIELDS = {'disabled_reason': 'new', 'forced_down': False}


def state(uuid='u1', **fields):
    return uuid, tuple(sorted({**FIELDS, **fields}.items()))


def operation(kind, begun, ended=None, answer='done', **more):
    """Return an operation of a process; it takes a second."""
    ended = begun + 1 if ended is None else ended
    if answer == linearize.UNKNOWN:
        ended = math.inf
    return linearize.Operation(
        more.get('process', f'{kind}{begun}'),
        kind,
        more.get('uuid', 'u1'),
        tuple(more.get('values', {}).items()),
        begun,
        ended,
        answer,
        more.get('seen'),
    )


def create(begun, **more):
    return operation('create', begun, values=FIELDS, **more)


def update(begun, reason, **more):
    values = {'disabled_reason': reason}
    return operation('update', begun, values=values, **more)


def read(begun, seen, **more):
    return operation('read', begun, seen=seen, **more)


class LinearizeTestCase(base.BaseTestCase):
    def assert_order(self, *operations, **declared):
        self.assertTrue(linearize.is_linearizable(operations, **declared))

    def assert_no_order(self, *operations, **declared):
        self.assertFalse(linearize.is_linearizable(operations, **declared))

    def test_one_after_the_other(self):
        self.assert_order(
            create(0),
            update(2, 'a'),
            read(4, state(disabled_reason='a')),
            operation('destroy', 6),
            read(8, None),
        )

    def test_calls_at_once_have_either_order(self):
        for last in 'ab':
            self.assert_order(
                create(0),
                update(2, 'a', ended=5),
                update(3, 'b', ended=4),
                read(6, state(disabled_reason=last)),
            )

    def test_an_acknowledged_change_is_not_lost(self):
        self.assert_no_order(create(0), update(2, 'a'), read(4, state()))

    def test_a_change_is_not_made_once_more(self):
        self.assert_no_order(
            create(0),
            update(2, 'a', ended=9),
            read(3, state(disabled_reason='a')),
            update(5, 'b'),
            read(7, state(disabled_reason='b')),
            read(10, state(disabled_reason='a')),
        )

    def test_what_was_refused_was_not_made(self):
        refused = update(2, 'a', answer=linearize.REFUSED)
        self.assert_order(create(0), refused, read(4, state()))
        self.assert_no_order(
            create(0), refused, read(4, state(disabled_reason='a'))
        )

    def test_what_is_unknown_was_made_or_not_and_once(self):
        unknown = update(2, 'a', answer=linearize.UNKNOWN)
        late = read(9, state(disabled_reason='a'))
        self.assert_order(create(0), unknown, read(4, state()))
        self.assert_order(create(0), unknown, read(4, state()), late)
        self.assert_no_order(
            create(0),
            unknown,
            read(4, state(disabled_reason='a')),
            read(6, state()),
        )

    def test_a_name_is_taken_once(self):
        self.assert_no_order(create(0), create(2, uuid='u2'))
        self.assert_order(
            create(0), create(2, uuid='u2', answer=linearize.EXISTS)
        )
        self.assert_no_order(create(0, answer=linearize.EXISTS))

    def test_what_is_there_is_found(self):
        missed = update(2, 'a', answer=linearize.NOT_FOUND)
        self.assert_no_order(create(0), missed)
        self.assert_order(create(0), operation('destroy', 1), missed)

    def test_an_update_may_find_nothing_once_another_has_destroyed_it(self):
        update_ = update(2, 'a', ended=6, answer=linearize.NOT_FOUND)
        made = read(3, state(disabled_reason='a'), ended=3.5)
        self.assert_order(
            create(0), update_, made, operation('destroy', 4, ended=5)
        )
        self.assert_no_order(create(0), update_, made)

    def test_a_read_may_be_as_old_as_is_declared(self):
        history = create(0), update(2, 'a'), read(4, state(), process='r')
        self.assert_no_order(*history, staleness=0.5)
        self.assert_order(*history, staleness=1.5)

    def test_reads_of_a_process_go_back_only_where_that_is_declared(self):
        history = (
            create(0),
            update(2, 'a'),
            read(3.2, state(disabled_reason='a'), ended=3.3, process='r'),
            read(3.4, state(), ended=3.5, process='r'),
        )
        self.assert_no_order(*history, staleness=5)
        self.assert_order(*history, staleness=5, in_order=False)

    def test_a_long_history_is_checked_in_no_time(self):
        history = [create(0)]
        for number in range(40):
            begun = 2 + number / 2
            history.append(update(begun, f'{number}', ended=begun + 2))
            if number % 4 == 0:
                history.append(
                    update(begun, f'x{number}', answer=linearize.UNKNOWN)
                )
        self.assert_order(*history, read(30, state(disabled_reason='39')))
        self.assert_no_order(*history, read(30, state(disabled_reason='9')))

    def test_what_takes_too_long_is_not_decided(self):
        unknown = [
            update(2, f'{n}', answer=linearize.UNKNOWN) for n in range(20)
        ]
        reads = [
            read(3, state(disabled_reason=f'{n}'), ended=99) for n in range(20)
        ]
        with mock.patch.object(linearize, 'LIMIT', 100):
            self.assertRaises(
                linearize.Undecided,
                linearize.is_linearizable,
                [create(0), *unknown, *reads, read(100, state())],
            )
