# SPDX-License-Identifier: Apache-2.0

"""Promises about a backend that cannot be asked: it is no dead service."""

from concurrent import futures
import contextlib
import time

from nova_sg import exception
from nova_sg.servicegroup import record
from nova_sg.servicegroup.testing import actions
from nova_sg.servicegroup.testing import base


class OutageTests(base.ConformanceTest):
    """The backend crashes, and comes back."""

    def begin(self) -> None:
        """Begin the outage."""
        self.before = self.records.list(self.context)
        self.deployment.kill()

    def end(self) -> None:
        """End the outage, and put back what did not survive it."""
        self.deployment.restart()
        self.recovered(self.records.list, self.context)
        self.recovered(self.membership.alive, self.context, [])
        if not self.characteristics.durable:
            for lost in self.before:
                # A member of it may have been faster.
                with contextlib.suppress(exception.ServiceExists):
                    self.records.restore(self.context, lost)

    def outlast(self, seconds: float) -> None:
        """Wait until the backend has not answered for so long."""

        def is_over() -> bool:
            self.api.liveness(self.context, [])
            return self.api.knowledge_age > seconds

        self.eventually(is_over, 'knowledge grows old', within=seconds)

    def one_up_one_down(self) -> tuple[record.Record, record.Record]:
        """Return a service that is up and one that is down, both known."""
        up, down = self.register('host1'), self.register('host2')
        self.membership.join(self.context, up)
        self.membership.join(self.context, down).leave(self.context)
        self.api.list(self.context)
        return up, down

    def test_an_outage_is_told(self) -> None:
        service = self.register()
        handle = self.membership.join(self.context, service)
        self.begin()
        self.assert_unavailable(
            self.membership.alive, self.context, [service.uuid]
        )
        self.assert_unavailable(handle.beat, self.context)
        self.assert_unavailable(self.membership.join, self.context, service)
        self.assert_unavailable(
            self.records.get_by_uuid, self.context, service.uuid
        )
        self.assert_unavailable(self.records.list, self.context)

    def test_the_last_known_state_stands(self) -> None:
        up, down = self.one_up_one_down()
        self.assertEqual(0, self.api.knowledge_age)
        self.begin()
        # For so long that all would be down, did time go on.
        self.outlast(self.conf.servicegroup.service_down_time)
        self.assertTrue(self.api.service_is_up(up))
        self.assertFalse(self.api.service_is_up(down))
        found = self.api.liveness(self.context, [up.uuid, down.uuid])
        self.assertTrue(found[up.uuid].up)
        self.assertFalse(found[down.uuid].up)

    def test_an_operators_word_counts_in_an_outage(self) -> None:
        up, _ = self.one_up_one_down()
        forced = self.api.update(self.context, up.uuid, {'forced_down': True})
        self.begin()
        self.assertFalse(self.api.service_is_up(forced))

    def test_with_nothing_known_nothing_is_said(self) -> None:
        up, down = self.one_up_one_down()
        stranger = self.new_api()
        self.begin()
        for service in (up, down):
            self.assert_unavailable(stranger.service_is_up, service)
        self.assert_unavailable(
            stranger.liveness, self.context, [up.uuid, down.uuid]
        )
        self.assert_unavailable(stranger.list, self.context)

    def test_one_unknown_service_is_not_called_down(self) -> None:
        up, _ = self.one_up_one_down()
        unknown = self.new_api().create(
            self.context, {'host': 'host3', 'binary': 'nova-compute'}
        )
        self.begin()
        self.assert_unavailable(self.api.service_is_up, unknown)
        found = self.api.liveness(self.context, [up.uuid, unknown.uuid])
        self.assertEqual(
            ['up', 'unknown'],
            [found[each.uuid].state for each in (up, unknown)],
        )

    def test_knowledge_is_fresh_again_after_an_outage(self) -> None:
        up, down = self.one_up_one_down()
        self.begin()
        self.outlast(0.5)
        self.end()

        def answers() -> bool:
            self.api.liveness(self.context, [up.uuid])
            return self.api.knowledge_age == 0

        self.eventually(answers, 'the backend answers again', within=1)
        self.membership.join(self.context, down)
        self.eventually(
            lambda: self.api.service_is_up(down),
            'the service is seen up',
            within=1,
        )

    def test_members_recover_and_no_watcher_sees_them_down(self) -> None:
        service, elsewhere = self.register('host1'), self.register('host2')
        handle = self.membership.join(self.context, service)
        self.worker().call(actions.join_and_beat, elsewhere)
        self.api.list(self.context)
        self.begin()
        self.outlast(self.conf.servicegroup.service_down_time)
        self.assert_unavailable(handle.beat, self.context)
        self.end()
        # Until every beat that had nowhere to go has been made up for.
        over = time.monotonic() + 2 * self.conf.servicegroup.report_interval
        while time.monotonic() < over:
            self.assertTrue(self.api.service_is_up(elsewhere))
            time.sleep(0.05)
        self.eventually(
            lambda: self.is_up(elsewhere),
            'the process that beats by itself is back',
        )
        handle.beat(self.context)
        self.assertTrue(self.is_up(service))

    def test_the_first_list_after_an_outage_calls_nobody_down(self) -> None:
        service = self.register()
        self.worker().call(actions.join_and_beat, service)
        self.api.list(self.context)
        self.begin()
        # For so long that the service would be down, did time go on.
        over = time.monotonic() + self.conf.servicegroup.service_down_time + 1
        while time.monotonic() < over:
            # Nothing else is asked for.
            with contextlib.suppress(exception.ServiceGroupUnavailable):
                self.api.list(self.context)
            time.sleep(0.2)
        self.end()
        _, alive = self.api.list(self.context)
        self.assertTrue(alive[service.uuid].up)

    def test_a_process_started_in_an_outage_works_after_it(self) -> None:
        service = self.register()
        self.begin()
        other = self.worker()
        self.assertRaises(
            exception.ServiceGroupUnavailable,
            other.call,
            actions.join_and_beat,
            service,
        )
        self.end()
        self.recovered(other.call, actions.join_and_beat, service)
        self.assertTrue(self.is_up(service))

    def test_what_was_acknowledged_survives_where_durable(self) -> None:
        kept = self.register('host1', disabled_reason='before')
        self.records.update(
            self.context, kept.uuid, {'disabled_reason': 'after'}
        )
        gone = self.register('host2')
        self.records.destroy(self.context, gone.uuid)
        self.begin()
        self.end()
        found = [
            (each.uuid, each.disabled_reason)
            for each in self.records.list(self.context)
        ]
        if self.characteristics.durable:
            self.assertEqual([(kept.uuid, 'after')], found)
        else:
            # Whatever is left, a destroyed record is not.
            self.assertNotIn(gone.uuid, [uuid for uuid, _ in found])
        self.register('host3')

    def test_a_write_in_an_outage_is_refused_and_leaves_no_trace(self) -> None:
        service = self.register()
        self.begin()
        self.assert_unavailable(
            self.records.update,
            self.context,
            service.uuid,
            {'disabled': True, 'disabled_reason': 'lost'},
        )
        self.assert_unavailable(
            self.records.destroy, self.context, service.uuid
        )
        self.assert_unavailable(
            self.records.create,
            self.context,
            {'host': 'host2', 'binary': 'nova-compute'},
        )
        self.end()
        if self.characteristics.durable:
            self.assertEqual([service], list(self.records.list(self.context)))
        self.records.create(
            self.context, {'host': 'host2', 'binary': 'nova-compute'}
        )


class HangTests(base.ConformanceTest):
    """The backend keeps its connections, and does not answer."""

    def test_a_backend_that_hangs_is_no_dead_service(self) -> None:
        service = self.register()
        handle = self.membership.join(self.context, service)
        self.api.list(self.context)
        self.deployment.pause()
        with futures.ThreadPoolExecutor() as pool:
            # At once, as each takes until the backend is given up.
            for told in (
                pool.submit(
                    self.membership.alive, self.context, [service.uuid]
                ),
                pool.submit(handle.beat, self.context),
            ):
                self.assert_unavailable(told.result)
        self.eventually(
            lambda: (
                self.api.service_is_up(service) and self.api.knowledge_age > 0
            ),
            'the last known state stands',
        )
        self.deployment.resume()
        self.recovered(handle.beat, self.context)
        self.assertTrue(self.is_up(service))
