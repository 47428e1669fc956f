# SPDX-License-Identifier: Apache-2.0

"""Threads of one process share what it knows, however they take turns."""

import time

import fixtures

from nova_sg import exception
from nova_sg.tests.fixtures import long
from nova_sg.tests.fixtures import threads
from nova_sg.tests.functional.servicegroup import zookeeper_base as base


class TestThreads(base.ZooKeeperTestCase):
    def test_a_service_is_created_where_no_thread_can_be_started(self):
        api = self.process()
        api.list(self.context)
        log = self.useFixture(fixtures.FakeLogger())
        with threads.NoThreads():
            made = self.register(api)
        self.assertIn('Not announcing nova-compute on host host1', log.output)
        self.assertNotIn('Traceback', log.output)
        self.assertFalse(self.is_up(api, made))
        api.join_many(self.context, [made])
        self.assertTrue(self.is_up(api, made))

    def test_a_process_connects_once_a_thread_can_be_started(self):
        api = self.process()
        with threads.NoThreads():
            for _ in range(2):
                self.assertRaises(
                    exception.ServiceGroupUnavailable, api.list, self.context
                )
        self.eventually(lambda: self.lists(api), 'it is connected')

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

        log = self.useFixture(fixtures.FakeLogger())
        ran = self.useFixture(threads.Threads())
        works = [read, read_directly, decide, come_and_go, beat, drop]
        ran.run(long.times(3, 60), *works)
        self.assertEqual([], ran.errors)
        self.assertEqual([], [each for each in works if ran.rounds[each] < 3])
        self.assertNotIn('Traceback', log.output)
