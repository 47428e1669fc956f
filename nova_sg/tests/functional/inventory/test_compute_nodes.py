# SPDX-License-Identifier: Apache-2.0

"""Compute nodes and instances, and what they add up to."""

import dataclasses

import sqlalchemy as sa
import testscenarios

from nova_sg.db import models
from nova_sg.inventory import sql
from nova_sg.inventory import usage
from nova_sg.tests.fixtures import children
from nova_sg.tests.fixtures import rows
from nova_sg.tests.fixtures import statements
from nova_sg.tests.functional.inventory import base

load_tests = testscenarios.load_tests_apply_scenarios

NODE = dataclasses.replace(rows.NODE, host_ip='2001:db8::1')


class TestComputeNodes(base.InventoryTestCase):
    def times(self):
        nodes = models.compute_nodes.c
        return self.db.read(
            lambda c: c.execute(
                sa.select(nodes.created_at, nodes.updated_at)
            ).all()
        )

    def test_a_new_one_is_stored_with_all_it_has(self):
        self.inventory.report([NODE])
        (stored,) = self.inventory.compute_nodes()
        self.assertGreater(stored.id, 0)
        self.assertEqual(36, len(stored.uuid))
        self.assertEqual(NODE, dataclasses.replace(stored, id=None, uuid=None))

    def test_one_that_is_there_is_changed_and_stays_itself(self):
        self.inventory.report([NODE])
        (before,) = self.inventory.compute_nodes()
        ((created_at, updated_at),) = self.times()
        self.assertIsNone(updated_at)
        self.inventory.report(
            [dataclasses.replace(NODE, vcpus_used=7, uuid='another', id=99)]
        )
        self.assertEqual(
            [dataclasses.replace(before, vcpus_used=7)],
            self.inventory.compute_nodes(),
        )
        ((still_created_at, updated_at),) = self.times()
        self.assertEqual(created_at, still_created_at)
        self.assertIsNotNone(updated_at)

    def test_a_uuid_that_is_given_is_kept(self):
        self.inventory.report([dataclasses.replace(NODE, uuid='mine')])
        self.assertEqual('mine', self.inventory.compute_nodes()[0].uuid)

    def test_many_are_stored_at_once(self):
        self.inventory.report(
            dataclasses.replace(
                NODE, host=f'c{number}', hypervisor_hostname=f'c{number}'
            )
            for number in range(sql.BATCH + 1)
        )
        self.assertEqual(sql.BATCH + 1, len(self.inventory.compute_nodes()))

    def test_those_of_one_host_and_those_of_all(self):
        second = dataclasses.replace(NODE, hypervisor_hostname='c1b')
        other = dataclasses.replace(NODE, host='c2')
        self.inventory.report([NODE, second, other])
        self.assertEqual(
            ['c1.example', 'c1b'],
            [
                each.hypervisor_hostname
                for each in self.inventory.compute_nodes('c1')
            ],
        )
        self.assertEqual(3, len(self.inventory.compute_nodes()))
        self.assertEqual([], self.inventory.compute_nodes('c9'))

    def test_one_by_either_of_its_ids(self):
        self.inventory.report([NODE, dataclasses.replace(NODE, host='c2')])
        first, second = self.inventory.compute_nodes()
        self.assertEqual(first, self.inventory.compute_node(id=first.id))
        self.assertEqual(second, self.inventory.compute_node(uuid=second.uuid))
        self.assertIsNone(self.inventory.compute_node(id=second.id + 1))
        self.assertIsNone(self.inventory.compute_node(uuid='another'))

    def test_pages_follow_each_other_by_id(self):
        self.inventory.report(
            dataclasses.replace(NODE, host=f'c{number}') for number in range(5)
        )
        nodes = self.inventory.compute_nodes()
        pages = self.inventory.compute_nodes
        self.assertEqual(nodes[:2], pages(limit=2))
        self.assertEqual(nodes[2:4], pages(after=nodes[1].id, limit=2))
        self.assertEqual(nodes[4:], pages(after=nodes[3].id, limit=2))
        self.assertEqual([], pages(limit=0))

    def test_a_part_of_the_hypervisor_hostname_finds_them(self):
        names = ('a_b.example', 'axb.example', 'a%b')
        self.inventory.report(
            dataclasses.replace(NODE, hypervisor_hostname=name)
            for name in names
        )

        def found(pattern):
            return [
                each.hypervisor_hostname
                for each in self.inventory.compute_nodes(pattern=pattern)
            ]

        self.assertEqual(['a_b.example'], found('a_b'))
        self.assertEqual(['a_b.example', 'axb.example'], found('b.ex'))
        self.assertEqual(['a%b'], found('%'))
        self.assertEqual([], found('zzz'))

    def test_those_of_a_host_are_taken_away(self):
        self.inventory.report([NODE, dataclasses.replace(NODE, host='c2')])
        self.inventory.remove_compute_nodes('c1')
        self.inventory.remove_compute_nodes('c9')
        self.assertEqual(
            ['c2'], [each.host for each in self.inventory.compute_nodes()]
        )

    def test_hosts_by_hypervisor_type(self):
        self.inventory.report(
            [
                NODE,
                dataclasses.replace(NODE, hypervisor_hostname='c1b'),
                dataclasses.replace(NODE, host='c2'),
                dataclasses.replace(NODE, host='b1', hypervisor_type='ironic'),
            ]
        )
        self.assertEqual({'c1', 'c2'}, self.inventory.hosts_of_type('QEMU'))
        self.assertEqual({'b1'}, self.inventory.hosts_of_type('ironic'))
        self.assertEqual(set(), self.inventory.hosts_of_type('Xen'))

    def test_agents_that_race_store_one(self):
        nodes = [
            dataclasses.replace(NODE, hypervisor_hostname=f'n{number}')
            for number in range(20)
        ]

        def work(used):
            inventory = self.another()
            for node in nodes:
                inventory.report([dataclasses.replace(node, vcpus_used=used)])

        children.at_once([lambda used=used: work(used) for used in (1, 2, 3)])
        stored = self.inventory.compute_nodes()
        self.assertEqual(20, len(stored))
        self.assertLessEqual({each.vcpus_used for each in stored}, {1, 2, 3})

    def test_agents_that_race_in_batches_store_one(self):
        nodes = [
            dataclasses.replace(NODE, hypervisor_hostname=f'n{number}')
            for number in range(20)
        ]

        def work(nodes):
            self.another().report(nodes)

        # In opposite order, so that they lock rows crosswise.
        children.at_once(
            [
                lambda: work(nodes),
                lambda: work(nodes[::-1]),
            ]
        )
        self.assertEqual(20, len(self.inventory.compute_nodes()))


class TestInstances(base.InventoryTestCase):
    def test_those_of_a_host_are_listed_and_counted(self):
        self.instance('b', node='c1.example', display_name='web ☕')
        self.instance('a')
        self.instance('c', host='c2')
        first, second = self.inventory.instances('c1')
        self.assertEqual(('a', 'b'), (first.uuid, second.uuid))
        self.assertEqual('web ☕', second.display_name)
        self.assertEqual(2, self.inventory.count_instances('c1'))
        self.assertEqual(0, self.inventory.count_instances('c9'))
        self.assertEqual([], self.inventory.instances('c9'))

    def test_those_of_several_hosts_are_read_at_once(self):
        self.instance('b')
        self.instance('a')
        self.instance('c', host='c2')
        self.instance('d', host='c3')
        self.assert_found({'c1': ['a', 'b'], 'c2': ['c']}, ['c1', 'c2', 'c9'])
        many = [f'h{number}' for number in range(sql.MAX_HOSTS)]
        self.assert_found({'c1': ['a', 'b'], 'c3': ['d']}, ['c1', 'c3', *many])

    def assert_found(self, expected, hosts):
        with statements.StatementCounter() as counted:
            found = self.inventory.instances_by_host(hosts)
        self.assertEqual(1, len(counted), counted)
        self.assertEqual(
            expected,
            {
                host: [each.uuid for each in instances]
                for host, instances in found.items()
            },
        )


class TestDescribe(base.InventoryTestCase):
    def test_what_a_host_has_uses_and_has_promised_to_whom(self):
        self.inventory.report([NODE])
        self.instance('a', project='zoo', vcpus=4)
        self.instance('b', project='art', memory_mb=1024)
        self.instance('c', project='zoo', root_gb=20, ephemeral_gb=0)
        self.instance('d', host='c2')
        row = usage.HostResource
        self.assertEqual(
            [
                row('c1', '(total)', 8, 32768, 500),
                row('c1', '(used_now)', 2, 4096, 40),
                row('c1', '(used_max)', 6, 2048, 50),
                row('c1', 'art', 1, 1024, 15),
                row('c1', 'zoo', 5, 1024, 35),
            ],
            self.inventory.describe('c1'),
        )

    def test_a_host_with_several_nodes_has_their_sum(self):
        self.inventory.report(
            [
                NODE,
                dataclasses.replace(NODE, hypervisor_hostname='c1b'),
            ]
        )
        total, used, promised = self.inventory.describe('c1')
        row = usage.HostResource
        self.assertEqual(row('c1', '(total)', 16, 65536, 1000), total)
        self.assertEqual(row('c1', '(used_now)', 4, 8192, 80), used)
        self.assertEqual(row('c1', '(used_max)', 0, 0, 0), promised)
