# SPDX-License-Identifier: Apache-2.0

"""The znodes that say why services are down, and how they go."""

import math

from nova_sg.servicegroup.backends.zookeeper import requests
from nova_sg.tests.functional.servicegroup import zookeeper_base as base


class TestTraces(base.ZooKeeperTestCase):
    def test_a_beat_does_not_bring_back_that_of_a_destroyed_service(self):
        theirs, mine = self.process(), self.process()
        service = self.register(theirs)
        membership = mine.driver.membership
        (handle,) = membership.join_many(self.context, [service])
        there = requests.children(self.layout.lasts)
        self.assertEqual([[service.uuid]], membership.session.ask([there]))
        theirs.destroy(self.context, service.uuid)
        self.assertEqual([[]], membership.session.ask([there]))
        # It is time to write it anew.
        handle.traced_at = -math.inf
        gone = membership.beat_many(self.context, [handle])
        self.assertEqual([handle], list(gone))
        self.assertEqual([[]], membership.session.ask([there]))
