# SPDX-License-Identifier: Apache-2.0

"""A weekend of transitions, seen by three watchers."""

import collections
from collections.abc import Mapping
from collections.abc import Sequence
import random
from typing import Any

from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import record
from nova_sg.servicegroup.history import recorder
from nova_sg.servicegroup.testing import base
from nova_sg.servicegroup.testing import history
from nova_sg.servicegroup.testing import recorder as recorder_tests
from nova_sg.servicegroup.testing import transitions

SERVICES = 60

#: How many happen in all, and how many of each service are kept. A long run
#: keeps as many as a deployment does by default.
TRANSITIONS, ENTRIES = (10_000, 100) if history.LONG else (2_000, 10)


class _Lagging:
    """What a watcher lists whose mirror is behind by up to an interval."""

    def __init__(self, services: recorder_tests.Scripted) -> None:
        self._services = services
        self.departures = services.departures

    def list(
        self, context: Any
    ) -> tuple[Sequence[record.Record], Mapping[str, liveness.Liveness]]:
        return (self._services.earlier or self._services).list(context)


class WeekendTests(transitions.HistoryTest):
    """Three watchers, one of which lags, and a flapping network."""

    options = {  # noqa: RUF012
        **base.QuietTest.options,
        'history': {'entries': ENTRIES},
    }
    timeout = 300

    def watcher(
        self, services: recorder.Services, number: int
    ) -> recorder.Recorder:
        """Return a watcher that has just begun."""
        history = self.history_of(self.new_api().driver.records)
        return recorder.Recorder(services, history, f'watcher {number}')

    def test_thousands_of_transitions_are_bounded_and_told_once(self) -> None:
        chance = random.Random(11)  # noqa: S311
        services = recorder_tests.Scripted()
        uuids = [services.add(f'host{n}') for n in range(SERVICES)]
        seen: list[recorder.Services] = [
            *(services, services),
            _Lagging(services),
        ]
        watchers = [
            self.watcher(each, number) for number, each in enumerate(seen)
        ]
        for each in watchers:
            each.look()
        happened: collections.Counter[str] = collections.Counter()
        while happened.total() < TRANSITIONS:
            services.remember()
            left = TRANSITIONS - happened.total()
            for uuid in chance.sample(uuids, min(SERVICES * 3 // 4, left)):
                was_up = services.states[uuid] == liveness.UP
                services.states[uuid] = (
                    liveness.DOWN if was_up else liveness.UP
                )
                happened[uuid] += 1
            if chance.random() < 0.1:
                # One of them is restarted.
                watchers[0] = self.watcher(services, 0)
            for each in chance.sample(watchers, len(watchers)):
                each.look()
        for _ in range(3):
            services.remember()
            for each in watchers:
                each.look()
        found = self.of(uuids=uuids)
        self.assertEqual(SERVICES * ENTRIES, len(found))
        self.assertEqual(
            sorted(found, key=lambda e: (e.changed_at, e.uuid, e.sequence)),
            found,
        )
        by_service = collections.defaultdict(list)
        for entry in found:
            by_service[entry.uuid].append(entry)
        for uuid, count in happened.items():
            entries = by_service[uuid]
            self.assertEqual(
                list(range(count - ENTRIES + 1, count + 1)),
                [each.sequence for each in entries],
            )
            for before, after in zip(entries, entries[1:], strict=False):
                self.assertEqual(before.after, after.before)
                self.assertNotEqual(after.before, after.after)
            self.assertEqual(services.states[uuid], entries[-1].after.state)
