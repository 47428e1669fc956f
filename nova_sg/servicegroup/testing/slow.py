# SPDX-License-Identifier: Apache-2.0

"""Promises about slow writes: a request that arrives late undoes nothing.

One request of a change is held back on its way: first the first one, then
the second, and so on to the last. Meanwhile the caller gives up, or the
deployment moves away. Then the request arrives.
"""

from collections.abc import Sequence
from concurrent import futures
import time
from typing import NamedTuple

from nova_sg import exception
from nova_sg.servicegroup import api as sg_api
from nova_sg.servicegroup import marker
from nova_sg.servicegroup import plugins
from nova_sg.servicegroup import record
from nova_sg.servicegroup.testing import base
from nova_sg.servicegroup.testing import exchanges
from nova_sg.servicegroup.testing import link as link_

#: How many requests are held back, each of a change of its own.
REQUESTS = 6

#: Seconds until a request that is let go has arrived.
ARRIVED = 0.5

#: Seconds a move may wait for a write that is on its way.
MOVING = 1.0


class Slow(NamedTuple):
    """A process that makes a change, of which one request is held back.

    :param number: which request it is
    :param link: its own way to the backend
    :param service: what it changes
    """

    number: int
    link: link_.Link
    api: sg_api.API
    service: record.Record


class SlowWriteTests(base.ConformanceTest):
    """A request of a change arrives late."""

    def setUp(self) -> None:
        super().setUp()
        self.pool = futures.ThreadPoolExecutor(REQUESTS + 1)
        self.addCleanup(self.pool.shutdown)
        self.slow = [self.make_slow(n) for n in range(1, REQUESTS + 1)]
        for each in self.slow:
            # Whatever fails: nobody waits for ever.
            self.addCleanup(each.link.release)

    def make_slow(self, number: int) -> Slow:
        link = self.deployment.proxied()
        api = self.api_through(link)
        service = self.register(f'host{number}', disabled_reason='before')
        self.recovered(api.list, self.context)
        return Slow(number, link, api, service)

    def begin(self, slow: Slow) -> futures.Future[tuple[str, object]]:
        """Begin the change of a slow process; return its outcome."""
        slow.link.hold(exchanges.nth(slow.number))
        return self.pool.submit(
            self.outcome,
            lambda: slow.api.update(
                self.context, slow.service.uuid, {'disabled_reason': 'slow'}
            ),
        )

    def reasons(self) -> dict[str, str | None]:
        """Return the reason of every service, by its uuid."""
        return {
            each.uuid: each.disabled_reason
            for each in self.new_api().driver.records.list(self.context)
        }

    def test_a_change_that_was_given_up_does_not_come_later(self) -> None:
        changes = [self.begin(each) for each in self.slow]
        outcomes = [change.result()[0] for change in changes]
        locked = []
        for each, outcome in zip(self.slow, outcomes, strict=True):
            if outcome != base.UNKNOWN:
                try:
                    self.decide_otherwise(each)
                except exception.ServiceGroupUnavailable:
                    # By the transaction whose request is held back.
                    locked.append(each)
        for each in self.slow:
            each.link.release()
        for each in locked:
            self.recovered(self.decide_otherwise, each)
        time.sleep(ARRIVED)
        found = self.reasons()
        for each, outcome in zip(self.slow, outcomes, strict=True):
            if outcome != base.UNKNOWN:
                self.assertEqual(
                    'B',
                    found[each.service.uuid],
                    f'request {each.number}: {outcome}',
                )

    def decide_otherwise(self, slow: Slow) -> None:
        self.api.update(
            self.context, slow.service.uuid, {'disabled_reason': 'B'}
        )

    def test_a_change_is_refused_or_moves_along(self) -> None:
        changes = [self.begin(each) for each in self.slow]
        held = [each for each in self.slow if self.is_held(each)]
        moving = self.pool.submit(self.move)
        futures.wait([moving], timeout=MOVING + self.records.fence)
        for each in held:
            each.link.release()
        moved = moving.result()
        told = [self.outcome_of(change) for change in changes]
        time.sleep(ARRIVED)
        self.assertEqual(moved, self.reasons())
        for each, outcome in zip(self.slow, told, strict=True):
            if outcome != base.UNKNOWN:
                self.assertEqual(
                    'slow' if outcome == base.DONE else 'before',
                    moved[each.service.uuid],
                    f'request {each.number}: {outcome}',
                )

    def is_held(self, slow: Slow) -> bool:
        return self.within(ARRIVED, lambda: slow.link.held)

    def move(self) -> dict[str, str | None]:
        """Move the deployment away; return what a copy would be made of."""
        ours = plugins.our_marker(self.conf)
        self.marked(ours, marker.Marker('moving', 'elsewhere'))
        time.sleep(self.records.fence)
        return self.reasons()

    def marked(self, theirs: marker.Marker, ours: marker.Marker) -> None:
        stores: Sequence[marker.MarkerStore] = self.driver.marker_stores()
        deadline = time.monotonic() + base.PATIENCE
        for store in stores:
            while not self.recovered(store.move, theirs, ours):
                self.assertLess(time.monotonic(), deadline)

    def outcome_of(self, change: futures.Future[tuple[str, object]]) -> str:
        try:
            return change.result()[0]
        except exception.DeploymentMismatch:
            return base.NOT_DONE
