# SPDX-License-Identifier: Apache-2.0

"""``nova-sg-manage service list`` where some states are unknown."""

from nova_sg import conf as sg_conf
from nova_sg.servicegroup import api as sg_api
from nova_sg.tests.fixtures.servers import memcached
from nova_sg.tests.functional.cmd import backends


class TestUnknown(backends.BackendsTestCase):
    """Records are in a database, and one of two memcached servers is out."""

    def setUp(self) -> None:
        super().setUp()
        self.server = memcached.MemcachedServer()
        self.useFixture(self.server)
        self.option(
            'MEMCACHED__SERVERS', f'{self.memcached.hosts},{self.server.hosts}'
        )
        self.option('SERVICEGROUP__DRIVER', 'mc')
        self.api = sg_api.API(sg_conf.load([self.config_file]))
        for number in range(8):
            self.api.create(
                self.context, {'host': f'c{number}', 'binary': 'nova-compute'}
            )
        records, _ = self.api.list(self.context)
        self.api.join_many(self.context, records)

    def listed(self, *words: str) -> tuple[list[str], str]:
        """Return the states that a process that has just begun lists."""
        self.forget_connections()
        result = self.manage('service', 'list', '-f', 'json', *words)
        self.assertEqual(0, result.code, result)
        return [each['State'] for each in result.json], result.err

    def test_they_are_listed_as_unknown_and_can_be_filtered_by_it(self):
        self.server.kill()
        states, warning = self.listed()
        self.assertEqual({'up', 'unknown'}, set(states))
        self.assertEqual(8, len(states))
        self.assertRegex(
            warning,
            rf'^[^\n]*state of {states.count("unknown")} of 8 service'
            rf'[^\n]*{self.server.port}[^\n]*\n$',
        )
        unknown, _ = self.listed('--state', 'unknown')
        self.assertEqual(['unknown'] * states.count('unknown'), unknown)
        up, _ = self.listed('--state', 'up')
        self.assertEqual(['up'] * states.count('up'), up)
        down, _ = self.listed('--state', 'down')
        self.assertEqual([], down)

    def test_services_are_created_all_the_same(self):
        self.server.kill()
        for number in range(8):
            self.api.create(
                self.context,
                {'host': f'new{number}', 'binary': 'nova-compute'},
            )
        states, _ = self.listed()
        self.assertEqual({'up', 'unknown'}, set(states))
        self.assertEqual(16, len(states))

    def test_where_nothing_is_known_there_is_no_list(self):
        self.server.kill()
        self.option('MEMCACHED__SERVERS', self.server.hosts)
        self.forget_connections()
        self.assertEqual(5, self.manage('service', 'list').code)
