# SPDX-License-Identifier: Apache-2.0

"""What a process goes on knowing of services, and for how long."""

from concurrent import futures
import datetime
import random
import sys
import time

import fixtures
from oslotest import base as test_base

from nova_sg.servicegroup import doubt
from nova_sg.servicegroup import knowledge
from nova_sg.servicegroup import last_known
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import pace
from nova_sg.tests.unit.servicegroup import base


class TestVerdicts(base.KnowledgeTestCase):
    def test_when_a_service_was_last_seen_is_known_while_it_is_down(self):
        at = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)
        seen = liveness.Liveness(True, at, self.clock.now)
        self.knowledge.learn({'a': seen})
        self.assertEqual({}, self.knowledge.last_seen_up(['a']))
        for _ in range(2):
            self.learn(a=False, b=False)
        self.assertEqual({'a': at}, self.knowledge.last_seen_up(['a', 'b']))
        self.knowledge.forget('a')
        self.assertEqual({}, self.knowledge.last_seen_up(['a']))

    def test_a_verdict_is_fresh_for_a_second(self):
        self.learn(a=True, b=False)
        self.clock.now += 1.0
        self.assertIs(True, self.knowledge.fresh('a').up)
        self.assertIs(False, self.knowledge.fresh('b').up)
        self.assertIsNone(self.knowledge.fresh('c'))
        self.clock.now += 0.01
        self.assertIsNone(self.knowledge.fresh('a'))

    def test_a_second_counts_from_when_the_backend_was_asked(self):
        # What was read before a slow answer is as old as the question.
        asked_at = self.clock.now
        self.clock.now += 5
        self.knowledge.learn({'a': liveness.Liveness(True, None, asked_at)})
        self.assertIsNone(self.knowledge.fresh('a'))

    def test_the_last_verdict_stands_however_old(self):
        self.learn(a=True, b=False)
        self.clock.now += 86400
        self.assertEqual({'a': True, 'b': False}, self.last('a', 'b', 'c'))

    def test_a_later_verdict_replaces_an_earlier_one(self):
        self.learn(a=True, b=True)
        self.learn(a=False)
        self.assertEqual({'a': False, 'b': True}, self.last('a', 'b'))

    def test_a_destroyed_service_is_forgotten(self):
        self.learn(a=True, b=True)
        self.knowledge.forget('a')
        self.knowledge.forget('never-heard-of')
        self.assertEqual({'b': True}, self.last('a', 'b'))

    def test_services_that_others_destroyed_do_not_pile_up(self):
        self.learn(**{f'old{n}': True for n in range(last_known.PRUNE_STEP)})
        self.clock.now += last_known.FORGOTTEN_AFTER + 1
        self.learn(new=True)
        self.assertEqual({'new': True}, self.last('old0', 'new'))


class TestAge(base.KnowledgeTestCase):
    def test_it_is_none_but_since_the_last_answer_of_a_backend_that_fails(
        self,
    ):
        self.assertEqual(0.0, self.knowledge.age)
        self.learn(a=True)
        self.clock.now += 30
        self.assertEqual(0.0, self.knowledge.age)
        self.lose()
        self.assertEqual(30.0, self.knowledge.age)
        self.clock.now += 12
        self.assertEqual(42.0, self.knowledge.age)
        self.learn(a=True)
        self.assertEqual(0.0, self.knowledge.age)

    def test_in_part_it_is_that_of_the_oldest_verdict(self):
        self.learn(a=True, b=True)
        self.clock.now += 20
        self.knowledge.learn(
            {
                'a': liveness.Liveness(True, None, self.clock.now),
                'b': liveness.Liveness(
                    False, None, self.clock.now, unknown='a server is away'
                ),
            }
        )
        self.clock.now += 5
        self.assertEqual(25.0, self.knowledge.age)
        self.learn(b=True)
        self.assertEqual(0.0, self.knowledge.age)

    def test_a_service_in_doubt_that_others_destroyed_has_no_part_in_it(self):
        doubtful = liveness.Liveness(
            True, None, self.clock.now, unknown='a server is away'
        )
        for _ in range(4):
            self.clock.now += last_known.DOUBT_ENDS / 2
            self.knowledge.learn({'a': doubtful})
        self.assertEqual(2 * last_known.DOUBT_ENDS, self.knowledge.age)
        self.clock.now += last_known.DOUBT_ENDS
        self.learn(b=True)
        self.assertEqual(0.0, self.knowledge.age)


class TestBeats(base.KnowledgeTestCase):
    """The stamps are a backend's, and its clock may be set."""

    SEEN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)

    def answer(self, up, seconds=0.0):
        seen = self.SEEN + datetime.timedelta(seconds=seconds)
        verdict = liveness.Liveness(up, seen, self.clock.now)
        return self.knowledge.learn({'a': verdict})['a'].up

    def test_a_service_that_was_down_is_not_up_without_a_beat(self):
        self.answer(False)
        self.assertFalse(self.answer(True))
        self.assertFalse(self.last('a')['a'])
        self.assertTrue(self.answer(True, seconds=1))
        self.assertTrue(self.answer(True, seconds=1))

    def test_one_that_never_beat_is_judged_by_the_backend_alone(self):
        for up in (False, True):
            verdict = liveness.Liveness(up, None, self.clock.now)
            self.assertEqual(up, self.knowledge.learn({'a': verdict})['a'].up)

    def test_a_clock_that_was_set_forward_explains_missing_beats(self):
        self.answer(True)
        self.knowledge.outages.explained('The clock was set forward by 70 s.')
        self.assertTrue(self.answer(False))
        self.assertIn('set forward by 70 s', self.log.output)
        self.clock.now += 15
        self.assertFalse(self.answer(False))


class TestThreads(test_base.BaseTestCase):
    """A switch interval in which threads are in each other's way."""

    def test_threads_share_what_is_known(self):
        self.addCleanup(sys.setswitchinterval, sys.getswitchinterval())
        sys.setswitchinterval(1e-6)
        self.useFixture(fixtures.MonkeyPatch(f'{pace.__name__}.ALONE', 1))
        self.useFixture(
            fixtures.MonkeyPatch(f'{last_known.__name__}.PRUNE_STEP', 1)
        )
        bounds = doubt.bounds_of(1, 3)
        shared = knowledge.Knowledge(bounds)
        over = time.monotonic() + 1.0
        seen = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)

        def work(number: int) -> int:
            chosen = random.Random(number)
            done = 0
            while time.monotonic() < over:
                done += 1
                uuids = [str(chosen.randrange(400)) for _ in range(100)]
                known_at = time.monotonic() - chosen.choice((0.0, 4000.0))
                match chosen.randrange(6):
                    case 0:
                        shared.forget(uuids[0])
                    case 1:
                        shared.failed(Exception('No answer.'))
                    case 2:
                        shared.asks_for_all()
                        shared.learn_all(liveness.AllBut(uuids, {}, known_at))
                    case 3:
                        shared.last(uuids)
                        self.assertGreaterEqual(shared.age, 0.0)
                    case _:
                        shared.learn(
                            {
                                uuid: liveness.Liveness(
                                    chosen.random() < 0.8,
                                    seen,
                                    known_at,
                                    (),
                                    chosen.choice((None, None, 'settling')),
                                )
                                for uuid in uuids
                            }
                        )
            return done

        with futures.ThreadPoolExecutor(6) as pool:
            self.assertTrue(all(pool.map(work, range(6))))
