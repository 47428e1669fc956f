# SPDX-License-Identifier: Apache-2.0

"""Promises that hold when several write at once."""

from collections.abc import Callable
from concurrent import futures
import signal
import time
from typing import Any
from typing import TypeVar

from nova_sg.servicegroup import record
from nova_sg.servicegroup.testing import actions
from nova_sg.servicegroup.testing import base
from nova_sg.servicegroup.testing import processes
from nova_sg.servicegroup.testing import restore

T = TypeVar('T')

#: How many race.
RACERS = 3

#: How often, and the seconds between.
ROUNDS = 6
PAUSE = 0.05

#: Seconds until all are at the start.
HEAD_START = 0.1

VALUES = {
    'host': 'host1',
    'binary': 'nova-compute',
    'topic': 'compute',
}


class RaceTests(base.QuietTest):
    """One wins, the others learn it, and nothing is lost.

    What races is up to a subclass.
    """

    def race(
        self,
        function: Callable[..., T],
        *calls: tuple[Any, ...],
    ) -> list[T]:
        """Call a function with each of these arguments, all at once.

        :returns: what the calls returned, in their order
        """
        raise NotImplementedError

    def start(self) -> float:
        """Return when a race begins, which all threads of a race can make."""
        return time.monotonic() + HEAD_START

    def moments(self) -> list[float]:
        """Return when the rounds of a race begin."""
        start = self.start()
        return [start + number * PAUSE for number in range(ROUNDS)]

    def create_at_once(
        self, *values: dict[str, Any]
    ) -> list[tuple[record.Record | str, ...]]:
        """Create services of these values at once, on one host a round.

        :returns: for each round the record or the error of each
        """
        moments = self.moments()
        calls = [
            (
                moments,
                [{**each, 'host': f'host{n}'} for n in range(ROUNDS)],
            )
            for each in values
        ]
        return list(zip(*self.race(actions.create_each, *calls), strict=True))

    def test_one_of_several_creates_of_a_binary_wins(self) -> None:
        rounds = self.create_at_once(*[VALUES] * RACERS)
        for outcomes in rounds:
            errors = [each for each in outcomes if isinstance(each, str)]
            self.assertEqual(['ServiceBinaryExists'] * (RACERS - 1), errors)
        self.assertEqual(ROUNDS, len(self.records.list(self.context)))

    def test_one_of_several_creates_of_a_topic_wins(self) -> None:
        rounds = self.create_at_once(
            *({**VALUES, 'binary': f'nova-{n}'} for n in range(RACERS))
        )
        for outcomes in rounds:
            errors = [each for each in outcomes if isinstance(each, str)]
            self.assertEqual(['ServiceTopicExists'] * (RACERS - 1), errors)
        self.assertEqual(ROUNDS, len(self.records.list(self.context)))

    def test_creates_that_do_not_collide_all_succeed(self) -> None:
        rounds = self.create_at_once(
            *({'binary': f'nova-{n}', 'topic': None} for n in range(RACERS))
        )
        ids = [
            each.id
            for outcomes in rounds
            for each in outcomes
            if isinstance(each, record.Record)
        ]
        self.assertEqual(RACERS * ROUNDS, len(ids), str(rounds))
        self.assertEqual(RACERS * ROUNDS, len(set(ids)))

    def test_updates_of_different_fields_all_survive(self) -> None:
        created = self.register()
        start = self.start()
        fields: dict[str, list[Any]] = {
            'disabled': [False, True] * 6,
            'disabled_reason': [f'reason {n}' for n in range(12)],
            'version': list(range(1, 13)),
        }
        seen = self.race(
            actions.update_each,
            *(
                (start, created.uuid, field, values)
                for field, values in fields.items()
            ),
        )
        # Nobody else wrote the field, so each update is answered with it.
        self.assertEqual(list(fields.values()), seen)
        after = self.records.get_by_uuid(self.context, created.uuid)
        self.assertEqual(
            {field: values[-1] for field, values in fields.items()},
            {field: getattr(after, field) for field in fields},
        )

    def test_updates_do_not_bring_back_what_is_destroyed(self) -> None:
        created = self.register()
        start = self.start()
        calls = [(start, created.uuid)] * (RACERS - 1)
        with futures.ThreadPoolExecutor(1) as pool:
            pool.submit(
                actions.destroy, self.new_api(), start + PAUSE, created.uuid
            )
            self.race(actions.update_until_gone, *calls)
        self.assertEqual([], list(self.records.list(self.context)))
        anew = self.register()
        self.assertNotEqual(created.uuid, anew.uuid)
        self.assertIsNone(anew.disabled_reason)

    def test_one_of_several_destroys_wins(self) -> None:
        for _ in range(3):
            created = self.register()
            start = self.start()
            won = self.race(actions.destroy, *[(start, created.uuid)] * RACERS)
            self.assertEqual(1, won.count(True), str(won))

    def test_coming_and_going_leaves_nothing_behind(self) -> None:
        start = self.start()
        created = self.race(actions.churn, *[(start, 10, VALUES)] * RACERS)
        ids = [each for ids in created for each in ids]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertNotEqual([], ids)
        self.assertEqual([], list(self.records.list(self.context)))
        self.register()

    def test_a_record_restored_by_several_is_there_once(self) -> None:
        restored = restore.from_elsewhere()
        start = self.start()
        self.race(actions.restore, *[(start, restored)] * RACERS)
        self.assertEqual([restored], list(self.records.list(self.context)))

    def test_beats_do_not_undo_what_an_operator_decides(self) -> None:
        created = self.register()
        start = self.start()
        decisions = [(n % 2 == 0, f'reason {n}') for n in range(15)]
        with futures.ThreadPoolExecutor(1) as pool:
            beats = pool.submit(
                self.race,
                actions.beat_often,
                *[(start, created, 30)] * (RACERS - 1),
            )
            actions.wait_until(start)
            for disabled, reason in decisions:
                changes = {'disabled': disabled, 'disabled_reason': reason}
                self.records.update(self.context, created.uuid, changes)
                after = self.records.get_by_uuid(self.context, created.uuid)
                self.assertEqual(
                    (disabled, reason),
                    (after.disabled, after.disabled_reason),
                )
            beats.result()
        after = self.records.get_by_uuid(self.context, created.uuid)
        self.assertEqual(
            decisions[-1], (after.disabled, after.disabled_reason)
        )
        self.assertTrue(self.is_up(created))


class ProcessRaceTests(RaceTests):
    """Several processes race."""

    def setUp(self) -> None:
        super().setUp()
        self.workers: list[processes.Worker] = []

    def start(self) -> float:
        if not self.workers:
            self.workers = [self.worker() for _ in range(RACERS)]
            for ready in [w.start(actions.warm_up) for w in self.workers]:
                ready()
        return super().start()

    def race(
        self,
        function: Callable[..., T],
        *calls: tuple[Any, ...],
    ) -> list[T]:
        results = [
            worker.start(function, *call)
            for worker, call in zip(
                self.workers[: len(calls)], calls, strict=True
            )
        ]
        return [result() for result in results]

    def test_several_processes_can_be_the_first(self) -> None:
        workers = [self.worker() for _ in range(RACERS)]
        moment = time.monotonic() + HEAD_START
        results = [
            worker.start(
                actions.create_each, [moment], [{**VALUES, 'host': f'h{n}'}]
            )
            for n, worker in enumerate(workers)
        ]
        created = [result()[0] for result in results]
        for each in created:
            self.assertIsInstance(each, record.Record)

    def test_a_killed_writer_leaves_nothing_half_written(self) -> None:
        other = self.worker()
        other.start(actions.write_forever)
        self.eventually(
            lambda: len(self.records.list(self.context)) > 2,
            'the other process has written',
        )
        other.signal(signal.SIGKILL)
        # What this process has read may be older than the last write.
        records = self.new_api().driver.records
        for each in records.list(self.context):
            self.assertEqual('nova-compute', each.binary)
            self.assertEqual(
                'busy' if each.disabled else None, each.disabled_reason
            )
            self.records.update(self.context, each.uuid, {'version': 2})
            self.membership.join(self.context, each)
            self.api.destroy(self.context, each.uuid)
        self.assertEqual([], list(records.list(self.context)))
        self.register('busy0')


class ThreadRaceTests(RaceTests):
    """Several threads of one process race, which share an API."""

    def race(
        self,
        function: Callable[..., T],
        *calls: tuple[Any, ...],
    ) -> list[T]:
        with futures.ThreadPoolExecutor(len(calls)) as pool:
            results = [
                pool.submit(function, self.api, *call) for call in calls
            ]
            return [result.result() for result in results]
