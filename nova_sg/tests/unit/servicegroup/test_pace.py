# SPDX-License-Identifier: Apache-2.0

"""When all services are asked for, and what is known of each then."""

import datetime

import fixtures

from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import pace
from nova_sg.tests.unit.servicegroup import base


class TestOneAfterTheOther(base.KnowledgeTestCase):
    """A caller that asks for more than a few is told of all."""

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(fixtures.MonkeyPatch(f'{pace.__name__}.ALONE', 2))

    def asks(self, number):
        return [self.knowledge.asks_for_all() for _ in range(number)]

    def learn_all(self, services, **but):
        return self.knowledge.learn_all(
            liveness.AllBut(
                services,
                {
                    uuid: liveness.Liveness(up, None, self.clock.now)
                    for uuid, up in but.items()
                },
                self.clock.now,
            )
        )

    def fresh(self, uuids):
        return {
            uuid: known.up
            for uuid in uuids
            if (known := self.knowledge.fresh(uuid))
        }

    def test_all_are_asked_for_after_a_few(self):
        self.assertEqual([False, False, True, True], self.asks(4))

    def test_a_few_are_more_where_there_are_many(self):
        self.learn(**{f's{number}': True for number in range(4000)})
        self.assertEqual([False] * 4 + [True], self.asks(5))

    def test_a_row_ends_with_its_second(self):
        self.asks(3)
        self.clock.now += 1.0
        self.assertEqual([False, False, True], self.asks(3))

    def test_a_caller_that_goes_on_asks_for_all_after_a_few(self):
        self.learn(**{f's{number}': True for number in range(4000)})
        self.asks(5)
        self.learn_all('abc')
        self.clock.now += 1.5
        self.assertEqual([False, False, True], self.asks(3))
        self.clock.now += 1.0
        self.assertEqual([False] * 4 + [True], self.asks(5))

    def test_all_are_asked_for_once_a_second(self):
        self.asks(3)
        self.learn_all('abc')
        self.assertEqual([False, False], self.asks(2))
        self.clock.now += 1.01
        self.assertEqual([False, False, True], self.asks(3))

    def test_all_are_up_but_for_those_that_are_not(self):
        self.learn(a=True, b=True)
        self.clock.now += 1.01
        self.assertEqual({}, self.fresh('abcx'))
        self.assertEqual([], self.learn_all('abc', b=False))
        self.assertEqual(
            {'a': True, 'b': False, 'c': True}, self.fresh('abcx')
        )
        self.clock.now += 1.01
        self.assertEqual({}, self.fresh('abcx'))

    def test_one_that_was_down_is_asked_for_itself(self):
        # Its clock may have been set back: its last beat tells.
        self.learn(a=True, b=False)
        self.clock.now += 1.01
        self.assertEqual(['b'], self.learn_all('abc'))
        self.assertEqual({'a': True, 'c': True}, self.fresh('abc'))
        self.learn(b=True)
        self.assertEqual({'a': True, 'b': True, 'c': True}, self.fresh('abc'))

    def test_one_that_is_not_among_them_is_not_asked_for(self):
        self.learn(a=True, b=False)
        self.clock.now += 1.01
        self.assertEqual([], self.learn_all('ac'))
        self.assertEqual({'a': True, 'c': True}, self.fresh('abc'))

    def test_one_that_was_destroyed_is_not_known(self):
        self.learn_all('ab')
        self.knowledge.forget('a')
        self.assertEqual({}, self.fresh('a'))

    def test_what_is_doubtful_stands_for_all_of_its_second(self):
        seen = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
        up = liveness.Liveness(True, seen, self.clock.now)
        self.knowledge.learn({'a': up, 'b': up})
        self.clock.now += 1.01
        self.learn_all('ab')
        known_at = self.clock.now
        self.lose()
        self.clock.now += 120
        silent = liveness.Liveness(False, seen, self.clock.now)
        self.knowledge.learn_all(
            liveness.AllBut('ab', {'a': silent}, self.clock.now)
        )
        self.assertEqual({'a': True, 'b': True}, self.fresh('ab'))
        self.assertEqual('No answer.', str(self.knowledge.fresh('a').unknown))
        # It is as old as the last look at which it was up.
        self.assertEqual(120.0, self.clock.now - known_at)
        self.assertEqual(120.0, self.knowledge.age)
        self.clock.now += base.BOUNDS.limit
        self.knowledge.learn_all(
            liveness.AllBut(
                'ab',
                {'a': silent._replace(known_at=self.clock.now)},
                self.clock.now,
            )
        )
        self.assertEqual({'a': False, 'b': True}, self.fresh('ab'))
