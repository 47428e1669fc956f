# SPDX-License-Identifier: Apache-2.0

"""memcached fails, and no service is taken for dead because of that."""

import time

import testscenarios

from nova_sg import exception
from nova_sg.tests.fixtures import long
from nova_sg.tests.fixtures.servers import memcached
from nova_sg.tests.functional.servicegroup import memcached_cell
from nova_sg.tests.functional.servicegroup import memcached_deployments

load_tests = testscenarios.load_tests_apply_scenarios

DOWN_TIME = memcached_cell.DOWN_TIME


def crash(server: memcached.MemcachedServer, seconds: float = 1) -> None:
    server.kill()
    time.sleep(seconds)
    server.start()


def outage(server: memcached.MemcachedServer) -> None:
    """Be away for longer than the service down time."""
    crash(server, DOWN_TIME + 2)


def flush(server: memcached.MemcachedServer) -> None:
    memcached_deployments.client(server.port).flush_all()


def many_flushes(server: memcached.MemcachedServer) -> None:
    client = memcached_deployments.client(server.port)
    until = time.monotonic() + 4
    while time.monotonic() < until:
        client.flush_all()
        time.sleep(0.01)


def hang(server: memcached.MemcachedServer, seconds: float = 2) -> None:
    """Hang for longer than the timeout."""
    server.pause()
    time.sleep(seconds)
    server.resume()


def short_hangs(server: memcached.MemcachedServer) -> None:
    for _ in range(5):
        hang(server, memcached_cell.TIMEOUT / 3)
        time.sleep(0.2)


class OneServerTestCase(memcached_cell.MemcachedCellTest):
    """Services that live, one that crashed, and one that left."""

    def setUp(self) -> None:
        super().setUp()
        self.alive = [self.register(f'alive{n}') for n in range(3)]
        self.crashed = self.register('crashed')
        self.dead = self.register('dead')
        _, handle = self.api.join_many(self.context, [self.crashed, self.dead])
        handle.leave(self.context)
        self.beat_for(self.alive)

    def assert_survived(self, *watches: memcached_cell.Watch) -> None:
        """Check what all faults have in common, some time after one."""
        self.eventually(
            lambda: all(self.is_certain(each) for each in self.alive),
            'members have beaten again',
        )
        self.eventually_down(self.dead)
        self.eventually_down(self.crashed)
        for watch in watches:
            self.assert_never_down(watch, self.alive)


class TestEachFault(OneServerTestCase):
    """A fault, and readers that run all the time or have just begun."""

    scenarios = [
        (fault.__name__, {'fault': fault})
        for fault in long.matrix(
            [crash, outage, flush, hang, short_hangs], [many_flushes]
        )
    ]

    def test_no_service_that_beats_is_down(self) -> None:
        watches = self.watch(self.alive), self.watch_anew(self.alive)
        self.fault(self.servers[0])
        self.assert_survived(*watches)


class TestOneServer(OneServerTestCase):
    """The only memcached restarts, is flushed, hangs."""

    def test_a_flush_that_only_a_new_reader_sees(self) -> None:
        watch = self.watch_anew([*self.alive, self.dead])
        flush(self.servers[0])
        self.eventually(lambda: self.is_certain(self.dead), 'all is settled')
        self.assert_never_down(watch, self.alive)
        self.assertFalse(self.is_up(self.dead))

    @long.only
    def test_a_hang_longer_than_the_service_down_time(self) -> None:
        watch = self.watch(self.alive)
        hang(self.servers[0], DOWN_TIME + 3)
        self.assert_survived(watch, self.watch_anew(self.alive))

    def test_a_hang_that_is_over_before_anybody_beats_again(self) -> None:
        quiet = self.register('quiet')
        (member,) = self.new_api().join_many(self.context, [quiet])
        self.servers[0].pause()
        until = time.monotonic() + DOWN_TIME + 2
        while time.monotonic() < until:
            self.assertRaises(
                exception.ServiceGroupUnavailable, member.beat, self.context
            )
        self.servers[0].resume()
        client = memcached_deployments.client(self.servers[0].port)
        key = memcached_cell.KEYS.member(quiet.uuid)
        self.eventually(lambda: client.get(key) is None, 'it has expired')
        # What it said while the server hung is heard after all.
        self.assertTrue(self.is_up(quiet))
        member.beat(self.context)
        self.assertTrue(self.is_certain(quiet))

    def test_the_state_that_stands_is_the_last_known(self) -> None:
        reader = self.new_api()
        known = self.verdicts(reader, [*self.alive, self.dead])
        self.servers[0].kill()
        time.sleep(DOWN_TIME + 2)
        self.assertEqual(
            known, self.verdicts(reader, [*self.alive, self.dead])
        )
        self.assertGreater(reader.knowledge_age, DOWN_TIME)
        self.servers[0].start()
        # It has lost its memory, and the dead one stays dead.
        watch = self.useFixture(
            memcached_cell.Watch(
                lambda: {
                    uuid: not up
                    for uuid, up in self.verdicts(reader, [self.dead]).items()
                }
            )
        )
        self.eventually(lambda: self.is_certain(self.dead), 'all is settled')
        self.assert_never_down(watch, [self.dead])
        self.eventually(
            lambda: (
                self.verdicts(reader, [*self.alive, self.dead])
                and reader.knowledge_age == 0
            ),
            'the age of what is known is none',
        )

    def test_no_acknowledged_change_is_lost(self) -> None:
        acknowledged = {}
        until = time.monotonic() + 3
        number = 0
        while time.monotonic() < until:
            number += 1
            if number == 5:
                self.servers[0].kill()
            if number == 15:
                self.servers[0].start()
            service = self.alive[number % 3]
            changes = {'disabled_reason': f'change {number}'}
            self.api.update(self.context, service.uuid, changes)
            acknowledged[service.uuid] = changes['disabled_reason']
            time.sleep(0.05)
        self.assertEqual(
            acknowledged,
            {
                uuid: self.api.get_by_uuid(self.context, uuid).disabled_reason
                for uuid in acknowledged
            },
        )
