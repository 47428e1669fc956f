# SPDX-License-Identifier: Apache-2.0

"""This machine's facts, and what other machines would say of theirs."""

import json
import os
import tempfile

from oslotest import base

from nova_sg.agent import host

TWO_SOCKETS = """\
processor\t: 0
vendor_id\t: GenuineIntel
model name\t: Intel(R) Xeon(R) Gold 6230
physical id\t: 0
siblings\t: 4
cpu cores\t: 2
flags\t\t: sse vmx fpu

processor\t: 1
vendor_id\t: GenuineIntel
physical id\t: 1
siblings\t: 4
cpu cores\t: 2
flags\t\t: sse vmx fpu
"""

ARM = """\
processor\t: 0
BogoMIPS\t: 50.00
Features\t: fp asimd
CPU implementer\t: 0x41
CPU part\t: 0xd0c

processor\t: 1
Features\t: fp asimd
CPU implementer\t: 0x41
CPU part\t: 0xd0c

"""


class HostTestCase(base.BaseTestCase):
    def test_this_machine_adds_up(self):
        node = host.describe('c1', tempfile.gettempdir())
        self.assertEqual(('c1', 'c1'), (node.host, node.hypervisor_hostname))
        self.assertEqual(os.cpu_count(), node.vcpus)
        total = os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE')
        self.assertEqual(total // 2**20, node.memory_mb)
        self.assertTrue(0 < node.memory_mb_used < node.memory_mb)
        self.assertTrue(0 <= node.local_gb_used <= node.local_gb)
        free = node.local_gb - node.local_gb_used
        # A GiB is lost in each rounding.
        self.assertTrue(0 <= node.disk_available_least <= free + 1)
        self.assertEqual(os.uname().machine, json.loads(node.cpu_info)['arch'])
        self.assertTrue(node.host_ip)

    def test_a_directory_that_nobody_made_yet_lies_on_a_disk_all_the_same(
        self,
    ):
        directory = tempfile.gettempdir()
        self.assertEqual(
            host.describe('c1', directory).local_gb,
            host.describe('c1', f'{directory}/not/yet').local_gb,
        )

    def test_a_simulated_host_is_as_large_as_this_machine_and_idle(self):
        machine = host.describe('c1', '/')
        first, second = host.simulate(machine, ['s1', 's2'])
        self.assertEqual('s1', first.hypervisor_hostname)
        self.assertEqual('s2', second.host)
        self.assertEqual('fake', first.hypervisor_type)
        self.assertEqual(machine.memory_mb, first.memory_mb)
        self.assertEqual(0, first.memory_mb_used)
        self.assertEqual(machine.local_gb, first.disk_available_least)

    def test_a_kernel_release_is_a_number_as_of_a_hypervisor(self):
        for release, number in (
            ('6.1.0-25-amd64', 6001000),
            ('5.15.167.4-microsoft-standard-WSL2', 5015167),
            ('4.18+', 4018000),
            ('custom', 0),
        ):
            self.assertEqual(number, host.kernel_version(release))

    def test_sockets_cores_and_threads_are_told_apart(self):
        info = host.cpu_info('x86_64', TWO_SOCKETS)
        self.assertEqual('GenuineIntel', info['vendor'])
        self.assertEqual('Intel(R) Xeon(R) Gold 6230', info['model'])
        self.assertEqual(
            {'sockets': 2, 'cores': 2, 'threads': 2}, info['topology']
        )
        self.assertEqual(['fpu', 'sse', 'vmx'], info['features'])

    def test_a_cpu_without_x86_fields_says_what_it_can(self):
        info = host.cpu_info('aarch64', ARM)
        self.assertEqual(('0x41', '0xd0c'), (info['vendor'], info['model']))
        self.assertEqual(
            {'sockets': 2, 'cores': 1, 'threads': 1}, info['topology']
        )
        self.assertEqual(['asimd', 'fp'], info['features'])

    def test_a_cpu_that_says_nothing_is_no_error(self):
        info = host.cpu_info('riscv64', 'hart : 0')
        self.assertIsNone(info['vendor'])
        self.assertEqual([], info['features'])
