# SPDX-License-Identifier: Apache-2.0

"""A database that is away says nothing of a membership that is there."""

import contextlib

from nova_sg import exception
from nova_sg.servicegroup.testing import base
from nova_sg.tests.functional.servicegroup import deployments


class RecordsAwayTests(base.ConformanceTest):
    """Records in SQLite, which is taken away alone."""

    def lose_records(self) -> None:
        deployments.SqliteDeployment.kill(self.deployment)

    def test_a_list_that_fails_is_no_failure_of_the_membership(self) -> None:
        up = self.register()
        self.membership.join(self.context, up)
        self.api.list(self.context)
        self.lose_records()
        self.assert_unavailable(self.api.list, self.context)
        self.assertEqual(0, self.api.knowledge_age)
        self.assertTrue(self.new_verdict(up.uuid))

    def test_who_was_taken_out_without_its_record_comes_back(self) -> None:
        service = self.register()
        handle = self.membership.join(self.context, service)
        # A destroy that has failed, since the records are away.
        self.membership.forget(self.context, service.uuid)
        self.lose_records()
        with contextlib.suppress(exception.ServiceGroupUnavailable):
            handle.beat(self.context)
        deployments.SqliteDeployment.restart(self.deployment)
        handle.beat(self.context)
        self.assertTrue(self.is_up(service))

    def test_who_was_taken_out_too_early_is_told_in_the_end(self) -> None:
        service = self.register()
        handles = [
            self.membership.join(self.context, service) for _worker in range(2)
        ]
        # A destroy that takes its time between the two steps.
        self.membership.forget(self.context, service.uuid)
        for each in handles:
            each.beat(self.context)
        self.records.destroy(self.context, service.uuid)
        for each in handles:
            self.assertRaises(
                exception.ServiceNotFound, each.beat, self.context
            )

    def test_who_is_down_is_so_without_the_records(self) -> None:
        up, down = self.register('host1'), self.register('host2')
        self.membership.join(self.context, up)
        self.membership.join(self.context, down).leave(self.context)
        self.lose_records()
        self.assertTrue(self.new_verdict(up.uuid))
        self.assertFalse(self.new_verdict(down.uuid))
        self.assertEqual(0, self.api.knowledge_age)

    def new_verdict(self, uuid: str) -> bool:
        """Return what the membership says, not what was known before."""
        before = self.api.liveness(self.context, [uuid])[uuid]
        after = self.api.liveness(self.context, [uuid])[uuid]
        self.assertGreater(after.known_at, before.known_at)
        return after.up
