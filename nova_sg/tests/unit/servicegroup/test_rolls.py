# SPDX-License-Identifier: Apache-2.0

"""What lists tell of services without a verdict for each."""

import datetime
import random

import fixtures

from nova_sg.servicegroup import knowledge
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import record
from nova_sg.servicegroup import rolls
from nova_sg.tests.unit.servicegroup import base


class TestRolls(base.KnowledgeTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.seen = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)

    def list(self, *uuids, down=(), **filters):
        services = liveness.Uuids()
        services.add(uuids)
        verdicts = {uuid: self.silent(uuid) for uuid in down}
        self.knowledge.learn(verdicts)
        self.knowledge.listed(
            liveness.AllBut(
                services, verdicts, self.clock.now, self.seen, len(uuids)
            ),
            filters,
        )

    def silent(self, uuid):
        return liveness.Liveness(False, self.seen, self.clock.now)

    def test_what_was_listed_as_up_is_last_known_to_be_up(self):
        self.list('a', 'b', 'c', down=['b'])
        self.assertEqual(
            {'a': True, 'b': False}, self.last('a', 'b', 'nobody')
        )

    def test_it_stays_up_after_an_outage_until_it_could_beat(self):
        self.list('a', 'b', down=['b'])
        self.lose()
        self.clock.now += 70
        stands = self.knowledge.learn({u: self.silent(u) for u in 'ab'})
        self.assertEqual(
            {'a': True, 'b': False}, {u: stands[u].up for u in 'ab'}
        )
        self.assertIsNotNone(stands['a'].unknown)

    def test_one_that_left_meanwhile_is_down_after_an_outage(self):
        self.list('a')
        self.lose()
        self.clock.now += 70
        left = self.silent('a')._replace(
            last_seen=self.seen - datetime.timedelta(days=1)
        )
        self.assertFalse(self.knowledge.learn({'a': left})['a'].up)

    def test_one_in_doubt_stays_what_it_was_through_further_lists(self):
        self.list('a')
        self.lose()
        self.clock.now += 70
        for _ in range(3):
            self.clock.now += 1
            self.list('a', down=['a'])
            self.assertEqual({'a': True}, self.last('a'))

    def test_of_services_that_were_down_the_last_beat_is_wanted(self):
        self.list('a', 'b', down=['b'])
        self.assertIn('b', self.knowledge.unsure())
        self.assertNotIn('a', self.knowledge.unsure())

    def test_a_list_of_some_leaves_what_is_known_of_the_others(self):
        self.list('a', 'b')
        self.list('a', down=['a'], binary='nova-compute')
        self.assertEqual({'a': False, 'b': True}, self.last('a', 'b'))

    def test_a_service_that_a_wider_list_lacks_is_not_known_any_more(self):
        self.list('a', 'b', binary='nova-compute')
        self.list('b')
        self.assertEqual({'b': True}, self.last('a', 'b'))

    def test_few_lists_are_remembered(self):
        for number in range(100):
            self.list(f'u{number}', binary=f'b{number}')
        known = self.last(*(f'u{number}' for number in range(100)))
        self.assertEqual(rolls.MOST, len(known))

    def test_many_lists_of_a_host_do_not_displace_that_of_all(self):
        everything = [f'u{number}' for number in range(20)]
        self.list(*everything)
        self.list(*everything[:10], binary='nova-compute')
        for number in range(100):
            self.list(host=f'nobody{number}')
            self.list(f'u{number % 20}', host=f'h{number}')
        self.assertEqual(set(everything), set(self.last(*everything)))

    def test_a_destroyed_service_is_forgotten_and_no_other(self):
        self.list('a', 'b')
        self.list('a', 'b', binary='nova-compute')
        self.knowledge.forget('a')
        self.assertEqual({'b': True}, self.last('a', 'b'))
        self.list('a', 'b')
        self.assertEqual({'a': True, 'b': True}, self.last('a', 'b'))

    def test_it_is_told_how_many_keep_their_state(self):
        self.list('a', 'b', 'c')
        self.lose()
        self.assertIn('3 service(s) keep', self.log.output)


class TestListedRecords(TestRolls):
    """The same of a list whose records are there, and of nothing else."""

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(fixtures.MockPatchObject(knowledge, 'FEW', 0))

    def list(self, *uuids, down=(), **filters):
        records = [
            record.Record(number, uuid, None, None, None)._replace(
                last_seen_up=self.seen
            )
            for number, uuid in enumerate(uuids)
        ]
        told = liveness.Listed(
            liveness.Roster(uuids, [self.seen] * len(uuids)),
            {uuid: self.silent(uuid) for uuid in down},
            self.clock.now,
        )
        return self.knowledge.learn_list(records, told, filters)

    def test_it_shows_when_each_service_beat_last(self):
        listed = self.list('a', 'b', 'c', down=['b'])
        self.assertEqual(
            {'a': True, 'b': False, 'c': True},
            {uuid: known.up for uuid, known in listed.items()},
        )
        self.assertEqual(
            {self.seen}, {known.last_seen for known in listed.values()}
        )
        self.assertNotIn('nobody', listed)
        self.assertEqual(3, len(listed))

    def test_a_brief_look_at_it_shows_which_are_not_up(self):
        listed = self.list('a', 'b', down=['b'])
        verdicts, others = liveness.brief(listed)
        self.assertEqual({'b': listed['b']}, verdicts)
        self.assertTrue(others.up)

    def test_its_verdicts_are_fresh_for_a_second(self):
        self.list('a', 'b', down=['b'])
        self.clock.now += 0.9
        self.assertEqual(
            [True, False, None],
            [
                known and known.up
                for known in map(self.knowledge.fresh, ('a', 'b', 'nobody'))
            ],
        )
        self.clock.now += 0.2
        self.assertIsNone(self.knowledge.fresh('a'))

    def test_one_that_was_down_is_not_up_without_a_beat(self):
        self.list('a', 'b', down=['a'])
        self.assertFalse(self.list('a', 'b')['a'].up)
        self.seen += datetime.timedelta(seconds=1)
        self.assertTrue(self.list('a', 'b')['a'].up)

    def test_when_a_service_was_last_seen_is_known_while_it_is_down(self):
        seen = self.seen
        self.list('a', 'b')
        self.clock.now += 70
        self.list('a', 'b', down=['a'])
        self.assertEqual({'a': seen}, self.knowledge.last_seen_up('ab'))

    def test_it_is_as_if_the_verdict_of_each_service_were_kept(self):
        for number in range(100):
            self.compare(random.Random(number))

    def compare(self, chosen):
        """Read the same lists with and without a verdict for each service."""
        each, none = (knowledge.Knowledge(base.BOUNDS) for _ in range(2))
        for _ in range(30):
            self.clock.now += chosen.choice((0.5, 5, 20, 70))
            self.seen += datetime.timedelta(seconds=chosen.choice((0, 0, 1)))
            down = [uuid for uuid in 'abcd' if chosen.random() < 0.3]
            what = chosen.randrange(6)
            stand = []
            for known, few in ((each, 100), (none, 0)):
                # As it was again at the end of the test.
                self.knowledge, knowledge.FEW = known, few
                if what == 0:
                    known.failed(RuntimeError('away'))
                elif what == 1:
                    known.outages.explained('The clock was set.')
                else:
                    stand.append(dict(self.list(*'abcd', down=down)))
            if stand:
                self.assertEqual(*stand)
            self.assertEqual(each.unsure(), none.unsure())
            self.assertEqual(each.last('abcd'), none.last('abcd'))
            self.assertEqual(
                each.last_seen_up('abcd'), none.last_seen_up('abcd')
            )
