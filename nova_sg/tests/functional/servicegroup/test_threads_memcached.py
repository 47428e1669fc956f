# SPDX-License-Identifier: Apache-2.0

"""Threads of one process share what it knows, however they take turns."""

import time
import uuid

from nova_sg.tests.fixtures import long
from nova_sg.tests.fixtures import threads
from nova_sg.tests.functional.servicegroup import memcached_cell


class TestThreads(memcached_cell.MemcachedCellTest):
    servers_wanted = 2
    records = 'memcached'

    def test_no_thread_trips_over_another(self) -> None:
        (*links,) = self.proxies()
        api = self.new_api(links)
        membership = api.driver.membership
        services = [self.register(f'host{n}') for n in range(40)]

        def read(number: int) -> None:
            api.list(self.context)
            api.service_is_up(services[number % len(services)])

        def decide(number: int) -> None:
            service = services[number % len(services)]
            api.update(
                self.context, service.uuid, {'disabled': bool(number % 2)}
            )

        def come_and_go(number: int) -> None:
            # Each time in another cell, which has a keeper of its own.
            there = self.context.__class__(
                cell_uuid=str(uuid.uuid4()), is_admin=True
            )
            made = api.create(
                there, {'host': f'new{number}', 'binary': 'nova-compute'}
            )
            (handle,) = api.join_many(there, [made])
            membership.beat_many(there, [handle])
            membership.leave_many(there, [handle])
            api.destroy(there, made.uuid)

        def beat(number: int) -> None:
            handles = list(api.join_many(self.context, services))
            membership.beat_many(self.context, handles)
            membership.leave_many(self.context, handles)

        def drop(number: int) -> None:
            time.sleep(0.3)
            for link in links:
                link.reset()

        ran = self.useFixture(threads.Threads())
        ran.run(
            long.times(3, 60),
            *(read, decide, come_and_go, come_and_go, beat, beat, drop),
        )
        self.assertEqual([], ran.errors)
