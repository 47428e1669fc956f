# SPDX-License-Identifier: Apache-2.0

"""Liveness is in ZooKeeper, and the records, elsewhere, do not answer."""

import os
import threading
import time

import fixtures

from nova_sg import exception
from nova_sg.tests.functional.servicegroup import zookeeper_base as base


class SlowAnswer:
    """What a record store says, but not before it may."""

    def __init__(self, answer):
        self._answer = answer
        self.asked = threading.Event()
        self.may_answer = threading.Event()

    def __call__(self, *arguments):
        self.asked.set()
        self.may_answer.wait()
        return self._answer(*arguments)


class TestSlowRecords(base.ZooKeeperTestCase):
    # Nobody is withdrawn while the test waits.
    timings = {'report_interval': 1, 'service_down_time': 300}

    def setUp(self):
        super().setUp()
        path = os.path.join(self.useFixture(fixtures.TempDir()).path, 'db')
        self.api = self.process(
            servicegroup={'records': 'sql'},
            database={'connection': f'sqlite:///{path}'},
        )
        self.services = [
            self.register(self.api, host) for host in ('leaves', 'stays')
        ]
        self.handles = self.api.join_many(self.context, self.services)
        records = self.api.driver.records
        self.slow = SlowAnswer(records.known)
        self.useFixture(fixtures.MockPatchObject(records, 'known', self.slow))
        self.addCleanup(self.slow.may_answer.set)

    def in_background(self, call, *arguments):
        thread = threading.Thread(target=call, args=arguments, daemon=True)
        thread.start()
        self.addCleanup(thread.join, base.PATIENCE)
        self.addCleanup(self.slow.may_answer.set)
        return thread

    def check_that_one_leaves(self):
        """Leave while the records are asked, and see what is up then."""
        self.assertTrue(self.slow.asked.wait(base.PATIENCE))
        leaves, stays = self.services
        left = self.in_background(self.handles[0].leave, self.context)
        self.eventually(lambda: not left.is_alive(), 'it has left')
        self.slow.may_answer.set()
        self.eventually(lambda: self.is_up(self.api, stays), 'one is up')
        self.assertFalse(self.is_up(self.api, leaves))

    def test_who_leaves_need_not_wait_until_the_keeper_has_asked(self):
        self.end_session(self.api)
        self.check_that_one_leaves()

    def test_who_leaves_need_not_wait_until_who_beats_has_asked(self):
        beating = self.in_background(
            self.api.driver.membership.beat_many, self.context, self.handles
        )
        self.check_that_one_leaves()
        beating.join(base.PATIENCE)
        self.assertFalse(beating.is_alive())

    def test_who_leaves_need_not_wait_until_who_joins_has_asked(self):
        joining = self.in_background(
            self.api.join_many, self.context, [self.services[1]]
        )
        self.check_that_one_leaves()
        joining.join(base.PATIENCE)
        self.assertFalse(joining.is_alive())


class TestAwayRecords(base.ZooKeeperTestCase):
    """Either of the two backends loses what it has, or does not answer."""

    def setUp(self):
        super().setUp()
        path = os.path.join(self.useFixture(fixtures.TempDir()).path, 'db')
        self.options = {
            'servicegroup': {'records': 'sql'},
            'database': {'connection': f'sqlite:///{path}'},
        }
        self.api = self.process(**self.options)
        self.service = self.register(self.api)
        (self.handle,) = self.api.join_many(self.context, [self.service])

    def test_a_record_that_went_meanwhile_is_missed_in_the_end(self):
        away = exception.ServiceGroupUnavailable(backend='db', reason='away')
        with fixtures.MockPatchObject(
            self.api.driver.records, 'known', side_effect=away
        ):
            other = self.process(**self.options)
            other.destroy(self.context, self.service.uuid)
            self.eventually(self.is_no_longer_doubtful, 'it has rejoined')
        self.eventually(self.is_gone, 'it is told', within=3)
        uuids = [self.service.uuid]
        living = self.api.driver.membership.living(uuids)
        self.assertEqual({}, living.now)

    def test_members_are_back_once_their_directories_are_gone(self):
        self.lose_members()
        self.handle.beat(self.context)
        other = self.process(**self.options)
        self.assertTrue(self.is_up(other, self.service))

    def test_a_service_is_expected_once_the_directories_are_gone(self):
        self.lose_members()
        made = self.register(self.api, 'host2')
        other = self.process(**self.options)
        self.assertTrue(self.is_up(other, made))

    def lose_members(self):
        with self.behind() as client:
            client.delete(self.layout.members, recursive=True)
            client.delete(self.layout.lasts, recursive=True)

    def is_no_longer_doubtful(self):
        self.handle.beat(self.context)
        return time.monotonic() > self.handle.doubtful_until

    def is_gone(self):
        try:
            self.handle.beat(self.context)
        except exception.ServiceNotFound:
            return True
        return False
