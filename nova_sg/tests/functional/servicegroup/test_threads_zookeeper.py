# SPDX-License-Identifier: Apache-2.0

"""Threads of one process share what it knows, however they take turns."""

import itertools
import sys
import threading
import time

import fixtures

from nova_sg import exception
from nova_sg.tests.fixtures import long
from nova_sg.tests.functional.servicegroup import zookeeper_base as base


class TestThreads(base.ZooKeeperTestCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(sys.setswitchinterval, sys.getswitchinterval())
        self.log = self.useFixture(fixtures.FakeLogger())
        self.errors = []
        self.rounds = {}
        self.over = threading.Event()

    def again_and_again(self, work):
        """Have a thread do something until the test is over."""

        def run():
            for number in itertools.count():
                if self.over.is_set():
                    return
                self.rounds[work] = number
                try:
                    work(number)
                except exception.ServiceGroupUnavailable:
                    continue  # the connection was dropped
                except Exception as error:
                    self.errors.append(error)
                    return

        thread = threading.Thread(target=run)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.over.set)

    def test_no_thread_trips_over_another(self):
        api = self.mirrored()
        services = [self.register(api, f'host{n}') for n in range(40)]
        records, membership = api.driver.records, api.driver.membership

        def read(number):
            api.list(self.context)
            service = services[number % len(services)]
            api.service_is_up(service)
            records.get_by_uuid(self.context, service.uuid)

        def read_directly(number):
            records.traces(self.context)
            membership.last_known([each.uuid for each in services])

        def decide(number):
            service = services[number % len(services)]
            api.update(
                self.context, service.uuid, {'disabled': bool(number % 2)}
            )

        def come_and_go(number):
            made = self.register(api, f'new{number}')
            (handle,) = api.join_many(self.context, [made])
            handle.beat(self.context)
            handle.leave(self.context)
            api.destroy(self.context, made.uuid)

        def beat(number):
            handles = list(api.join_many(self.context, services))
            membership.beat_many(self.context, handles)
            membership.leave_many(self.context, handles)

        def drop(number):
            time.sleep(0.3)
            self.session_of(api).drop()

        sys.setswitchinterval(1e-6)
        work = [read, read_directly, decide, come_and_go, beat, drop]
        for each in work:
            self.again_and_again(each)
        self.over.wait(long.times(3, 60))
        self.over.set()
        self.assertEqual([], self.errors)
        self.assertEqual([], [w for w in work if self.rounds[w] < 3])
        self.assertNotIn('Traceback', self.log.output)
