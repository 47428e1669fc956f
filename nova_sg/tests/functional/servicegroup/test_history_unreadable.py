# SPDX-License-Identifier: Apache-2.0

"""The history of one service cannot be read: the others have theirs."""

from nova_sg.servicegroup.backends.zookeeper import requests
from nova_sg.servicegroup.history import value
from nova_sg.servicegroup.testing import transitions
from nova_sg.tests.functional.servicegroup import memcached_deployments
from nova_sg.tests.functional.servicegroup import zookeeper_deployments


class UnreadableTests:
    def setUp(self):
        super().setUp()
        self.one, self.other = (
            self.register(host).uuid for host in ('host1', 'host2')
        )
        self.first = self.flap(self.one, 1)
        self.last = self.flap(self.other, 1)

    def assert_others_go_on(self):
        self.assertEqual([self.last], self.of())
        known = self.history.last(self.context, [self.one, self.other])
        self.assertEqual({self.other: self.last}, dict(known))
        told = self.record(
            transitions.next_entry(self.one),
            transitions.next_entry(self.other, self.last),
        )
        self.assertEqual({self.other}, told.keys())
        self.assertEqual(2, told[self.other].sequence)
        told = self.record(transitions.next_entry(self.one, self.first))
        self.assertEqual({}, told)

    def prune(self):
        registered = [self.one, self.other]
        return self.history.prune(self.context, registered)

    def test_what_is_damaged_goes_with_what_is_old(self):
        self.write(b'{"format":1,')
        self.assert_others_go_on()
        self.prune()
        self.flap(self.one, 1)
        self.assertEqual(3, len(self.of()))

    def test_what_a_later_release_wrote_stays(self):
        later = value.encode([self.first]).replace(b':1,', b':2,', 1)
        self.write(later)
        self.assert_others_go_on()
        self.prune()
        self.assertEqual(later, self.read())


class TestZooKeeper(UnreadableTests, transitions.HistoryTest):
    deployment_class = zookeeper_deployments.ZooKeeperDeployment

    @property
    def path(self):
        return self.history._paths(self.context).history_of(self.one)

    def write(self, content):
        self.records.session.commit([requests.change(self.path, content, -1)])

    def read(self):
        ((content, _stat),) = self.records.session.ask(
            [requests.get(self.path)]
        )
        return content


class TestMemcached(UnreadableTests, transitions.HistoryTest):
    deployment_class = memcached_deployments.McMemcachedDeployment

    @property
    def server(self):
        return self.records.cell(self.context).server

    @property
    def key(self):
        return self.records.cell(self.context).keys.history(self.one)

    def write(self, content):
        _, version = self.server.gets([self.key])[self.key]
        self.server.cas([(self.key, content, version)], 0)

    def read(self):
        return self.server.get([self.key])[self.key]
