# SPDX-License-Identifier: Apache-2.0

"""What a process goes on knowing of services, and for how long."""

from concurrent import futures
import datetime
import random
import sys
import time

import fixtures
from oslotest import base

from nova_sg.servicegroup import doubt
from nova_sg.servicegroup import knowledge
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import pace

#: Those of nova's defaults.
BOUNDS = doubt.bounds_of(interval=10, down_time=60)


class Clock:
    """Stands for the module ``time``, since nothing here may take an hour."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


class KnowledgeTestCase(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.clock = Clock()
        for module in (knowledge, pace):
            self.useFixture(
                fixtures.MonkeyPatch(f'{module.__name__}.time', self.clock)
            )
        self.log = self.useFixture(
            fixtures.FakeLogger('nova_sg.servicegroup.knowledge')
        )
        self.knowledge = knowledge.Knowledge(BOUNDS)

    def learn(self, **verdicts):
        self.knowledge.learn(
            {
                uuid: liveness.Liveness(up, None, self.clock.now)
                for uuid, up in verdicts.items()
            }
        )

    def last(self, *uuids):
        return {
            uuid: known.up
            for uuid, known in self.knowledge.last(uuids).items()
        }


class TestVerdicts(KnowledgeTestCase):
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
        self.clock.now += 0.01
        self.assertIsNone(self.knowledge.fresh('a'))

    def test_a_second_counts_from_when_the_backend_was_asked(self):
        # What was read before a slow answer is as old as the question.
        asked_at = self.clock.now
        self.clock.now += 5
        self.knowledge.learn({'a': liveness.Liveness(True, None, asked_at)})
        self.assertIsNone(self.knowledge.fresh('a'))

    def test_nothing_is_known_of_others(self):
        self.learn(a=True)
        self.assertIsNone(self.knowledge.fresh('b'))
        self.assertEqual({}, self.knowledge.last(['b']))

    def test_the_last_verdict_stands_however_old(self):
        self.learn(a=True, b=False)
        self.clock.now += 86400
        self.assertEqual({'a': True, 'b': False}, self.last('a', 'b', 'c'))

    def test_a_later_verdict_replaces_an_earlier_one(self):
        self.learn(a=True, b=True)
        self.learn(a=False)
        self.assertEqual({'a': False, 'b': True}, self.last('a', 'b'))

    def test_what_the_backend_cannot_tell_replaces_nothing(self):
        self.learn(a=True)
        self.knowledge.learn(
            {
                'a': liveness.Liveness(
                    False, None, self.clock.now, unknown='a server is away'
                )
            }
        )
        self.assertEqual({'a': True}, self.last('a'))

    def test_a_destroyed_service_is_forgotten(self):
        self.learn(a=True, b=True)
        self.knowledge.forget('a')
        self.knowledge.forget('never-heard-of')
        self.assertEqual({'b': True}, self.last('a', 'b'))

    def test_services_that_others_destroyed_do_not_pile_up(self):
        self.learn(**{f'old{n}': True for n in range(knowledge.PRUNE_STEP)})
        self.clock.now += knowledge.FORGOTTEN_AFTER + 1
        self.learn(new=True)
        self.assertEqual({'new': True}, self.last('old0', 'new'))


class TestOneAfterTheOther(KnowledgeTestCase):
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
        self.knowledge.failed(Exception('No answer.'))
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
        self.clock.now += BOUNDS.limit
        self.knowledge.learn_all(
            liveness.AllBut(
                'ab',
                {'a': silent._replace(known_at=self.clock.now)},
                self.clock.now,
            )
        )
        self.assertEqual({'a': False, 'b': True}, self.fresh('ab'))


class TestFailures(KnowledgeTestCase):
    def fail(self):
        self.knowledge.failed(Exception('No answer.'))

    def test_a_backend_that_failed_once_is_asked_again_soon(self):
        self.assertFalse(self.knowledge.failing)
        self.fail()
        self.assertTrue(self.knowledge.failing)
        self.clock.now += 0.11
        self.assertFalse(self.knowledge.failing)

    def test_a_backend_that_fails_again_is_not_asked_for_a_second(self):
        for _ in range(100):
            self.fail()
        self.clock.now += 0.99
        self.assertTrue(self.knowledge.failing)
        self.clock.now += 0.02
        self.assertFalse(self.knowledge.failing)

    def test_an_answer_ends_it_at_once(self):
        self.fail()
        self.learn(a=True)
        self.assertFalse(self.knowledge.failing)

    def test_the_age_of_knowledge_is_none_while_the_backend_answers(self):
        self.assertEqual(0.0, self.knowledge.age)
        self.learn(a=True)
        self.clock.now += 30
        self.assertEqual(0.0, self.knowledge.age)

    def test_the_age_of_knowledge_counts_from_the_last_answer(self):
        self.learn(a=True)
        self.clock.now += 30
        self.fail()
        self.assertEqual(30.0, self.knowledge.age)
        self.clock.now += 12
        self.assertEqual(42.0, self.knowledge.age)
        self.learn(a=True)
        self.assertEqual(0.0, self.knowledge.age)

    def test_knowledge_in_part_is_as_old_as_its_oldest_verdict(self):
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

    def test_it_is_said_once_with_what_stands_and_how_old_it_is(self):
        self.learn(a=True, b=False)
        self.clock.now += 7
        for _again in range(3):
            self.fail()
        self.assertEqual(
            'No answer. Until it answers, 2 service(s) keep their last known '
            'state, which is 7 s old.\n',
            self.log.output,
        )

    def test_that_nothing_is_known_is_said_too(self):
        self.fail()
        self.assertIn('which is of unknown age', self.log.output)

    def test_the_end_of_it_is_said_once(self):
        self.fail()
        self.learn(a=True)
        self.learn(a=True)
        self.assertEqual(1, self.log.output.count('answers again'))


class TestAfterAnOutage(KnowledgeTestCase):
    """Beats had nowhere to go: to have missed them is no death."""

    SEEN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)

    def answer(self, up, last_seen=SEEN):
        verdict = liveness.Liveness(up, last_seen, self.clock.now)
        return self.knowledge.learn({'a': verdict})['a'].up

    def outage(self):
        self.clock.now += 100
        self.knowledge.failed(Exception('No answer.'))
        self.clock.now += 100

    def test_what_was_up_stands_until_it_had_time_to_beat(self):
        self.answer(True)
        self.outage()
        self.assertTrue(self.answer(False))
        self.clock.now += 14.9
        self.assertTrue(self.answer(False))
        self.clock.now += 0.2
        self.assertFalse(self.answer(False))

    def test_what_was_down_is_down(self):
        self.answer(False)
        self.outage()
        self.assertFalse(self.answer(False))

    def test_who_beat_since_it_was_last_seen_may_lack_the_time_too(self):
        # The reader reads seldom: not each beat.
        self.answer(True)
        self.outage()
        later = self.SEEN + datetime.timedelta(seconds=20)
        self.assertTrue(self.answer(False, later))

    def test_an_outage_too_short_to_explain_it_is_no_excuse(self):
        self.answer(True)
        self.clock.now += 59
        self.knowledge.failed(Exception('No answer.'))
        self.clock.now += 2
        self.assertFalse(self.answer(False))

    def test_what_stands_in_doubt_says_so_and_how_old_it_is(self):
        self.answer(True)
        self.outage()
        verdict = self.knowledge.learn(
            {'a': liveness.Liveness(False, self.SEEN, self.clock.now)}
        )['a']
        self.assertTrue(verdict.up)
        self.assertEqual(
            liveness.Doubt(1100.0, 1215.0, 'No answer.'), verdict.unknown
        )
        self.assertEqual(200.0, self.knowledge.age)
        self.clock.now += 15
        self.answer(False)
        self.assertEqual(0.0, self.knowledge.age)

    def test_who_left_since_is_down_at_once(self):
        self.answer(True)
        self.outage()
        self.assertTrue(self.answer(False))
        left = self.SEEN - datetime.timedelta(days=1)
        self.assertFalse(self.answer(False, left))

    def test_a_backend_that_keeps_no_beats_is_taken_at_its_word(self):
        self.answer(True, None)
        self.outage()
        self.assertFalse(self.answer(False, None))

    def test_without_an_outage_silence_is_death(self):
        self.answer(True)
        self.clock.now += 100
        self.assertFalse(self.answer(False))


class TestFlapping(KnowledgeTestCase):
    """Reads fail now and then, and a service dies."""

    SEEN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)

    def seconds_until_down(
        self, *, down_time: int, interval: int, calm: float, outage: float
    ) -> float:
        """Return how long after its last beat the service is seen down."""
        bounds = doubt.bounds_of(interval, down_time)
        self.knowledge = knowledge.Knowledge(bounds)
        began = self.clock.now
        while self.clock.now - began < 20 * down_time:
            phase = (self.clock.now - began) % (calm + outage)
            if self.knowledge.failing:
                pass
            elif phase >= calm:
                self.knowledge.failed(Exception('No answer.'))
            else:
                up = self.clock.now - began <= down_time
                verdict = liveness.Liveness(up, self.SEEN, self.clock.now)
                if not self.knowledge.learn({'a': verdict})['a'].up:
                    return self.clock.now - began
            self.clock.now += 0.05
        raise AssertionError('never down')

    def test_a_read_that_fails_now_and_then_changes_nothing(self):
        for down_time, interval, calm in ((3, 1, 2.5), (60, 10, 15)):
            self.assertLess(
                self.seconds_until_down(
                    down_time=down_time,
                    interval=interval,
                    calm=calm,
                    outage=0.05,
                ),
                down_time + 0.5,
            )

    def test_a_death_shows_within_the_down_time_and_the_limit(self):
        for down_time, interval in ((3, 1), (6, 2), (60, 10), (10, 10)):
            bounds = doubt.bounds_of(interval, down_time)
            for calm in (1.0, 2.5, 7.0, 15.0, 29.0, 61.0):
                for outage in (0.05, 0.5, 0.9, 4.0):
                    if outage > bounds.tolerable / 2:
                        # That long the backend itself is out of reach.
                        continue
                    self.assertLess(
                        self.seconds_until_down(
                            down_time=down_time,
                            interval=interval,
                            calm=calm,
                            outage=outage,
                        ),
                        down_time + bounds.limit + 4 * outage,
                        f'{down_time} {interval} {calm} {outage}',
                    )


class TestBeats(KnowledgeTestCase):
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
        self.knowledge.doubt('The clock was set forward by 70 s.')
        self.assertTrue(self.answer(False))
        self.assertIn('set forward by 70 s', self.log.output)
        self.clock.now += 15
        self.assertFalse(self.answer(False))


class TestThreads(base.BaseTestCase):
    """A switch interval in which threads are in each other's way."""

    def test_threads_share_what_is_known(self):
        self.addCleanup(sys.setswitchinterval, sys.getswitchinterval())
        sys.setswitchinterval(1e-6)
        self.useFixture(fixtures.MonkeyPatch(f'{pace.__name__}.ALONE', 1))
        self.useFixture(
            fixtures.MonkeyPatch(f'{knowledge.__name__}.PRUNE_STEP', 1)
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


class TestListed(KnowledgeTestCase):
    """What a list tells without a verdict for each service."""

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
        self.knowledge.failed(RuntimeError('away'))
        self.clock.now += 70
        stands = self.knowledge.learn({u: self.silent(u) for u in 'ab'})
        self.assertEqual(
            {'a': True, 'b': False}, {u: stands[u].up for u in 'ab'}
        )
        self.assertIsNotNone(stands['a'].unknown)

    def test_one_that_left_meanwhile_is_down_after_an_outage(self):
        self.list('a')
        self.knowledge.failed(RuntimeError('away'))
        self.clock.now += 70
        left = self.silent('a')._replace(
            last_seen=self.seen - datetime.timedelta(days=1)
        )
        self.assertFalse(self.knowledge.learn({'a': left})['a'].up)

    def test_one_in_doubt_stays_what_it_was_through_further_lists(self):
        self.list('a')
        self.knowledge.failed(RuntimeError('away'))
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

    def test_few_lists_are_remembered(self):
        for number in range(100):
            self.list(f'u{number}', binary=f'b{number}')
        known = self.last(*(f'u{number}' for number in range(100)))
        self.assertEqual(knowledge.ROLLS, len(known))

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
        self.knowledge.failed(RuntimeError('away'))
        self.assertIn('3 service(s) keep', self.log.output)


class TestUuids(base.BaseTestCase):
    def test_it_holds_what_was_added_for_few_questions_and_for_many(self):
        uuids = liveness.Uuids()
        for part in range(3):
            uuids.add([f'{part}-{number}' for number in range(10)])
        self.assertEqual(30, len(uuids))
        for _ in range(liveness.Uuids.FEW):
            self.assertIn('2-9', uuids)
            self.assertNotIn('2', uuids)
            self.assertNotIn('3-1', uuids)
        self.assertNotIn('', uuids)
