# SPDX-License-Identifier: Apache-2.0

"""A change whose answer is lost is made once, and never told as not done.

What the conformance suite promises of that is not tried here again.
"""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import threading
import time
from typing import Any

import fixtures

from nova_sg import exception
from nova_sg.servicegroup import marker
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.memcached import cell
from nova_sg.servicegroup.backends.memcached import fence
from nova_sg.servicegroup.records import change
from nova_sg.servicegroup.testing import exchanges
from nova_sg.tests.functional.servicegroup import memcached_cell

CLOSED = marker.Marker('closed', 'sql')


class LostAnswersTest(memcached_cell.RecordsTest):
    """A process behind a proxy, and one whose connection is good."""

    def setUp(self) -> None:
        super().setUp()
        (self.link,) = self.proxies()
        self.far = self.new_api([self.link]).driver.records
        self.service = self.register('c1', topic='compute')

    def patience(self, seconds: float) -> None:
        self.useFixture(
            fixtures.MonkeyPatch(f'{cell.__name__}.PATIENCE', seconds)
        )

    @contextlib.contextmanager
    def lost(
        self,
        policy: exchanges.Policy,
        meanwhile: Callable[[], object] | None = None,
    ) -> Iterator[None]:
        """Let answers to the process behind the proxy be lost."""
        self.link.withhold(policy, meanwhile)
        yield
        self.link.deliver()

    def each_answer_lost(self) -> Iterator[int]:
        """Lose the first answer, then the second, until there is none."""
        for number in range(1, 50):
            before = self.link.withheld
            with self.lost(exchanges.nth(number)):
                yield number
            if self.link.withheld == before:
                self.assertGreater(number, 2)
                return
        self.fail('there is no end of answers')


class TestOnce(LostAnswersTest):
    def test_a_create_finds_its_own_record(self) -> None:
        for number in self.each_answer_lost():
            mine = change.for_one(self.context)
            values = {
                'host': f'new{number}',
                'binary': 'nova-compute',
                'topic': 'compute',
            }
            made = self.far.create(mine, values)
            for found in (
                self.store.get_by_id(self.context, made.id),
                self.store.get_by_host_and_binary(
                    self.context, f'new{number}', 'nova-compute'
                ),
                # As of another conductor that got the same call.
                self.store.create(mine, values),
            ):
                self.assertEqual(made, found)
        self.assertEqual(number + 1, len(self.hosts()))

    def test_a_rename_is_done_to_its_end(self) -> None:
        before = self.service
        for number in self.each_answer_lost():
            mine = change.for_one(self.context)
            changes = {'host': f'name{number}'}
            self.far.update(mine, before.uuid, changes)
            after = self.store.update(mine, before.uuid, changes)
            for host, found in ((before.host, None), (after.host, after)):
                self.assertEqual(
                    found,
                    self.store.get_by_host_and_binary(
                        self.context, str(host), 'nova-compute'
                    ),
                )
            before = after

    def test_a_destroy_is_done_to_its_end(self) -> None:
        for number in self.each_answer_lost():
            gone = self.register(f'gone{number}')
            mine = change.for_one(self.context)
            self.far.destroy(mine, gone.uuid)
            self.store.destroy(mine, gone.uuid)
            self.assertRaises(
                exception.ServiceNotFound,
                self.store.destroy,
                change.for_one(self.context),
                gone.uuid,
            )
            self.assertNotIn(gone.host, self.hosts())
            traces = self.store.traces(self.context)
            self.assertIn(gone.id, [each.id for each in traces])
            self.register(f'gone{number}')

    def test_later_changes_do_not_hide_one(self) -> None:
        mine = change.for_one(self.context)
        first = {'disabled_reason': 'first'}
        self.store.update(mine, self.service.uuid, first)
        for number in range(60):
            self.store.update(
                self.context, self.service.uuid, {'report_count': number}
            )
        last = self.store.update(
            self.context, self.service.uuid, {'disabled_reason': 'last'}
        )
        self.assertEqual(
            last, self.store.update(mine, self.service.uuid, first)
        )


class TestUnknown(LostAnswersTest):
    """What cannot be found out is told so."""

    def update(self, **changes: Any) -> record.Record:
        return self.far.update(self.context, self.service.uuid, changes)

    def test_a_change_that_cannot_be_looked_for(self) -> None:
        self.patience(1.0)
        self.update(report_count=1)
        lost: list[int] = []

        def from_the_second_on() -> bool:
            lost.append(1)
            return len(lost) > 1

        with self.lost(from_the_second_on):
            error = self.assertRaises(
                exception.OutcomeUnknown, self.update, disabled=True
            )
        self.assertIn('memcached 127.0.0.1', str(error))
        there = self.store.get_by_uuid(self.context, self.service.uuid)
        self.assertTrue(there.disabled)

    def test_nothing_was_done_where_it_could_not_be_reached(self) -> None:
        self.link.refuse()
        self.link.reset()
        error = self.assertRaises(
            exception.ServiceGroupUnavailable, self.update, disabled=True
        )
        self.assertNotIsInstance(error, exception.OutcomeUnknown)

    def test_a_memory_that_was_lost_in_between_proves_nothing(self) -> None:
        with self.lost(exchanges.nth(2), self.client.flush_all):
            self.assertRaises(
                exception.OutcomeUnknown, self.update, disabled=True
            )

    def test_a_server_that_hangs_is_waited_for(self) -> None:
        with self.lost(exchanges.nth(2), self.servers[0].pause):
            threading.Timer(1.0, self.servers[0].resume).start()
            answer = self.update(disabled=True)
        self.assertTrue(answer.disabled)


class TestFence(LostAnswersTest):
    """A change is refused, is in the target, or is not told done."""

    def test_a_move_whose_answer_is_lost_has_moved(self) -> None:
        there, back = (self.far.ours, CLOSED), (CLOSED, self.far.ours)
        for number in self.each_answer_lost():
            self.assertTrue(
                self.far.marker_store.move(*(there if number % 2 else back))
            )

    def test_a_change_after_a_move_is_refused(self) -> None:
        self.store.update(self.context, self.service.uuid, {'disabled': True})
        self.store.marker_store.move(self.store.ours, CLOSED)
        for attempt, arguments in (
            (self.store.update, (self.service.uuid, {'disabled': False})),
            (self.store.destroy, (self.service.uuid,)),
            (
                self.store.create,
                ({'host': 'new', 'binary': 'nova-compute'},),
            ),
        ):
            self.assertRaises(
                exception.DeploymentMismatch,
                attempt,
                self.context,
                *arguments,
            )
        self.assertEqual(['c1'], self.hosts())

    def test_a_change_before_a_move_is_not_told_as_not_done(self) -> None:
        for attempt, arguments in (
            (self.store.create, ({'host': 'n', 'binary': 'nova-x'},)),
            (self.store.update, (self.service.uuid, {'disabled': True})),
            (self.store.destroy, (self.service.uuid,)),
        ):
            mine = change.for_one(self.context)
            attempt(mine, *arguments)
            self.store.marker_store.move(self.store.ours, CLOSED)
            self.assertRaises(
                exception.OutcomeUnknown, attempt, mine, *arguments
            )
            self.assertTrue(
                self.store.marker_store.move(CLOSED, self.store.ours)
            )

    def test_a_slow_change_across_a_move_is_not_told_done_and_lost(
        self,
    ) -> None:
        self.useFixture(
            fixtures.MonkeyPatch(f'{memcached_cell.__name__}.TIMEOUT', 5.0)
        )
        self.useFixture(
            fixtures.MonkeyPatch(f'{fence.__name__}.LONGEST', 0.25)
        )
        far = self.new_api([self.link]).driver.records
        moving = self.new_api().driver.records
        far.update(self.context, self.service.uuid, {'report_count': 1})
        copies: list[record.Record] = []

        def move() -> None:
            moving.marker_store.move(moving.ours, CLOSED)
            time.sleep(moving.fence)
            copies.append(moving.get_by_uuid(self.context, self.service.uuid))

        # The marker is read at 0.3 s, and the change arrives at 0.9 s.
        self.link.latency = 0.3
        told = set()
        for begins in (0.1, 0.45, 0.8):
            reason = f'a move after {begins} s'
            mover = threading.Timer(begins, move)
            mover.start()
            try:
                far.update(
                    self.context,
                    self.service.uuid,
                    {'disabled_reason': reason},
                )
                done = True
            except (exception.OutcomeUnknown, exception.DeploymentMismatch):
                done = False
            mover.join()
            told.add(done)
            if done:
                self.assertEqual(reason, copies[-1].disabled_reason)
            self.store.marker_store.move(CLOSED, self.store.ours)
        self.assertIn(False, told)
