# SPDX-License-Identifier: Apache-2.0

"""The silence of one client is not the silence of all.

The dead service has no other agent to hide behind but the one with the fault.
"""

import contextlib
import threading
import time

from nova_sg import exception
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import record
from nova_sg.tests.fixtures import long
from nova_sg.tests.functional.servicegroup import memcached_cell

INTERVAL = memcached_cell.REPORT_INTERVAL
DOWN_TIME = memcached_cell.DOWN_TIME


class SilenceTest(memcached_cell.MemcachedCellTest):
    """An agent whose link to memcached fails, and services of others."""

    def setUp(self) -> None:
        super().setUp()
        (self.link,) = self.proxies()
        self.ours, self.dead = self.register('ours'), self.register('dead')
        self.far = self.new_api([self.link])

    def die(self, service: record.Record) -> None:
        """Beat for a service for a while, then crash."""
        beats = self.beat_for([service])
        time.sleep(INTERVAL)
        # It does not leave.
        beats.stop()

    def assert_stays_down(
        self, service: record.Record, seconds: float
    ) -> None:
        """Check what processes see that have just begun.

        One that gets no answer in time calls nobody up.
        """
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            with contextlib.suppress(exception.ServiceGroupUnavailable):
                self.assertEqual(liveness.DOWN, self.state(service))
            time.sleep(0.05)
        self.eventually_down(service)


class TestOneClient(SilenceTest):
    def test_its_return_does_not_bring_up_a_dead_service(self) -> None:
        self.beat_for([self.ours], self.far)
        self.die(self.dead)
        self.eventually_down(self.dead)
        self.link.cut()
        self.eventually_down(self.ours)
        self.link.heal()
        self.eventually(
            lambda: self.state(self.ours) == liveness.UP, 'ours is back'
        )
        self.assert_stays_down(self.dead, 1)

    @long.only
    def test_a_link_that_flaps_keeps_no_dead_service_up(self) -> None:
        self.beat_for([self.ours], self.far)
        self.die(self.dead)
        stopping = threading.Event()

        def flap() -> None:
            while not stopping.wait(1.2):
                self.link.cut()
                stopping.wait(1.5)
                self.link.heal()

        flapping = threading.Thread(target=flap)
        flapping.start()
        self.addCleanup(flapping.join)
        self.addCleanup(stopping.set)
        bound = self.api.driver.characteristics
        time.sleep(bound.crash_detection + bound.doubt)
        self.assert_stays_down(self.dead, 10)

    def test_another_that_beats_speaks_for_the_server(self) -> None:
        near = self.register('near')
        self.beat_for([near])
        (member,) = self.far.join_many(self.context, [self.ours])
        member.beat(self.context)
        self.link.cut()
        # It dies while the link is cut.
        self.die(self.dead)
        until = time.monotonic() + DOWN_TIME + 4 * INTERVAL
        while time.monotonic() < until:
            self.assertRaises(
                exception.ServiceGroupUnavailable, member.beat, self.context
            )
        self.eventually_down(self.dead)
        self.link.heal()
        member.beat(self.context)
        self.assert_stays_down(self.dead, 1)


class TestAll(SilenceTest):
    def test_a_hang_kills_nobody_and_raises_nobody(self) -> None:
        alive = [self.register(f'alive{n}') for n in range(3)]
        for each in alive:
            self.beat_for([each])
        self.die(self.dead)
        self.eventually_down(self.dead)
        self.servers[0].pause()
        time.sleep(DOWN_TIME + 2)
        self.servers[0].resume()
        watch = self.watch_anew(alive)
        dead = self.watch_anew([self.dead])
        self.eventually(
            lambda: all(self.is_certain(each) for each in alive),
            'all have beaten again',
        )
        self.assert_never_down(watch, alive)
        dead.stop()
        self.assertIn(self.dead.uuid, dead.seen_down)
        self.assertEqual(liveness.DOWN, self.state(self.dead))

    def test_who_has_left_was_not_kept_from_beating(self) -> None:
        beats = self.beat_for([self.ours])
        (handle,) = self.new_api().join_many(self.context, [self.dead])
        handle.leave(self.context)
        self.servers[0].pause()
        time.sleep(DOWN_TIME + 2)
        self.servers[0].resume()
        self.assertEqual(liveness.DOWN, self.state(self.dead))
        beats.stop()
