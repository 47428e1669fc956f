# SPDX-License-Identifier: Apache-2.0

"""memcached is cut off, or one of three is gone: what is known stands."""

import time
import uuid

from nova_sg import exception
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup.backends.memcached import cluster
from nova_sg.tests.fixtures import proxy
from nova_sg.tests.functional.servicegroup import memcached_cell
from nova_sg.tests.functional.servicegroup import memcached_deployments

DOWN_TIME = memcached_cell.DOWN_TIME


class TestPartitions(memcached_cell.MemcachedCellTest):
    """The network fails, silently, on one side."""

    def setUp(self) -> None:
        super().setUp()
        (self.way,) = self.proxies()
        self.near, self.far = self.register('near'), self.register('far')

    def test_a_reader_is_cut_off(self) -> None:
        self.beat_for([self.near, self.far])
        reader = self.new_api([self.way])
        self.verdicts(reader, [self.near, self.far])
        watch = self.useFixture(
            memcached_cell.Watch(
                lambda: self.verdicts(reader, [self.near, self.far])
            )
        )
        for direction in proxy.Direction:
            self.way.cut(direction)
            time.sleep(DOWN_TIME / 2 + 1)
            self.way.heal(direction)
            self.eventually(
                lambda: (
                    self.verdicts(reader, [self.near])
                    and reader.knowledge_age == 0
                ),
                'the reader knows again',
            )
        self.assert_never_down(watch, [self.near, self.far])

    def test_a_reader_that_knows_nothing_says_nothing(self) -> None:
        self.beat_for([self.near])
        reader = self.new_api([self.way])
        self.way.cut()
        self.assertRaises(
            exception.ServiceGroupUnavailable,
            reader.service_is_up,
            self.near,
        )
        self.way.heal()
        self.eventually(
            lambda: reader.service_is_up(self.near), 'the reader knows'
        )

    def test_a_member_is_cut_off(self) -> None:
        self.beat_for([self.near])
        self.beat_for([self.far], self.new_api([self.way]))
        for direction in proxy.Direction:
            watch = self.watch_anew([self.near])
            self.way.cut(direction)
            self.eventually_down(self.far)
            self.way.heal(direction)
            self.eventually(
                lambda: self.is_certain(self.far) and self.is_up(self.far),
                'the member is back by itself',
            )
            self.assert_never_down(watch, [self.near])

    def test_all_members_are_cut_off_and_return(self) -> None:
        """Nobody's fault but the network's: it is no mass death after it."""
        members = [
            self.new_api([self.way]).join_many(self.context, [service])[0]
            for service in (self.near, self.far)
        ]
        self.way.cut()
        self.eventually(lambda: not self.is_up(self.near), 'near is down')
        for member in members:
            self.assertRaises(
                exception.ServiceGroupUnavailable, member.beat, self.context
            )
        self.eventually_down(self.far)
        self.way.heal()
        members[0].beat(self.context)
        self.assertTrue(self.is_up(self.near))
        # The first that is back has told of the outage, so that the other
        # is not taken for dead before it had its turn.
        self.assertTrue(self.is_up(self.far))
        self.eventually_down(self.far)
        members[1].beat(self.context)
        self.assertTrue(self.is_up(self.far))

    def test_a_process_that_begins_before_they_return_calls_none_dead(
        self,
    ) -> None:
        services = [self.near, self.far]
        self.new_api([self.way]).join_many(self.context, services)
        self.way.cut()
        # No process reads meanwhile, so that none has seen the outage.
        time.sleep(DOWN_TIME + 2)
        self.assertTrue(all(self.is_up(each) for each in services))
        # They do not return: they were dead, and one silence is told once.
        for each in services:
            self.eventually_down(each)
        time.sleep(1)
        self.assertFalse(any(self.is_up(each) for each in services))

    def test_broken_connections_are_made_again(self) -> None:
        member = self.new_api([self.way])
        self.beat_for([self.far], member)
        watch = self.watch([self.far])
        for _ in range(10):
            self.way.reset()
            time.sleep(0.3)
        self.assert_never_down(watch, [self.far])
        self.way.reset()
        self.assertTrue(member.service_is_up(self.far))


class TestThreeServers(memcached_cell.MemcachedCellTest):
    """One of three is gone for a while; nothing moves to the others."""

    servers_wanted = 3

    def setUp(self) -> None:
        super().setUp()
        self.services = self.register_on_each()
        self.beats = self.beat_for(self.services)

    def gone(self) -> int:
        """Kill a server; return the number of its service."""
        victim = min(self.servers, key=lambda each: each.hosts)
        victim.kill()
        self.victim = victim
        return 0

    def test_one_is_gone_and_back(self) -> None:
        watches = self.watch(self.services), self.watch_anew(self.services)
        self.gone()
        time.sleep(DOWN_TIME + 2)
        self.victim.start()
        self.eventually(
            lambda: all(self.is_certain(each) for each in self.services),
            'all members have beaten again',
        )
        for watch in watches:
            self.assert_never_down(watch, self.services)

    def test_what_the_others_know_is_known(self) -> None:
        reader = self.new_api()
        self.verdicts(reader, self.services)
        lost = self.services.pop(self.gone())
        self.beats.stop()
        self.eventually(
            lambda: not any(self.verdicts(reader, self.services).values()),
            'the services on the other servers are down',
        )
        # Of this one nobody can tell whether it still beats.
        self.assertTrue(reader.service_is_up(lost))
        self.assertGreater(reader.knowledge_age, 0)
        # A process that has just begun has not seen that they could beat.
        self.eventually_down(self.services[0])
        self.assertEqual(liveness.UNKNOWN, self.state(lost))
        self.victim.start()
        self.eventually_down(lost)
        self.eventually(
            lambda: not reader.service_is_up(lost), 'the reader knows it, too'
        )

    def test_a_process_started_meanwhile_lists_all(self) -> None:
        idle = self.register('idle')
        idle_on = cluster.get(self.api.conf).server_of(idle.uuid).name
        lost = self.services[self.gone()]
        late = self.new_api()
        records, alive = late.list(self.context)
        self.assertEqual({each.uuid for each in records}, alive.keys())
        self.assertEqual(
            ['unknown', 'up', 'up'],
            [alive[each.uuid].state for each in self.services],
        )
        self.assertIn(self.victim.hosts, str(alive[lost.uuid].unknown))
        if idle_on != self.victim.hosts:
            self.eventually(
                lambda: late.list(self.context)[1][idle.uuid].state == 'down',
                'the service that never joined is down',
            )

    def test_a_process_started_meanwhile_serves_the_others(self) -> None:
        lost = self.services.pop(self.gone())
        late = self.new_api()
        self.assertEqual(
            [True, True], list(self.verdicts(late, self.services).values())
        )
        handles = late.join_many(self.context, self.services)
        late.driver.membership.beat_many(self.context, handles)
        self.assertRaises(
            exception.ServiceGroupUnavailable,
            late.join_many,
            self.context,
            [lost],
        )

    def test_the_liveness_of_many_is_one_request_to_each(self) -> None:
        reader = self.new_api().driver.membership
        self.beats.stop()
        uuids = [str(uuid.uuid4()) for _ in range(10_000)]
        with memcached_deployments.count_requests() as requests:
            self.assertEqual(10_000, len(reader.verdicts(uuids)))
        self.assertEqual(3, requests())
