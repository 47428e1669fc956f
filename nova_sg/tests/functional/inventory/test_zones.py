# SPDX-License-Identifier: Apache-2.0

"""Aggregates, and the zones that hosts are in by them."""

import contextlib
import threading

import sqlalchemy as sa
import testscenarios

from nova_sg.inventory import base as inventory_base
from nova_sg.tests.fixtures import children
from nova_sg.tests.functional.inventory import base

load_tests = testscenarios.load_tests_apply_scenarios


class TestZones(base.InventoryTestCase):
    def test_a_host_is_in_the_zone_of_its_aggregate(self):
        self.aggregate(1, 'az1', 'c1', 'c2')
        self.aggregate(2, 'az2', 'c3')
        self.assertEqual(
            {'c1': 'az1', 'c2': 'az1', 'c3': 'az2'}, self.inventory.zones()
        )

    def test_a_host_in_several_zones_is_in_all_of_them(self):
        self.aggregate(1, 'az2', 'c1')
        self.aggregate(2, 'az1', 'c1')
        self.assertEqual({'c1': 'az1,az2'}, self.inventory.zones())

    def test_a_zone_of_two_aggregates_is_named_once(self):
        self.aggregate(1, 'az1', 'c1')
        self.aggregate(2, 'az1', 'c1')
        self.assertEqual({'c1': 'az1'}, self.inventory.zones())

    def test_an_aggregate_without_a_zone_does_not_count(self):
        self.aggregate(1, None, 'c1')
        self.aggregate(2, None, 'c2')
        self.aggregate(3, 'az1', 'c2')
        self.assertEqual({'c2': 'az1'}, self.inventory.zones())

    def test_only_the_hosts_asked_for(self):
        self.aggregate(1, 'az1', 'c1', 'c2')
        self.assertEqual({'c2': 'az1'}, self.inventory.zones(['c2', 'c9']))
        self.assertEqual({}, self.inventory.zones([]))

    def test_the_zone_of_one_service(self):
        self.aggregate(1, 'az1', 'c1')
        for host, topic, zone in (
            ('c1', 'compute', 'az1'),
            ('c2', 'compute', 'nova'),
            ('c1', 'scheduler', 'internal'),
            ('c1', None, 'internal'),
        ):
            self.assertEqual(zone, self.inventory.zone_of(host, topic))


class TestSetZone(base.InventoryTestCase):
    def test_it_makes_the_aggregate_of_a_new_zone(self):
        self.inventory.set_zone('c1', 'az1')
        (made,) = self.inventory.aggregates()
        self.assertEqual(
            ('az1', 'az1', ('c1',)),
            (made.name, made.availability_zone, made.hosts),
        )
        self.assertEqual(36, len(made.uuid))

    def test_it_moves_a_host_and_leaves_others(self):
        self.inventory.set_zone('c1', 'az1')
        self.inventory.set_zone('c2', 'az1')
        self.inventory.set_zone('c1', 'az2')
        self.assertEqual({'c1': 'az2', 'c2': 'az1'}, self.inventory.zones())

    def test_it_takes_a_host_out_of_every_other_zone(self):
        self.aggregate(1, 'az1', 'c1')
        self.aggregate(2, 'az2', 'c1')
        self.inventory.set_zone('c1', 'az3')
        self.assertEqual({'c1': 'az3'}, self.inventory.zones())

    def test_it_leaves_aggregates_without_a_zone_alone(self):
        self.aggregate(1, None, 'c1')
        self.inventory.set_zone('c1', 'az1')
        self.assertEqual(
            [('c1',), ('c1',)],
            [each.hosts for each in self.inventory.aggregates()],
        )

    def test_set_again_it_changes_nothing(self):
        self.inventory.set_zone('c1', 'az1')
        before = self.inventory.aggregates()
        self.inventory.set_zone('c1', 'az1')
        self.assertEqual(before, self.inventory.aggregates())

    def test_of_two_at_once_one_wins(self):
        for zone in ('az1', 'az2'):
            # So that they meet where a host is moved.
            self.inventory.set_zone('other', zone)
        met = threading.Barrier(2)

        def meet(_connection, _cursor, statement, *_more):
            if statement.startswith('DELETE FROM nova_sg_aggregate_hosts'):
                # One of them may have to wait for the other's end.
                with contextlib.suppress(threading.BrokenBarrierError):
                    met.wait(0.5)

        sa.event.listen(sa.Engine, 'after_cursor_execute', meet)
        self.addCleanup(
            sa.event.remove, sa.Engine, 'after_cursor_execute', meet
        )
        threads = [
            threading.Thread(target=self.inventory.set_zone, args=('c1', zone))
            for zone in ('az1', 'az2')
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertIn(self.inventory.zones()['c1'], ('az1', 'az2'))

    def test_two_at_once_make_one_aggregate_of_a_new_zone(self):
        def work(host):
            inventory = self.another()
            for number in range(10):
                inventory.set_zone(host, f'az{number}')

        children.at_once([lambda h=host: work(h) for host in ('c1', 'c2')])
        self.assertEqual({'c1': 'az9', 'c2': 'az9'}, self.inventory.zones())
        self.assertEqual(10, len(self.inventory.aggregates()))


class TestAggregates(base.InventoryTestCase):
    def test_all_of_them_with_and_without_hosts(self):
        self.aggregate(1, 'az1', 'c2', 'c1')
        self.aggregate(2, None)
        first, second = self.inventory.aggregates()
        self.assertLess(0, first.id)
        self.assertLess(first.id, second.id)
        self.assertEqual(
            inventory_base.Aggregate(
                id=first.id,
                uuid='uuid-1',
                name='aggregate 1',
                availability_zone='az1',
                hosts=('c1', 'c2'),
                created_at=first.created_at,
            ),
            first,
        )
        self.assertIsNotNone(first.created_at)
        self.assertEqual((None, ()), (second.availability_zone, second.hosts))

    def test_one_of_them_and_none(self):
        self.aggregate(1, 'az1', 'c2', 'c1')
        self.aggregate(2, None)
        first, second = self.inventory.aggregates()
        self.assertEqual(first, self.inventory.aggregate(first.id))
        self.assertEqual(second, self.inventory.aggregate(second.id))
        self.assertIsNone(self.inventory.aggregate(second.id + 1))

    def test_a_host_leaves_all_of_them(self):
        self.aggregate(1, 'az1', 'c1', 'c2')
        self.aggregate(2, None, 'c1')
        self.inventory.leave_aggregates('c1')
        self.inventory.leave_aggregates('c9')
        self.assertEqual(
            [('c2',), ()],
            [each.hosts for each in self.inventory.aggregates()],
        )
