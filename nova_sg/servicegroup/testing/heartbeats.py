# SPDX-License-Identifier: Apache-2.0

"""Promises of a pair that has lost the backend of the heartbeats alone."""

from concurrent import futures

from nova_sg.servicegroup import record
from nova_sg.servicegroup.testing import base

#: So many that each of several servers would have some of them.
SERVICES = 8


class NoHeartbeatsTests(base.ConformanceTest):
    """Records can be read, and no heartbeat can."""

    def setUp(self) -> None:
        super().setUp()
        self.up, self.down = self.register('up'), self.register('down')
        self.membership.join(self.context, self.up)
        self.membership.join(self.context, self.down).leave(self.context)
        self.api.list(self.context)

    def states(self) -> dict[str | None, str]:
        """Return what a process that goes on lists, by host."""
        records, alive = self.api.list(self.context)
        return {each.host: alive[each.uuid].state for each in records}

    def test_last_known_states_are_listed_and_the_rest_as_unknown(
        self,
    ) -> None:
        self.deployment.kill_heartbeats()
        self.records.create(
            self.context, {'host': 'new', 'binary': 'nova-compute'}
        )
        self.assertEqual(
            {'up': 'up', 'down': 'down', 'new': 'unknown'}, self.states()
        )

    def test_a_process_that_has_just_begun_is_told_so(self) -> None:
        services: list[record.Record] = [
            self.register(f'host{number}') for number in range(SERVICES)
        ]
        reader = self.new_api()
        self.deployment.kill_heartbeats()
        self.assert_unavailable(reader.list, self.context)

        def list_one(service: record.Record) -> object:
            return reader.list(self.context, host=service.host)

        def ask_for_one(service: record.Record) -> object:
            return self.new_api().liveness(self.context, [service.uuid])

        # Wherever the heartbeats of one service would lie. At once, as each
        # takes until the backend is given up.
        with futures.ThreadPoolExecutor(2 * SERVICES) as pool:
            for told in [
                pool.submit(question, each)
                for question in (list_one, ask_for_one)
                for each in services
            ]:
                self.assert_unavailable(told.result)

    def test_changes_are_made(self) -> None:
        self.deployment.kill_heartbeats()
        changed = self.api.update(
            self.context, self.up.uuid, {'disabled': True}
        )
        self.assertTrue(changed.disabled)
        self.assertEqual('up', self.states()['up'])

    def test_states_are_known_again_when_it_is_back(self) -> None:
        reader = self.new_api()
        self.deployment.kill_heartbeats()
        self.assert_unavailable(reader.list, self.context)
        self.deployment.restart()
        handle = self.recovered(self.membership.join, self.context, self.down)
        self.recovered(handle.beat, self.context)

        def is_up() -> bool:
            _, alive = self.recovered(reader.list, self.context)
            verdict = alive[self.down.uuid]
            return verdict.up and verdict.unknown is None

        self.eventually(
            is_up,
            'the service is known to be up',
            within=2 * self.conf.servicegroup.report_interval,
        )
