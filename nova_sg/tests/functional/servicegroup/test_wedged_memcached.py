# SPDX-License-Identifier: Apache-2.0

"""What a process notes of its own loop that hangs, in memcached."""

from nova_sg.servicegroup import reasons
from nova_sg.servicegroup.testing import base
from nova_sg.tests.functional.servicegroup import memcached_deployments


class TestWedged(base.QuietTest):
    deployment_class = memcached_deployments.McMemcachedDeployment

    def setUp(self) -> None:
        super().setUp()
        self.service = self.register()
        self.handle = self.membership.join(self.context, self.service)

    def said(self) -> str:
        """Return what would be told if the service were down."""
        uuid = self.service.uuid
        return self.membership.departures(self.context, [uuid])[uuid].reason

    def test_the_next_beat_expects_the_service_again(self):
        # Long before it would say so by itself.
        self.membership._stopped([self.handle])
        self.assertEqual(reasons.WEDGED, self.said())
        self.handle.beat(self.context)
        self.assertEqual(reasons.SILENT, self.said())

    def test_another_worker_makes_it_none(self):
        self.membership.join(self.context, self.service)
        self.membership._stopped([self.handle])
        self.assertEqual(reasons.SILENT, self.said())

    def test_another_worker_that_beats_makes_it_none(self):
        other = self.membership.join(self.context, self.service)
        self.handle.beat(self.context)
        other.beat(self.context)
        self.membership._stopped([self.handle])
        self.assertEqual(reasons.SILENT, self.said())

    def test_of_two_that_hang_it_is_the_last_to_beat_that_tells(self):
        other = self.membership.join(self.context, self.service)
        self.handle.beat(self.context)
        self.membership._stopped([other])
        self.assertEqual(reasons.SILENT, self.said())
        self.membership._stopped([self.handle])
        self.assertEqual(reasons.WEDGED, self.said())
