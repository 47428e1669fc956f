# SPDX-License-Identifier: Apache-2.0

"""Promises about a backend that cannot be asked: it is no dead service."""

from concurrent import futures
import contextlib
import time

from nova_sg import exception
from nova_sg.servicegroup import record
from nova_sg.servicegroup.membership import base as membership_base
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

    def one_up_one_down(
        self,
    ) -> tuple[membership_base.Handle, record.Record]:
        """Return the member of a service that is up, and one that is down.

        The API has read both.
        """
        up, down = self.register('up'), self.register('down')
        handle = self.membership.join(self.context, up)
        self.membership.join(self.context, down).leave(self.context)
        self.api.list(self.context)
        return handle, down

    def test_an_outage_is_told(self) -> None:
        handle, down = self.one_up_one_down()
        stranger = self.new_api()
        self.begin()
        up = handle.record
        uuids = [up.uuid, down.uuid]
        self.assert_unavailable(handle.beat, self.context)
        for call, *arguments in (
            (self.membership.alive, uuids),
            (self.membership.join, up),
            (self.records.get_by_uuid, up.uuid),
            (self.records.list,),
            # With nothing known nothing is said.
            (stranger.liveness, uuids),
            (stranger.list,),
        ):
            self.assert_unavailable(call, self.context, *arguments)
        for service in (up, down):
            self.assert_unavailable(stranger.service_is_up, service)

    def test_what_is_known_stands(self) -> None:
        forced = self.register('forced')
        self.membership.join(self.context, forced)
        handle, down = self.one_up_one_down()
        up = handle.record
        self.assertEqual(0, self.api.knowledge_age)
        forced = self.api.update(
            self.context, forced.uuid, {'forced_down': True}
        )
        unknown = self.new_api().create(
            self.context, {'host': 'unknown', 'binary': 'nova-compute'}
        )
        self.begin()
        # For so long that all would be down, did time go on.
        self.outlast(self.conf.servicegroup.service_down_time)
        services = (up, down, unknown)
        found = self.api.liveness(self.context, [e.uuid for e in services])
        self.assertEqual(
            ['up', 'down', 'unknown'], [found[e.uuid].state for e in services]
        )
        self.assertTrue(self.api.service_is_up(up))
        self.assertFalse(self.api.service_is_up(down))
        self.assert_unavailable(self.api.service_is_up, unknown)
        # An operator's word counts.
        self.assertFalse(self.api.service_is_up(forced))

    def test_members_recover_and_no_watcher_sees_them_down(self) -> None:
        elsewhere = self.register('elsewhere')
        self.worker().call(actions.join_and_beat, elsewhere)
        handle, down = self.one_up_one_down()
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
        self.assertTrue(self.is_up(handle.record))

        def is_fresh() -> bool:
            self.api.liveness(self.context, [handle.uuid])
            return self.api.knowledge_age == 0

        self.eventually(is_fresh, 'all is known again', within=1)
        self.membership.join(self.context, down)
        self.eventually(
            lambda: self.api.service_is_up(down),
            'the service is seen up',
            within=1,
        )

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
        kept = self.records.update(
            self.context, kept.uuid, {'disabled_reason': 'after'}
        )
        gone = self.register('host2')
        self.records.destroy(self.context, gone.uuid)
        self.begin()
        new = {'host': 'host3', 'binary': 'nova-compute'}
        # What is refused leaves no trace.
        for call, *arguments in (
            (self.records.update, kept.uuid, {'disabled_reason': 'lost'}),
            (self.records.destroy, kept.uuid),
            (self.records.create, new),
        ):
            self.assert_unavailable(call, self.context, *arguments)
        self.end()
        found = list(self.records.list(self.context))
        if self.characteristics.durable:
            self.assertEqual([kept], found)
        else:
            # Whatever is left, a destroyed record is not.
            self.assertNotIn(gone.uuid, [each.uuid for each in found])
        self.records.create(self.context, new)


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
