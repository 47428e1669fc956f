# SPDX-License-Identifier: Apache-2.0

"""A compute that does not know its cell starts nowhere."""

import testscenarios

from nova_sg.tests.fixtures import long
from nova_sg.tests.functional.nova_tree import base

load_tests = testscenarios.load_tests_apply_scenarios

_CONF = """
[DEFAULT]
transport_url = fake:///
compute_driver = fake.FakeDriver
[servicegroup]
driver = {driver}
records = {records}
[zookeeper]
hosts = 127.0.0.1:9
[memcached]
servers = 127.0.0.1:9
"""


class TestCells(base.TestCase):
    # The check is the same; a compute is a process of seconds.
    scenarios = long.matrix(
        [('zk', {'driver': 'zk', 'records': 'zookeeper'})],
        [('mc:memcached', {'driver': 'mc', 'records': 'memcached'})],
    )

    def test_a_compute_in_cell0_is_refused_before_it_asks_anybody(self):
        self.cell.configure(
            _CONF.format(driver=self.driver, records=self.records)
        )
        line = self.assert_refused(2, self.nova('nova-compute'))
        self.assertIn('[servicegroup] cell', line)
        self.assertIn('list_cells', line)
