# SPDX-License-Identifier: Apache-2.0

"""No change is made in a ZooKeeper that the deployment has left."""

import fixtures

from nova_sg import exception
from nova_sg.servicegroup import marker
from nova_sg.servicegroup.backends.zookeeper import session
from nova_sg.servicegroup.records import change
from nova_sg.tests.functional.servicegroup import zookeeper_base as base


class TestFence(base.ZooKeeperTestCase):
    """The deployment moves while a change is on its way."""

    def setUp(self):
        super().setUp()
        self.api = self.process()
        self.service = self.register(self.api)
        self.moved = marker.Marker('db', 'sql')

    def hold_changes(self, meanwhile):
        """Hold the next transaction back until something has happened."""
        real = session.Session.commit_many
        mine = self.session_of(self.api)
        held = []

        def commit_many(asked, transactions, *args):
            if asked is mine and not held:
                held.append(transactions)
                meanwhile()
            return real(asked, transactions, *args)

        self.useFixture(
            fixtures.MonkeyPatch(
                f'{session.__name__}.Session.commit_many', commit_many
            )
        )

    def move(self):
        store = self.process().driver.records.marker_store
        self.assertTrue(store.move(self.api.marker, self.moved))

    def records(self):
        return self.process().driver.records.list(self.context)

    def test_no_change_is_made_once_the_deployment_has_moved(self):
        uuid = self.service.uuid
        store = self.process().driver.records.marker_store
        for attempt in (
            lambda: self.register(self.api, 'late'),
            lambda: self.api.update(self.context, uuid, {'disabled': True}),
            lambda: self.api.driver.records.destroy(self.context, uuid),
        ):
            with fixtures.MonkeyPatch(
                'nova_sg.servicegroup.marker.TRUSTED', 9
            ):
                self.hold_changes(self.move)
                error = self.assertRaises(
                    exception.DeploymentMismatch, attempt
                )
            for each in (self.moved, self.api.marker):
                self.assertIn(str(each), str(error))
            self.assertEqual([self.service], list(self.records()))
            store.move(self.moved, self.api.marker)

    def test_a_marker_that_was_rewritten_stops_no_change(self):
        def rewrite():
            with self.behind() as client:
                value, _ = client.get(self.layout.deployment)
                client.set(self.layout.deployment, value)

        self.hold_changes(rewrite)
        changed = self.api.update(
            self.context, self.service.uuid, {'disabled': True}
        )
        self.assertEqual([changed], list(self.records()))

    def test_a_change_that_was_made_before_the_move_is_told_as_made(self):
        call = change.for_one(self.context)
        records = self.api.driver.records
        made = records.update(call, self.service.uuid, {'disabled': True})
        self.move()
        self.assertEqual(
            made, records.update(call, self.service.uuid, {'disabled': True})
        )
