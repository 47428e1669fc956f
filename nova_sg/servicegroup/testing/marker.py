# SPDX-License-Identifier: Apache-2.0

"""Promises of the deployment marker: there is one source of truth."""

import time
from typing import Any

from nova_sg import exception
from nova_sg.servicegroup import api as sg_api
from nova_sg.servicegroup import marker
from nova_sg.servicegroup import plugins
from nova_sg.servicegroup.testing import actions
from nova_sg.servicegroup.testing import base


class MarkerTests(base.QuietTest):
    """A process configured otherwise is refused, naming both sides."""

    def setUp(self) -> None:
        super().setUp()
        self.ours = plugins.our_marker(self.conf)
        self.theirs = marker.Marker('another', 'elsewhere')

    def markers(self) -> list[marker.Marker | None]:
        """Return what each backend of the deployment says."""
        return [store.read() for store in self.driver.marker_stores()]

    def misconfigured(self) -> sg_api.API:
        """Return the API of a process which has records elsewhere."""
        conf = self.deployment.load({'servicegroup': {'records': 'elsewhere'}})
        return sg_api.API(conf, driver=self.driver)

    def test_a_new_backend_has_no_marker(self) -> None:
        for found in self.markers():
            self.assertIsNone(found)

    def test_reading_does_not_mark(self) -> None:
        self.api.list(self.context)
        self.api.liveness(self.context, [])
        self.test_a_new_backend_has_no_marker()

    def test_the_first_write_marks(self) -> None:
        self.register()
        self.assertEqual([self.ours] * len(self.markers()), self.markers())

    def test_the_first_claim_stands(self) -> None:
        for store in self.driver.marker_stores():
            self.assertEqual(self.theirs, store.claim(self.theirs))
            self.assertEqual(self.theirs, store.claim(self.ours))
            self.assertEqual(self.theirs, store.read())

    def test_a_marker_moves_only_from_what_it_is(self) -> None:
        for store in self.driver.marker_stores():
            store.claim(self.theirs)
            third = marker.Marker('third', 'place')
            self.assertFalse(store.move(self.ours, third))
            self.assertEqual(self.theirs, store.read())
            self.assertTrue(store.move(self.theirs, self.ours))
            self.assertEqual(self.ours, store.read())

    def test_each_part_of_a_backend_says_the_same(self) -> None:
        for store in self.driver.marker_stores():
            self.assertEqual(set(), store.read_all())
            store.claim(self.theirs)
            self.assertEqual({self.theirs}, store.read_all())

    def test_a_process_configured_otherwise_is_refused(self) -> None:
        created = self.register()
        other = self.misconfigured()
        calls: list[tuple[Any, ...]] = [
            (other.list,),
            (other.get_by_uuid, created.uuid),
            (other.get_by_host_and_binary, 'host1', 'nova-compute'),
            (other.liveness, [created.uuid]),
            (other.create, {'host': 'host2', 'binary': 'nova-compute'}),
            (other.update, created.uuid, {'disabled': True}),
            (other.destroy, created.uuid),
            (other.join_many, [created]),
            (other.report_state, created.uuid),
        ]
        with self.unchanged():
            for call, *arguments in calls:
                error = self.assertRaises(
                    exception.DeploymentMismatch,
                    call,
                    self.context,
                    *arguments,
                )
                self.assertIn(str(self.ours), str(error))
                self.assertIn('records = elsewhere', str(error))

    def test_a_process_that_runs_does_not_write_to_what_was_left(self) -> None:
        created = self.register()
        for store in self.driver.marker_stores():
            self.assertTrue(store.move(self.ours, self.theirs))

        def is_refused() -> bool:
            try:
                self.api.update(self.context, created.uuid, {'disabled': True})
            except exception.DeploymentMismatch:
                return True
            return False

        self.eventually(is_refused, 'it is refused', within=marker.TRUSTED)
        calls: list[tuple[Any, ...]] = [
            (self.api.update, created.uuid, {'disabled': False}),
            (self.api.create, {'host': 'host2', 'binary': 'nova-compute'}),
            (self.api.destroy, created.uuid),
        ]
        with self.unchanged():
            for call, *arguments in calls:
                self.assertRaises(
                    exception.DeploymentMismatch,
                    call,
                    self.context,
                    *arguments,
                )

    def test_a_newer_format_is_refused(self) -> None:
        newer = marker.Marker(
            self.ours.driver, self.ours.records, marker.FORMAT + 1
        )
        for store in self.driver.marker_stores():
            store.claim(newer)
        self.assertRaises(
            exception.DeploymentMismatch, self.api.list, self.context
        )

    def test_a_source_whose_services_are_being_moved_is_refused(self) -> None:
        # Also for a process that is configured for where they go.
        for store in self.driver.marker_stores():
            store.claim(self.ours.moving())
        self.assertRaises(
            exception.DeploymentMismatch, self.api.list, self.context
        )

    def test_one_of_several_claims_wins_and_all_learn_which(self) -> None:
        workers = [self.worker() for _ in range(3)]
        for worker in workers:
            worker.call(actions.warm_up)
        moment = time.monotonic() + 0.1
        claims = [
            worker.start(
                actions.claim, moment, marker.Marker('driver', f'place{n}')
            )
            for n, worker in enumerate(workers)
        ]
        answers = [claim() for claim in claims]
        self.assertEqual([self.markers()] * 3, answers)
        for found in self.markers():
            assert found is not None
            self.assertRegex(found.records, 'place[012]')
