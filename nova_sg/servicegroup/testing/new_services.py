# SPDX-License-Identifier: Apache-2.0

"""Promises about a service that was created, and has not joined yet."""

from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup.testing import base


class NewServiceTests(base.HealthyTest):
    """The process that asks has just begun."""

    def setUp(self) -> None:
        super().setUp()
        self.created = self.register()

    def state(self) -> str:
        uuid = self.created.uuid
        return self.new_api().liveness(self.context, [uuid])[uuid].state

    def test_it_is_not_down_before_its_first_beat_can_be_there(self) -> None:
        self.assertEqual(liveness.UP, self.state())
        listed, alive = self.new_api().list(self.context)
        self.assertEqual([self.created], list(listed))
        self.assertEqual(liveness.UP, alive[self.created.uuid].state)
        self.assertEqual((), alive[self.created.uuid].members)

    def test_it_is_down_where_it_never_joins(self) -> None:
        self.eventually(
            lambda: self.state() == liveness.DOWN,
            'a service that does not join is down',
            within=self.conf.servicegroup.service_down_time,
        )
        self.assertEqual(
            {self.created.uuid: reasons.Departure(reasons.UNKNOWN)},
            self.api.departures(self.context, [self.created]),
        )

    def test_it_is_down_as_soon_as_it_has_left(self) -> None:
        handle = self.membership.join(self.context, self.created)
        self.assertEqual(liveness.UP, self.state())
        handle.leave(self.context)
        self.assertEqual(liveness.DOWN, self.state())

    def test_a_service_that_was_destroyed_is_not_expected(self) -> None:
        self.api.destroy(self.context, self.created.uuid)
        self.assertEqual({}, self.known([self.created]))
        self.assertEqual([], list(self.new_api().list(self.context)[0]))
