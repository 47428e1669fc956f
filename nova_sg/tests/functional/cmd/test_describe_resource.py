# SPDX-License-Identifier: Apache-2.0

"""``nova-sg-manage service describe-resource``."""

from nova_sg.tests.fixtures import rows
from nova_sg.tests.functional.cmd import base
from nova_sg.tests.functional.cmd import instances


class TestDescribeResource(base.CommandTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.service()
        self.service('ctl', 'nova-scheduler', 'scheduler')

    def test_it_shows_what_there_is_used_and_promised(self):
        self.api.inventory.report(
            [
                rows.node(
                    'c1',
                    vcpus=16,
                    memory_mb=65536,
                    local_gb=1000,
                    vcpus_used=3,
                    memory_mb_used=2048,
                    local_gb_used=30,
                )
            ]
        )
        instances.add(self.process.conf, 'c1', {'p1': 2, 'p2': 1})
        shown = self.done(
            *('service', 'describe-resource', 'c1'),
            *('-f', 'csv', '--quote', 'none'),
        )
        self.assertEqual(
            [
                'Host,Project,CPU,Memory MB,Disk GB',
                'c1,(total),16,65536,1000',
                'c1,(used_now),3,2048,30',
                'c1,(used_max),3,1536,36',
                'c1,p1,2,1024,24',
                'c1,p2,1,512,12',
            ],
            shown.out.splitlines(),
        )

    def test_the_old_name_works_too(self):
        old = self.done('service', 'describe_resource', 'c1')
        new = self.done('service', 'describe-resource', 'c1')
        self.assertEqual(new.out, old.out)
        self.assertIn('(total)', new.out)

    def test_a_host_without_a_compute_is_not_found(self):
        for host in ('c9', 'ctl'):
            self.assert_error(
                3,
                f'Compute host {host} could not be found',
                self.manage('service', 'describe-resource', host),
            )

    def test_without_an_inventory_it_is_bad_usage(self):
        self.option('INVENTORY__BACKEND', 'none')
        self.assert_error(
            2,
            r'\[inventory\] backend is none',
            self.manage('service', 'describe-resource', 'c1'),
        )
