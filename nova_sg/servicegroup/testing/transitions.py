# SPDX-License-Identifier: Apache-2.0

"""Promises of the history: each transition once, in order, and not for ever.

A record store that has no place for a history is held to none of them.
"""

import datetime
import threading
from typing import Any
import uuid as uuidlib

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import marker
from nova_sg.servicegroup.history import base as history_base
from nova_sg.servicegroup.history import entry as entry_
from nova_sg.servicegroup.testing import base

UP = entry_.Standing(liveness.UP)
DOWN = entry_.Standing(liveness.DOWN)

#: Fewer than by default: tests need not fill it.
ENTRIES = 10


def next_entry(
    uuid: str, last: entry_.Entry | None = None, **values: Any
) -> entry_.Entry:
    """Return the entry that follows another one of a service."""
    before = UP if last is None else last.after
    return entry_.Entry(
        **{
            'uuid': uuid,
            'sequence': 1 if last is None else last.sequence + 1,
            'host': 'host1',
            'binary': 'nova-compute',
            'time': None,
            'before': before,
            'after': DOWN if before.is_up else UP,
            'reason': None,
            'observer': 'a test',
            **values,
        }
    )


class HistoryTest(base.QuietTest):
    """A test with the history of a deployment."""

    options = {  # noqa: RUF012
        **base.QuietTest.options,
        'history': {'entries': ENTRIES},
    }

    def setUp(self) -> None:
        super().setUp()
        self.history = self.history_of(self.records)

    def history_of(self, records: Any) -> history_base.History:
        history = records.history
        if history is None:
            self.skipTest('These records have no place for a history')
        assert isinstance(history, history_base.History)
        return history

    def of(self, **question: Any) -> list[entry_.Entry]:
        """Return what is read of the history."""
        return list(
            self.history.of(self.context, history_base.Question(**question))
        )

    def record(self, *entries: entry_.Entry) -> dict[str, entry_.Entry]:
        return dict(self.history.record(self.context, entries))

    def flap(
        self, uuid: str, times: int, last: entry_.Entry | None = None
    ) -> entry_.Entry:
        """Record transitions of a service one after the other."""
        for _ in range(times):
            recorded = self.record(next_entry(uuid, last))
            last = recorded[uuid]
        assert last is not None
        return last


class TransitionTests(HistoryTest):
    """The history is written by compare-and-set, and bounded."""

    def setUp(self) -> None:
        super().setUp()
        self.uuid = self.register().uuid

    def test_an_entry_is_read_as_it_was_recorded(self) -> None:
        given = next_entry(
            self.uuid,
            after=entry_.Standing('down', disabled=True, forced_down=True),
            reason='\u2603 broken',
            observer='nova-sg-conductor on ctl1',
        )
        recorded = self.record(given)[self.uuid]
        self.assertEqual(given, recorded._replace(time=None))
        self.assertEqual([recorded], self.of())
        self.assertEqual(
            {self.uuid: recorded},
            dict(self.history.last(self.context, [self.uuid])),
        )

    def test_nothing_is_recorded_where_the_deployment_has_moved(self) -> None:
        last = self.flap(self.uuid, 1)
        other = self.register('host2').uuid
        # The watcher has seen the marker, and does not look again so soon.
        ours, moved = self.api.marker, marker.Marker('another', 'driver')
        store = self.records.marker_store
        self.assertTrue(store.move(ours, moved))
        for each in (next_entry(self.uuid, last), next_entry(other)):
            self.assertRaises(exception.DeploymentMismatch, self.record, each)
        self.assertEqual([last], self.of())
        # It comes back, and its history goes on.
        self.assertTrue(store.move(moved, ours))
        self.flap(self.uuid, 1, last)
        self.assertEqual(2, len(self.of()))

    def test_the_time_is_aware_and_now(self) -> None:
        recorded = self.flap(self.uuid, 1)
        assert recorded.time is not None
        self.assertEqual(datetime.timedelta(0), recorded.time.utcoffset())
        age = datetime.datetime.now(datetime.UTC) - recorded.time
        self.assertLess(abs(age), datetime.timedelta(seconds=base.PATIENCE))

    def test_without_entries_there_is_nothing(self) -> None:
        self.assertEqual([], self.of())
        self.assertEqual([], self.of(uuids=[self.uuid]))
        self.assertEqual(
            {}, dict(self.history.last(self.context, [self.uuid]))
        )
        self.assertEqual({}, dict(self.history.last(self.context, [])))

    def test_an_entry_is_not_recorded_over_another(self) -> None:
        first = self.flap(self.uuid, 1)
        second = next_entry(self.uuid, observer='another watcher')
        self.assertEqual({self.uuid: first}, self.record(second))
        self.assertEqual([first], self.of())

    def test_what_one_watcher_has_others_read(self) -> None:
        recorded = self.flap(self.uuid, 3)
        other = self.history_of(self.new_api().driver.records)
        self.assertEqual(
            {self.uuid: recorded}, dict(other.last(self.context, [self.uuid]))
        )

    def test_each_entry_of_a_group_counts_by_itself(self) -> None:
        taken = self.flap(self.uuid, 1)
        free = str(uuidlib.uuid4())
        recorded = self.record(
            next_entry(self.uuid), next_entry(free, host='host2')
        )
        self.assertEqual(taken, recorded[self.uuid])
        self.assertEqual(1, recorded[free].sequence)
        self.assertEqual(2, len(self.of(uuids=[self.uuid, free])))

    def test_only_the_newest_entries_of_a_service_are_kept(self) -> None:
        quiet = self.register('host2').uuid
        self.flap(quiet, 1)
        self.flap(self.uuid, 2 * ENTRIES + 5)
        found = self.of(uuids=[self.uuid])
        self.assertEqual(
            list(range(ENTRIES + 6, 2 * ENTRIES + 6)),
            [each.sequence for each in found],
        )
        self.assertEqual(1, len(self.of(uuids=[quiet])))

    def test_old_entries_are_deleted_but_for_the_newest(self) -> None:
        gone = self.register('host2').uuid
        newest = self.flap(self.uuid, 3)
        self.flap(gone, 2)
        self.api.destroy(self.context, gone)
        # Nothing is that old yet.
        self.history.prune(self.context, [self.uuid])
        self.assertEqual(5, len(self.of()))
        self.history.limits = history_base.Limits(ENTRIES, days=0)

        def pruned() -> bool:
            self.history.prune(self.context, [self.uuid])
            return len(self.of()) == 1

        self.eventually(pruned, 'Old entries are deleted')
        self.assertEqual([newest], self.of())

    def test_it_outlives_its_service(self) -> None:
        recorded = self.flap(self.uuid, 1)
        self.api.destroy(self.context, self.uuid)
        self.history.prune(self.context, [])
        self.assertEqual([recorded], self.of())

    def test_what_is_old_of_a_service_that_is_gone_goes(self) -> None:
        self.flap(self.uuid, 2)
        self.api.destroy(self.context, self.uuid)
        self.history.limits = history_base.Limits(ENTRIES, days=0)

        def pruned() -> bool:
            self.history.prune(self.context, [])
            return not self.of()

        self.eventually(pruned, 'All of it is deleted')

    def test_it_is_read_by_host_service_time_and_number(self) -> None:
        first = self.flap(self.uuid, 2)
        other = self.register('host2').uuid
        second = self.record(next_entry(other, host='host2'))[other]
        self.assertEqual([second], self.of(host='host2'))
        self.assertEqual([], self.of(host='host3'))
        self.assertEqual([second], self.of(uuids=[other]))
        self.assertEqual([], self.of(uuids=[]))
        self.assertEqual(
            [first], self.of(uuids=[self.uuid, 'nonesuch'], limit=1)
        )
        now = second.changed_at
        self.assertEqual(
            3, len(self.of(since=first.changed_at.replace(year=2001)))
        )
        self.assertEqual([], self.of(since=now.replace(year=now.year + 1)))

    def test_of_many_watchers_one_records(self) -> None:
        uuids = [self.uuid, *(str(uuidlib.uuid4()) for _ in range(9))]
        start = threading.Barrier(3)
        failed = []
        told: list[entry_.Entry] = []

        def watch(number: int) -> None:
            api = self.new_api()
            history = self.history_of(api.driver.records)
            context = sg_context.get_admin_context()
            last: dict[str, entry_.Entry] = {}
            try:
                for _ in range(5):
                    start.wait(base.PATIENCE)
                    last |= history.record(
                        context,
                        [
                            next_entry(
                                each,
                                last.get(each),
                                observer=f'watcher {number}',
                            )
                            for each in uuids
                        ],
                    )
                    told.extend(last.values())
            except BaseException as error:
                failed.append(error)
                start.abort()

        threads = [
            threading.Thread(target=watch, args=(number,))
            for number in range(3)
        ]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        self.assertEqual([], failed)
        for uuid in uuids:
            found = self.of(uuids=[uuid])
            self.assertEqual(
                [1, 2, 3, 4, 5], [each.sequence for each in found]
            )
            # What was one watcher's is nobody else's.
            recorded = {(e.sequence, e.observer) for e in found}
            seen = {(e.sequence, e.observer) for e in told if e.uuid == uuid}
            self.assertEqual(recorded, seen)
