# SPDX-License-Identifier: Apache-2.0

"""Services which hold their membership themselves, and no record."""

from nova_sg.tests.fixtures.servers import memcached
from nova_sg.tests.fixtures.servers import zookeeper
from nova_sg.tests.functional.conductor import base


class _OwnMembershipTests:
    """What holds for every driver whose beats are not sent by RPC.

    :cvar driver: its name
    """

    driver: str
    service_down_time = 4
    #: Each beat shows that the conductor can be called.
    options = {'OS_CONDUCTOR__BEATS_PER_PING': '1'}

    def start_backend(self):
        """Start a server; return the option that names it, and its value."""
        raise NotImplementedError

    def setUp(self) -> None:
        group, option, value = self.start_backend()
        self.backend = {
            f'OS_{group.upper()}__{option.upper()}': value,
            'OS_SERVICEGROUP__DRIVER': self.driver,
            'OS_SERVICEGROUP__RECORDS': 'sql',
            'OS_INVENTORY__BACKEND': 'sql',
        }
        self.groups = {
            group: {option: self.as_option(value)},
            'inventory': {'backend': 'sql'},
        }
        super().setUp()

    def as_option(self, value):
        return value

    def make_process(self, **groups):
        groups['servicegroup'].update(driver=self.driver, records='sql')
        return super().make_process(**groups, **self.groups)

    def environment(self, **options):
        return {**super().environment(**options), **self.backend}

    def wait_for_state(self, up):
        base.wait_until(
            lambda: self.is_up() is up, 'it is ' + ('up' if up else 'down')
        )

    def test_a_host_that_cannot_be_called_is_not_up(self):
        conductor = self.start_conductor()
        agent = self.start_agent('--host', 'c1')
        self.assertTrue(self.is_up())
        [node] = self.api.inventory.compute_nodes('c1')
        self.assertEqual('host', node.hypervisor_type)

        conductor.kill()
        self.wait_for_state(up=False)
        conductor.start()
        self.wait_for_state(up=True)
        self.assertIn('Recovered from being unable', agent.log)
        self.assertEqual(0, agent.stop(), agent.log)
        self.wait_for_state(up=False)

    def test_an_agent_whose_record_is_deleted_says_so_and_ends(self):
        self.start_conductor()
        agent = self.start_agent('--host', 'c1')
        self.stored().destroy()
        self.assertEqual(3, agent.wait(), agent.log)


class MemcachedTestCase(_OwnMembershipTests, base.ConductorTestCase):
    driver = 'mc'

    def start_backend(self):
        # Before the test case is set up, which needs it.
        server = memcached.MemcachedServer()
        server.setUp()
        self.addCleanup(server.cleanUp)
        return 'memcached', 'servers', server.hosts

    def as_option(self, value):
        return [value]


class ZooKeeperTestCase(_OwnMembershipTests, base.ConductorTestCase):
    driver = 'zk'

    def start_backend(self):
        server = zookeeper.ZookeeperServer()
        server.setUp()
        self.addCleanup(server.cleanUp)
        return 'zookeeper', 'hosts', server.hosts
