# SPDX-License-Identifier: Apache-2.0

"""Two watchers of which the second reads before the first has written."""

from unittest import mock

from nova_sg.servicegroup.testing import transitions
from nova_sg.tests.functional.servicegroup import memcached_deployments
from nova_sg.tests.functional.servicegroup import zookeeper_deployments


class RaceTests(transitions.HistoryTest):
    def setUp(self):
        super().setUp()
        self.uuid = self.register().uuid
        self.last = self.flap(self.uuid, 2)

    def next_by(self, observer):
        return transitions.next_entry(self.uuid, self.last, observer=observer)

    def assert_first_wins(self, owner, name):
        """One that reads, and then writes behind another, changes nothing."""
        write = getattr(owner, name)
        others = None

        def behind(*args, **kwargs):
            nonlocal others
            patched.stop()
            others = self.record(self.next_by('the first'))[self.uuid]
            return write(*args, **kwargs)

        patched = mock.patch.object(owner, name, behind)
        patched.start()
        told = self.record(self.next_by('the second'))
        self.assertEqual({self.uuid: others}, told)
        self.assertEqual('the first', others.observer)
        self.assertEqual(3, len(self.of()))


class TestZooKeeper(RaceTests):
    deployment_class = zookeeper_deployments.ZooKeeperDeployment

    def test_the_first_wins(self):
        self.assert_first_wins(self.records.session, 'commit_many')


class TestMemcached(RaceTests):
    deployment_class = memcached_deployments.McMemcachedDeployment

    def test_the_first_wins(self):
        server = self.records.cell(self.context).server
        self.assert_first_wins(server, 'cas')
