# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""Whom a reader calls down after ZooKeeper was away."""

from types import SimpleNamespace
from typing import cast

from oslotest import base

from nova_sg.servicegroup import liveness
from nova_sg.servicegroup.zookeeper import memory
from nova_sg.servicegroup.zookeeper import session

MEMBERS = (liveness.Member(1, 0.0, 60),)


class TestMemory(base.BaseTestCase):
    """Services are named by a letter here."""

    def setUp(self):
        super().setUp()
        self.session = SimpleNamespace(settling=False)
        self.memory = memory.Memory(cast(session.Session, self.session))

    def up(self, living: memory.Living, *uuids: str) -> list[bool]:
        return [each.up for each in living.verdicts(uuids).values()]

    def test_who_was_up_stands_while_members_come_back(self):
        self.memory.learn({'a': MEMBERS}, ['a', 'b'])
        self.session.settling = True
        self.assertFalse(self.memory.must_wait({}, ['a', 'b']))
        living = self.memory.learn({}, ['a', 'b'])
        self.assertEqual([True, False], self.up(living, 'a', 'b'))

    def test_who_is_missing_then_is_down_afterwards(self):
        self.memory.learn({'a': MEMBERS}, ['a'])
        self.session.settling = True
        self.memory.learn({}, ['a'])
        self.session.settling = False
        self.assertEqual([False], self.up(self.memory.learn({}, ['a']), 'a'))

    def test_of_who_was_never_asked_for_nothing_is_said_too_early(self):
        self.memory.learn({'a': MEMBERS}, ['a'])
        self.assertFalse(self.memory.must_wait({}, ['b']))
        self.session.settling = True
        self.assertTrue(self.memory.must_wait({}, ['b']))
        self.assertFalse(self.memory.must_wait({'b': MEMBERS}, ['b']))

    def test_who_is_there_already_is_remembered(self):
        self.session.settling = True
        self.memory.learn({'a': MEMBERS}, ['a'])
        self.assertFalse(self.memory.must_wait({}, ['a']))
        self.assertEqual([True], self.up(self.memory.learn({}, ['a']), 'a'))

    def test_of_who_was_never_asked_for_nothing_is_the_last_known(self):
        self.assertEqual({}, self.memory.last(['a'], {'a'}))
        self.memory.learn({'a': MEMBERS}, ['a', 'b'])
        last = self.memory.last(['a', 'b', 'c'], {'a', 'b', 'c'})
        self.assertEqual(
            {'a': True, 'b': False},
            {uuid: each.up for uuid, each in last.items()},
        )

    def test_who_knows_them_all_need_not_wait(self):
        self.memory.learn({'a': MEMBERS})
        self.session.settling = True
        self.assertFalse(self.memory.must_wait({}, ['b']))
