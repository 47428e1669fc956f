# SPDX-License-Identifier: Apache-2.0

"""Promises of a watcher: it records what happens, and invents nothing."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import time
from typing import Any
import uuid as uuidlib

from nova_sg import exception
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup import record
from nova_sg.servicegroup.history import recorder
from nova_sg.servicegroup.testing import transitions


class Scripted:
    """The services of a deployment, as a test says that they are."""

    def __init__(self) -> None:
        self.records: dict[str, record.Record] = {}
        self.states: dict[str, str] = {}
        self.away = False
        #: Why services that are up are only presumed to be.
        self.doubt: str | None = None
        #: How the services were a while ago, for a watcher that lags.
        self.earlier: Scripted | None = None

    def add(self, host: str, state: str = liveness.UP) -> str:
        uuid = str(uuidlib.uuid4())
        self.records[uuid] = record.Record(
            id=len(self.records) + 1,
            uuid=uuid,
            host=host,
            binary='nova-compute',
            topic='compute',
        )
        self.states[uuid] = state
        return uuid

    def change(self, uuid: str, **values: Any) -> None:
        self.records[uuid] = self.records[uuid]._replace(**values)

    def remember(self) -> None:
        """Keep the services as they are now for who lags."""
        self.earlier = Scripted()
        self.earlier.records = dict(self.records)
        self.earlier.states = dict(self.states)

    def list(
        self, context: Any
    ) -> tuple[Sequence[record.Record], Mapping[str, liveness.Liveness]]:
        if self.away:
            raise exception.ServiceGroupUnavailable(
                backend='of the test', reason='it is unreachable'
            )
        now = time.monotonic()
        unknown = {liveness.UP: self.doubt, liveness.UNKNOWN: 'a test'}
        return list(self.records.values()), {
            uuid: liveness.Liveness(
                state == liveness.UP, None, now, (), unknown.get(state)
            )
            for uuid, state in self.states.items()
        }

    def departures(
        self, context: Any, services: Iterable[Any], known: Any = None
    ) -> Mapping[str, reasons.Departure]:
        silent = reasons.Departure(reasons.SILENT)
        return {each.uuid: silent for each in services}


class RecorderTests(transitions.HistoryTest):
    """A watcher compares lists, and records what has changed."""

    def setUp(self) -> None:
        super().setUp()
        self.services = Scripted()
        self.uuid = self.services.add('host1')
        self.uuids = [self.uuid, self.services.add('host2')]
        self.watcher = self.new_watcher()

    def new_watcher(self) -> recorder.Recorder:
        """Return a watcher that has just begun, as of another process."""
        history = self.history_of(self.new_api().driver.records)
        return recorder.Recorder(self.services, history, 'a watcher')

    def looks(self, times: int = 2) -> None:
        for _ in range(times):
            self.watcher.look()

    def told(self) -> list[tuple[str, str, str | None]]:
        return [
            (str(each.before), str(each.after), each.reason)
            for each in self.of(uuids=self.uuids)
        ]

    def test_what_it_finds_is_no_transition(self) -> None:
        self.uuids.append(self.services.add('host3', liveness.DOWN))
        self.looks()
        self.assertEqual([], self.told())

    def test_a_death_and_a_return_are_transitions(self) -> None:
        self.looks()
        self.services.states[self.uuid] = liveness.DOWN
        self.looks()
        self.services.states[self.uuid] = liveness.UP
        self.looks()
        self.assertEqual(
            [('up', 'down', reasons.SILENT), ('down', 'up', None)],
            self.told(),
        )

    def test_decisions_of_operators_are_transitions(self) -> None:
        self.looks()
        for values in (
            {'disabled': True, 'disabled_reason': 'new disk'},
            {'forced_down': True},
            {'forced_down': False},
            {'disabled': False, 'disabled_reason': None},
        ):
            self.services.change(self.uuid, **values)
            self.looks()
        self.assertEqual(
            [
                ('up', 'up, disabled', 'new disk'),
                (
                    *('up, disabled', 'down, disabled, forced down'),
                    reasons.FORCED,
                ),
                ('down, disabled, forced down', 'up, disabled', None),
                ('up, disabled', 'up', None),
            ],
            self.told(),
        )

    def test_an_unknown_state_is_no_death(self) -> None:
        self.looks()
        self.services.states[self.uuid] = liveness.UNKNOWN
        self.looks()
        self.services.states[self.uuid] = liveness.UP
        self.looks()
        self.assertEqual([], self.told())

    def test_decisions_count_while_the_state_is_unknown(self) -> None:
        self.looks()
        self.services.states[self.uuid] = liveness.UNKNOWN
        self.services.change(self.uuid, disabled=True)
        self.looks()
        self.assertEqual([('up', 'up, disabled', None)], self.told())

    def test_a_backend_that_is_away_is_no_death(self) -> None:
        self.looks()
        self.services.away = True
        self.assertRaises(exception.ServiceGroupUnavailable, self.watcher.look)
        self.services.away = False
        self.looks()
        self.assertEqual([], self.told())

    def test_one_that_begins_invents_no_transition(self) -> None:
        self.looks()
        self.services.states[self.uuid] = liveness.DOWN
        self.looks()
        self.watcher = self.new_watcher()
        self.looks()
        self.assertEqual(1, len(self.told()))

    def test_one_that_begins_compares_with_the_last_entry(self) -> None:
        self.looks()
        self.services.states[self.uuid] = liveness.DOWN
        self.looks()
        # Nobody watches while it returns.
        self.services.states[self.uuid] = liveness.UP
        self.watcher = self.new_watcher()
        self.looks()
        self.assertEqual(
            [('up', 'down', reasons.SILENT), ('down', 'up', None)],
            self.told(),
        )

    def test_one_that_lags_does_not_take_the_old_for_new(self) -> None:
        late = self.new_watcher()
        late.look()
        self.looks()
        self.services.states[self.uuid] = liveness.DOWN
        self.looks(1)
        # Its mirror still shows the service as it was before the entry.
        self.services.states[self.uuid] = liveness.UP
        late.look()
        self.services.states[self.uuid] = liveness.DOWN
        late.look()
        late.look()
        self.assertEqual([('up', 'down', reasons.SILENT)], self.told())

    def test_one_that_begins_in_doubt_takes_nobody_for_alive(self) -> None:
        self.looks()
        self.services.states[self.uuid] = liveness.DOWN
        self.looks()
        # Its backend was started anew: it presumes that all are up.
        self.watcher = self.new_watcher()
        self.services.states[self.uuid] = liveness.UP
        self.services.doubt = 'the services had no time to beat yet'
        self.looks(3)
        self.services.states[self.uuid] = liveness.DOWN
        self.looks()
        self.assertEqual([('up', 'down', reasons.SILENT)], self.told())
        self.services.states[self.uuid] = liveness.UP
        self.services.doubt = None
        self.looks()
        self.assertEqual(('down', 'up', None), self.told()[-1])

    def test_what_was_only_presumed_is_no_state_that_is_left(self) -> None:
        self.services.doubt = 'the services had no time to beat yet'
        self.looks(2)
        self.services.states[self.uuid] = liveness.DOWN
        self.looks(2)
        self.assertEqual([], self.told())

    def test_a_decision_is_recorded_while_the_state_is_in_doubt(self) -> None:
        self.services.doubt = 'the services had no time to beat yet'
        self.looks()
        self.services.change(self.uuid, disabled=True)
        self.looks()
        self.assertEqual([('up', 'up, disabled', None)], self.told())

    def test_without_a_change_a_look_costs_a_list(self) -> None:
        self.register()
        watcher = recorder.Recorder(self.api, self.history, 'a watcher')
        watcher.look()
        watcher.look()
        before = self.cost(lambda: self.api.list(self.context))
        of_a_look = self.cost(watcher.look)
        # A mirror may have begun to answer meanwhile.
        after = self.cost(lambda: self.api.list(self.context))
        self.assertIn(of_a_look, (before, after))

    def cost(self, work: Callable[[], object]) -> int:
        """Return the round trips of some work."""
        with self.deployment.round_trips() as trips:
            work()
        return trips()

    def test_a_service_that_is_gone_is_no_longer_compared(self) -> None:
        self.looks()
        del self.services.records[self.uuid]
        self.looks()
        self.assertEqual([], self.told())
