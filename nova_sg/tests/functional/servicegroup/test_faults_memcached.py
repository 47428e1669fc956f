# SPDX-License-Identifier: Apache-2.0

"""memcached fails, and no service is taken for dead because of that."""

import time

from nova_sg import exception
from nova_sg.tests.fixtures import long
from nova_sg.tests.functional.servicegroup import memcached_cell
from nova_sg.tests.functional.servicegroup import memcached_deployments

DOWN_TIME = memcached_cell.DOWN_TIME


class TestOneServer(memcached_cell.MemcachedCellTest):
    """The only memcached restarts, is flushed, hangs."""

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

    def test_a_crash_and_a_restart(self) -> None:
        watches = self.watch(self.alive), self.watch_anew(self.alive)
        self.servers[0].kill()
        time.sleep(1)
        self.servers[0].start()
        self.assert_survived(*watches)

    def test_an_outage_longer_than_the_service_down_time(self) -> None:
        watches = self.watch(self.alive), self.watch_anew(self.alive)
        self.servers[0].kill()
        time.sleep(DOWN_TIME + 2)
        self.servers[0].start()
        self.assert_survived(*watches)

    def test_a_flush(self) -> None:
        watches = self.watch(self.alive), self.watch_anew(self.alive)
        memcached_deployments.client(self.servers[0].port).flush_all()
        self.assert_survived(*watches)

    def test_a_flush_that_only_a_new_reader_sees(self) -> None:
        watch = self.watch_anew([*self.alive, self.dead])
        memcached_deployments.client(self.servers[0].port).flush_all()
        self.eventually(lambda: self.is_certain(self.dead), 'all is settled')
        self.assert_never_down(watch, self.alive)
        self.assertFalse(self.is_up(self.dead))

    @long.only
    def test_one_flush_after_the_other(self) -> None:
        watches = [self.watch(self.alive)]
        watches += [self.watch_anew(self.alive) for _ in range(2)]
        client = memcached_deployments.client(self.servers[0].port)
        until = time.monotonic() + 4
        while time.monotonic() < until:
            client.flush_all()
            time.sleep(0.01)
        self.assert_survived(*watches)

    def test_a_hang_shorter_than_the_timeout(self) -> None:
        watches = self.watch(self.alive), self.watch_anew(self.alive)
        for _ in range(5):
            self.servers[0].pause()
            time.sleep(memcached_cell.TIMEOUT / 3)
            self.servers[0].resume()
            time.sleep(0.2)
        self.assert_survived(*watches)

    def test_a_hang_longer_than_the_timeout(self) -> None:
        watches = self.watch(self.alive), self.watch_anew(self.alive)
        self.servers[0].pause()
        time.sleep(2)
        self.servers[0].resume()
        self.assert_survived(*watches)

    @long.only
    def test_a_hang_longer_than_the_service_down_time(self) -> None:
        watch = self.watch(self.alive)
        self.servers[0].pause()
        time.sleep(DOWN_TIME + 3)
        self.servers[0].resume()
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
