# SPDX-License-Identifier: Apache-2.0

"""What nova joins with the table of services, and finds elsewhere here."""

from typing import Any
from unittest import mock

from nova import objects
from nova import servicegroup
from nova.db.main import api as db
from nova.db.main import models
import sqlalchemy as sa
import testscenarios

from nova_sg.nova_tree import instances
from nova_sg.nova_tree import novas_table
from nova_sg.nova_tree import owner
from nova_sg.nova_tree import statistics
from nova_sg.tests.fixtures import statements
from nova_sg.tests.nova_tree import base

load_tests = testscenarios.load_tests_apply_scenarios


#: As a hash: hosts of other lengths have another mark.
LENGTHS = statistics._Mark(lambda host: sa.func.sum(sa.func.length(host)))


class TestStatistics(base.TestCase):
    scenarios = base.ELSEWHERE

    def setUp(self) -> None:
        super().setUp()
        for host in ('one', 'two'):
            self.make_service(host=host)
            self.make_compute_node(host)

    def sums(self) -> tuple[int, ...]:
        """Return some of the sums; they cost three statements at most."""
        with statements.StatementCounter() as counted:
            sums = db.compute_node_statistics(self.context)
        self.assertLessEqual(len(counted), 3, counted)
        return tuple(
            sums[name]
            for name in ('count', 'vcpus', 'memory_mb', 'memory_mb_used')
        )

    def in_both_ways(self) -> tuple[int, ...]:
        """Return the sums, which are the same in the database and here."""
        sums = self.sums()
        with statements.StatementCounter():
            self.stub_out('nova_sg.nova_tree.statistics.LEFT_OUT', 0)
            self.assertEqual(sums, self.sums())
            # A database that tells nothing of the hosts, and one that tells
            # whether they are the same.
            for marks in ({}, {'sqlite': LENGTHS}):
                with mock.patch.dict(statistics._MARKS, marks, clear=True):
                    for many in (0, 500, 500):
                        self.stub_out(
                            'nova_sg.nova_tree.statistics.LEFT_OUT', many
                        )
                        self.assertEqual(sums, self.sums())
        return sums

    def test_they_are_of_all_nodes_with_an_enabled_compute(self):
        self.assertEqual((2, 8, 1024, 256), self.in_both_ways())

    def test_where_all_count_one_statement_says_it(self):
        with statements.StatementCounter() as counted:
            self.sums()
        self.assertEqual(1, len(counted), counted)

    def test_a_host_may_have_any_name(self):
        self.make_compute_node('one\ntwo')
        self.assertEqual((2, 8, 1024, 256), self.in_both_ways())

    def test_a_disabled_compute_and_one_that_is_gone_are_left_out(self):
        self.make_service(host='three', disabled=True)
        for host in ('three', 'four'):
            self.make_compute_node(host)
        self.assertEqual((2, 8, 1024, 256), self.in_both_ways())

    def test_a_deleted_node_is_left_out(self):
        node = self.make_compute_node('one', hypervisor_hostname='other')
        node.destroy()
        self.assertEqual((2, 8, 1024, 256), self.in_both_ways())

    def test_an_old_node_without_a_host_goes_with_its_service(self):
        old, other = (
            self.make_compute_node(host, hypervisor_hostname=host)
            for host in ('three', 'four')
        )
        service = self.make_service(host='three')
        for node, number in ((old, service.id), (other, service.id + 1000)):
            self.set(node, host=None, service_id=number)
        self.assertEqual((3, 12, 1536, 384), self.in_both_ways())

    def test_no_sum_is_zero(self):
        for node in objects.ComputeNodeList.get_all(self.context):
            node.destroy()
        self.assertEqual((0, 0, 0, 0), self.in_both_ways())

    def set(self, node: Any, **values: Any) -> None:
        table = models.ComputeNode
        context = self.context
        with db.get_context_manager(context).writer.using(context):
            context.session.execute(
                sa.update(table).where(table.id == node.id).values(values)
            )


class TestStatisticsAgain(TestStatistics):
    """Of records that are the same view as before."""

    scenarios = [base.MC]

    def test_the_hosts_are_read_again_where_something_has_changed(self):
        def costs(count: int) -> int:
            with statements.StatementCounter() as counted:
                self.assertEqual(count, self.sums()[0])
            return len(counted)

        with mock.patch.dict(statistics._MARKS, sqlite=LENGTHS):
            self.assertEqual([2, 1, 1], [costs(2) for _ in range(3)])
            self.make_compute_node('three')
            self.assertEqual([3, 2], [costs(2) for _ in range(2)])
            three = self.make_service(host='three')
            self.assertEqual([2, 1], [costs(3) for _ in range(2)])
            three.disabled = True
            three.save()
            self.assertEqual([3, 2], [costs(2) for _ in range(2)])


class TestStatisticsBeside(TestStatistics):
    """nova sums up itself what its own table says."""

    scenarios = base.BESIDE

    def sums(self) -> tuple[int, ...]:
        with statements.StatementCounter() as counted:
            sums = super().sums()
        self.assertEqual(1, len(counted), counted)
        return sums


class TestInstances(base.TestCase):
    scenarios = base.ELSEWHERE

    def make_host(self, name: str) -> str:
        """Return the uuid of the compute of a host with an instance."""
        self.make_instance(name)
        return str(self.make_service(host=name).uuid)

    def listed(self) -> Any:
        return objects.InstanceList.get_by_filters(
            self.context, {}, expected_attrs=['services']
        )

    def test_only_the_computes_of_the_hosts_are_asked_for(self):
        """All of them are told apart from the other services in one go."""
        verdicts = owner.get().driver.membership
        alive = verdicts.alive
        asked = []

        def counted(context, uuids):
            asked.append(set(uuids))
            return alive(context, uuids)

        self.stub_out(
            f'{type(verdicts).__module__}.{type(verdicts).__name__}.alive',
            lambda _self, context, uuids: counted(context, uuids),
        )
        for number in range(5):
            self.make_service(host=f'other{number}')
        made = {}
        # One statement of nova's own table is cheaper than two.
        few = 1 if self.records == 'sql' else instances.FEW
        for number in range(instances.FEW + 2):
            host = f'host{number}'
            made[host] = self.make_host(host)
            if number in (0, 1, instances.FEW - 1, instances.FEW):
                asked.clear()
                self.assertEqual(
                    made, {e.host: e.services[0].uuid for e in self.listed()}
                )
                self.assertEqual(
                    [set(made.values())] if number >= few else [], asked
                )

    def test_a_list_states_the_hosts_it_has_read(self):
        group = servicegroup.API()
        for number in range(instances.FEW + 1):
            self.make_host(f'host{number}')
        disabled = objects.Service.get_by_compute_host(self.context, 'host3')
        disabled.disabled = True
        disabled.save()
        listed = self.listed()
        asked = []
        self.stub_out(
            'nova_sg.servicegroup.verdicts.Verdicts._ask',
            lambda *args: asked.append(args),
        )
        up = {e.host for e in listed if group.service_is_up(e.services[0])}
        # They have been created a moment ago.
        self.assertEqual({each.host for each in listed}, up)
        self.assertEqual([], asked)
        self.assertEqual(
            ['host3'], [e.host for e in listed if e.services[0].disabled]
        )


class TestInstancesBeside(TestInstances):
    """The computes are rows of nova's table."""

    scenarios = base.BESIDE

    def test_a_page_reads_the_rows_of_its_hosts_in_one_statement(self):
        for number in range(5):
            self.make_service(host=f'other{number}')
        made = [self.make_host(f'host{number}') for number in range(3)]
        read = []
        of_hosts = novas_table.of_hosts

        def reads(*args):
            found = of_hosts(*args)
            read.extend(each.uuid for each in found)
            return found

        self.stub_out('nova_sg.nova_tree.novas_table.of_hosts', reads)
        with base.NamesServices() as named:
            self.listed()
        self.assertEqual(1, len(named), named)
        self.assertCountEqual(made, read)
