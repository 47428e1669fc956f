# SPDX-License-Identifier: Apache-2.0

"""A deployment without an inventory."""

from oslotest import base
import testscenarios

from nova_sg import exception
from nova_sg import inventory
from nova_sg.inventory import none
from nova_sg.inventory import sql
from nova_sg.servicegroup import loader
from nova_sg.tests.fixtures import api

load_tests = testscenarios.load_tests_apply_scenarios


class NoneTestCase(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        conf = self.useFixture(
            api.Configuration(
                DEFAULT={
                    'default_availability_zone': 'here',
                    'internal_service_availability_zone': 'inside',
                }
            )
        ).conf
        self.inventory = none.NoInventory(conf)


class TestNone(NoneTestCase):
    def test_every_host_is_in_one_of_the_two_default_zones(self):
        self.assertEqual({}, self.inventory.zones())
        self.assertEqual({}, self.inventory.zones(['c1']))
        self.assertEqual('here', self.inventory.zone_of('c1', 'compute'))
        self.assertEqual('inside', self.inventory.zone_of('c1', 'scheduler'))
        self.assertEqual('inside', self.inventory.zone_of('c1', None))

    def test_a_service_without_a_host_has_a_zone_too(self):
        self.assertEqual(
            'here', self.inventory.zoning([None])(None, 'compute')
        )

    def test_a_service_can_be_destroyed(self):
        self.assertEqual(0, self.inventory.count_instances('c1'))
        self.inventory.leave_aggregates('c1')
        self.inventory.remove_compute_nodes('c1')

    def test_an_agent_may_report(self):
        self.inventory.report([])


class TestWhatNeedsAHypervisor(NoneTestCase):
    scenarios = [
        (method, {'method': method, 'arguments': arguments})
        for method, arguments in (
            ('host_uptime', ('c1',)),
            ('host_power_action', ('c1', 'reboot')),
            ('set_host_enabled', ('c1', True)),
            ('set_host_maintenance', ('c1', False)),
        )
    ]

    def test_it_says_that_none_is_there(self):
        error = self.assertRaises(
            exception.HostActionNotSupported,
            getattr(self.inventory, self.method),
            *self.arguments,
        )
        self.assertIn('Host c1 cannot be asked', str(error))
        self.assertEqual(501, error.code)


class TestWhatNeedsMore(NoneTestCase):
    scenarios = [
        (method, {'method': method, 'arguments': arguments})
        for method, arguments in (
            ('set_zone', ('c1', 'az1')),
            ('aggregates', ()),
            ('aggregate', (1,)),
            ('compute_nodes', ()),
            ('compute_node', ()),
            ('instances_by_host', (['c1'],)),
            ('hosts_of_type', ('QEMU',)),
            ('instances', ('c1',)),
            ('describe', ('c1',)),
        )
    ]

    def test_it_says_what_is_missing_in_one_line(self):
        error = self.assertRaises(
            exception.InventoryNotConfigured,
            getattr(self.inventory, self.method),
            *self.arguments,
        )
        self.assertIn('[inventory] backend is none', str(error))
        self.assertNotIn('\n', str(error))
        self.assertEqual(501, error.code)


class TestWhichInventory(base.BaseTestCase):
    scenarios = [
        ('db', {'driver': 'db', 'backend': None, 'kind': sql.SqlInventory}),
        ('zk', {'driver': 'zk', 'backend': None, 'kind': none.NoInventory}),
        (
            'zk with sql',
            {'driver': 'zk', 'backend': 'sql', 'kind': sql.SqlInventory},
        ),
        (
            'db with none',
            {'driver': 'db', 'backend': 'none', 'kind': none.NoInventory},
        ),
    ]

    def test_the_driver_decides_where_nothing_is_set(self):
        self.useFixture(api.Connections())
        conf = self.useFixture(
            api.Configuration(
                servicegroup={'driver': self.driver},
                inventory={'backend': self.backend},
            )
        ).conf
        has_database = loader.driver_class(conf).uses_database
        found = inventory.load(conf, has_database=has_database)
        self.assertIs(self.kind, type(found))
