# SPDX-License-Identifier: Apache-2.0

"""Which services a reader calls down after the backend was away."""

import datetime
import time
from types import SimpleNamespace
from typing import cast
from unittest import mock

from oslotest import base

from nova_sg import exception
from nova_sg.servicegroup import lease
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup.leased import keys
from nova_sg.servicegroup.leased import living as sg_living
from nova_sg.servicegroup.leased import memory
from nova_sg.servicegroup.mirror import mirror
from nova_sg.tests.unit.servicegroup import base as unit_base

MEMBERS = (liveness.Member(1, 0.0, 60),)


class TestMemory(base.BaseTestCase):
    """Services are named by a letter here."""

    def setUp(self):
        super().setUp()
        self.lease = SimpleNamespace(settling=False, doubt=None)
        self.memory = memory.Memory(cast(lease.Lease, self.lease), interval=10)

    def up(self, living: sg_living.Living, *uuids: str) -> list[bool]:
        return [each.up for each in living.verdicts(uuids).values()]

    def test_a_service_that_was_up_stands_while_members_rejoin(self):
        self.memory.learn({'a': MEMBERS}, ['a'])
        self.lease.settling = True
        self.assertEqual([], self.memory.in_doubt({}, ['a']))
        self.assertEqual([True], self.up(self.memory.learn({}, ['a']), 'a'))

    def test_a_service_that_is_missing_then_is_down_afterwards(self):
        self.memory.learn({'a': MEMBERS}, ['a'])
        self.lease.settling = True
        self.memory.learn({}, ['a'])
        self.lease.settling = False
        self.assertEqual([False], self.up(self.memory.learn({}, ['a']), 'a'))

    def test_of_services_never_asked_for_nothing_is_said_too_early(self):
        self.assertEqual([], self.memory.in_doubt({}, ['a', 'b']))
        self.lease.settling = True
        self.assertEqual(['b'], self.memory.in_doubt({'a': MEMBERS}, 'ab'))

    def test_a_service_that_was_down_may_have_started_since(self):
        self.memory.learn({}, ['a'])
        self.lease.settling = True
        self.assertEqual(['a'], self.memory.in_doubt({}, ['a']))

    def test_a_service_that_is_back_already_is_remembered(self):
        self.lease.settling = True
        self.memory.learn({'a': MEMBERS}, ['a'])
        self.assertEqual([], self.memory.in_doubt({}, ['a']))
        self.assertEqual([True], self.up(self.memory.learn({}, ['a']), 'a'))

    def test_without_a_mirror_only_living_services_are_remembered(self):
        self.assertEqual({}, self.memory.last(['a'], {'a'}))
        self.memory.learn({'a': MEMBERS}, ['a', 'b'])
        last = self.memory.last(['a', 'b'], {'a', 'b'})
        self.assertEqual({'a': True}, {u: each.up for u, each in last.items()})
        self.memory.learn({'a': MEMBERS})
        last = self.memory.last(['a', 'b', 'c'], {'a', 'b'})
        self.assertEqual(
            {'a': True, 'b': False}, {u: each.up for u, each in last.items()}
        )

    def test_a_reader_that_knows_all_members_need_not_wait(self):
        self.memory.learn({'a': MEMBERS})
        self.lease.settling = True
        self.assertEqual([], self.memory.in_doubt({}, ['b']))

    def test_a_service_was_seen_when_it_was_last_vouched_for(self):
        now = datetime.datetime.now(datetime.UTC)
        living = self.memory.learn({'a': MEMBERS}, ['a'])
        seen = living.verdicts(['a'])['a'].last_seen
        self.assertLess(now - seen, datetime.timedelta(seconds=11))
        self.assertEqual(0, seen.timestamp() % 10)
        self.assertEqual(seen, living.verdict('a').last_seen)

    def test_a_service_was_seen_when_it_joined_at_least(self):
        started = time.time() + 100
        members = (liveness.Member(1, started, 60), *MEMBERS)
        verdict = self.memory.learn({'a': members}, ['a']).verdict('a')
        self.assertEqual(members[0].started_at, verdict.last_seen)

    def test_a_service_that_stands_as_it_did_was_seen_before(self):
        self.memory.learn({'a': MEMBERS}, ['a'])
        self.memory._asked_at['a'] -= 1000
        self.lease.settling = True
        verdict = self.memory.learn({}, ['a']).verdicts(['a'])['a']
        age = time.time() - verdict.last_seen.timestamp()
        self.assertTrue(999 < age < 1012, age)

    def test_a_service_that_was_not_asked_for_is_known_since_before(self):
        self.memory.learn({'a': MEMBERS, 'b': MEMBERS}, ['a', 'b'])
        before = self.memory.last('ab', 'ab')
        self.memory.learn({'a': MEMBERS}, ['a'])
        after = self.memory.last('ab', 'ab')
        self.assertGreater(after['a'].known_at, before['a'].known_at)
        self.assertEqual(before['b'].known_at, after['b'].known_at)
        self.memory.learn({'a': MEMBERS, 'b': MEMBERS})
        every = self.memory.last('ab', 'ab')
        self.assertGreater(every['b'].known_at, after['a'].known_at)

    def test_a_service_that_nobody_can_tell_of_is_unknown(self):
        living = self.memory.learn({'a': MEMBERS}, ['a', 'b'])
        verdicts = living._replace(doubtful=['b']).verdicts(['a', 'b'])
        self.assertEqual(
            {'a': 'up', 'b': 'unknown'},
            {uuid: each.state for uuid, each in verdicts.items()},
        )


class TestLivenessReader(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        self.lease = unit_base.Lease(6.0, 5.0)
        self.lease.connect()
        self.keys = mock.Mock(spec=keys.MemberKeys)
        self.keys.read.return_value = {'a': MEMBERS}
        self.mirror = mock.Mock(spec=mirror.Mirror)
        self.mirror.living.return_value = None
        self.mirror.latest_living.return_value = {}
        self.reader = memory.LivenessReader(
            self.lease, self.keys, self.mirror, 10
        )

    def test_what_is_too_old_in_the_mirror_is_asked_for(self):
        living = self.reader.living(['a'])
        self.assertEqual({'a': MEMBERS}, living.now)

    def test_what_is_too_old_is_not_waited_for_without_a_connection(self):
        self.lease._note_disconnected()
        self.assertRaises(
            exception.ServiceGroupUnavailable, self.reader.living, ['a']
        )
        self.keys.read.assert_not_called()

    def test_the_first_question_waits_for_a_connection(self):
        self.lease._note_disconnected()
        self.mirror.latest_living.return_value = None
        living = self.reader.living(['a'])
        self.assertEqual({'a': MEMBERS}, living.now)
