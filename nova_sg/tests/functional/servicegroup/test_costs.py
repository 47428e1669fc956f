# SPDX-License-Identifier: Apache-2.0

"""What a process pays for its members: the same for any number."""

import time

from nova_sg.servicegroup import heartbeat
from nova_sg.servicegroup.testing import base
from nova_sg.tests.fixtures import statements
from nova_sg.tests.functional.servicegroup import memcached_deployments
from nova_sg.tests.functional.servicegroup import zookeeper_deployments

#: More than are asked for one by one.
FEW = 20

MANY = heartbeat.BATCH


class _CostsTests:
    """One process joins and beats for all services of its deployment.

    :cvar beat: round trips of beats, however many beat together
    """

    beat: int
    # Nobody is withdrawn, however slow the test is.
    options = {'servicegroup': {'service_down_time': 600}}

    def setUp(self) -> None:
        super().setUp()
        # What a process does once.
        self.membership.join(self.context, self.register('mine'))
        self.services = [self.register(f'host{n}') for n in range(MANY)]

    def cost(self, work, *arguments):
        with self.deployment.round_trips() as trips:
            work(self.context, *arguments)
        return trips()

    def join(self):
        handles = self.membership.join_many(self.context, self.services)
        self.assertEqual(MANY, len(handles))
        return handles

    def test_beats_of_many_cost_what_that_of_one_costs(self):
        handles = self.join()
        for number in (1, FEW, MANY):
            self.assertEqual(
                self.beat,
                self.cost(self.membership.beat_many, handles[:number]),
            )

    def test_to_join_costs_the_same_for_few_and_for_many(self):
        few, many = self.services[:FEW], self.services[FEW:]
        self.assertEqual(
            self.cost(self.membership.join_many, few),
            self.cost(self.membership.join_many, many),
        )

    def test_to_leave_costs_the_same_for_few_and_for_many(self):
        handles = self.join()
        few, many = handles[:FEW], handles[FEW:]
        self.assertEqual(
            self.cost(self.membership.leave_many, few),
            self.cost(self.membership.leave_many, many),
        )


class TestZooKeeper(_CostsTests, base.HealthyTest):
    deployment_class = zookeeper_deployments.ZooKeeperDeployment
    beat = 1


class TestZooKeeperWithSql(base.HealthyTest):
    deployment_class = zookeeper_deployments.ZkSqlDeployment
    options = {'servicegroup': {'service_down_time': 3}}

    def test_beats_ask_the_database_only_for_a_while_after_joining(self):
        # A record is destroyed a moment after its members.
        handle = self.membership.join(self.context, self.register('host1'))
        asked = []
        deadline = time.monotonic() + 30
        while asked[-1:] != [0]:
            self.assertLess(time.monotonic(), deadline, asked)
            time.sleep(0.5)
            with (
                statements.StatementCounter() as counted,
                self.deployment.round_trips() as trips,
            ):
                handle.beat(self.context)
            asked.append(len(counted))
        self.assertEqual([1], sorted(set(asked[:-1])))
        self.assertEqual(1, trips())


class TestMemcachedWithSql(_CostsTests, base.HealthyTest):
    deployment_class = memcached_deployments.McSqlDeployment
    # The members are read, and written.
    beat = 2

    def test_a_beat_asks_no_database(self):
        handles = self.join()
        with statements.StatementCounter() as counted:
            self.membership.beat_many(self.context, handles)
        self.assertEqual(0, len(counted), counted)


class TestMemcachedAlone(_CostsTests, base.HealthyTest):
    deployment_class = memcached_deployments.McMemcachedDeployment
    # And the records are looked at.
    beat = 3
