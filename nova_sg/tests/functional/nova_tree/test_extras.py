# SPDX-License-Identifier: Apache-2.0

"""A nova is switched on with the extra of its driver, and with no other."""

import testscenarios

from nova_sg.tests.fixtures.servers import memcached
from nova_sg.tests.fixtures.servers import zookeeper
from nova_sg.tests.functional.nova_tree import base

load_tests = testscenarios.load_tests_apply_scenarios

_CONF = """
[DEFAULT]
transport_url = fake:///
[servicegroup]
"""


class TestExtras(base.TestCase):
    scenarios = [
        ('db', {'driver': 'db', 'extra': ''}),
        ('zk', {'driver': 'zk', 'extra': 'zookeeper'}),
        ('mc', {'driver': 'mc', 'extra': 'memcached'}),
    ]

    def options(self) -> str:
        if self.driver == 'zk':
            server = self.useFixture(zookeeper.ZookeeperServer())
            return f'[zookeeper]\nhosts = {server.hosts}\n'
        if self.driver == 'mc':
            server = self.useFixture(memcached.MemcachedServer())
            return (
                f'records = memcached\n[memcached]\nservers = {server.hosts}\n'
            )
        return ''

    def test_nova_manage_lists_services(self):
        self.cell.configure(f'{_CONF}driver = {self.driver}\n{self.options()}')
        done = self.cell.run(
            *('python', '-m', 'nova_sg.tests.fixtures.installation'),
            *(f'nova,{self.extra}', 'nova-sg-run', 'nova-manage'),
            *('--config-file', 'nova.conf', 'service', 'list'),
            **base.THREADS,
        )
        self.assertIn('Updated At', self.assert_done(done))
