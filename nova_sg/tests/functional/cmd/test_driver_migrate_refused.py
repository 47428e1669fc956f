# SPDX-License-Identifier: Apache-2.0

"""What cannot be moved is refused, and nothing is written."""

from typing import Any

from nova_sg.servicegroup import plugins
from nova_sg.tests.fixtures.servers import ports
from nova_sg.tests.functional.cmd import migrations


class TestRefused(migrations.MigrationTestCase):
    def test_a_target_that_holds_services_is_refused(self):
        self.fill(5)
        self.api_of('zk').create(
            self.context, {'host': 'foreign', 'binary': 'nova-compute'}
        )
        content = self.content('zk')
        self.assert_refused(
            4, '1 service.*nova-compute on host foreign', 'db', 'zk'
        )
        self.assertEqual(content, self.content('zk'))
        self.assertEqual(4, len(self.done(*migrations.LIST).json))

    def test_nor_is_one_that_nobody_has_marked(self):
        foreign = migrations.services(1)[0]
        self.fill(5)
        self.records_of('zk').restore(self.context, foreign)
        self.assert_refused(4, '1 service.*host-0', 'db', 'zk')
        self.assertEqual([foreign], self.content('zk'))

    def test_the_backend_of_another_deployment_is_refused(self):
        self.fill(5)
        # It has its records elsewhere, but its members here.
        (store,) = self.api_of('zk').driver.marker_stores()
        store.claim(self.marker('zk:sql'))
        self.assert_refused(
            4, 'zookeeper://.* is in use with driver = zk', 'db', 'zk'
        )

    def test_services_that_are_elsewhere_are_not_moved(self):
        self.fill(5)
        self.migrate('db', 'zk')
        self.assert_refused(
            4, 'is in use with driver = zk', 'db', 'mc:memcached'
        )
        self.assert_refused(4, 'is in use with', 'zk:sql', 'mc:memcached')

    def test_where_nothing_ever_was_there_is_nothing_to_move(self):
        self.assert_refused(4, 'there is nothing in zookeeper', 'zk', 'db')
        self.assertEqual([], self.done(*migrations.LIST).json)

    def test_places_that_are_none_are_refused(self):
        self.assert_refused(2, "'' is neither DRIVER nor", '', 'db')
        self.assert_refused(2, "'zk:' is neither DRIVER nor", 'db', 'zk:')
        self.assert_refused(2, "'tooz' is not installed", 'db', 'tooz')
        self.assert_refused(2, "'disk' is not installed", 'db', 'zk:disk')
        self.assert_refused(
            2, 'keeps records in sql only', 'zk', 'db:zookeeper'
        )
        self.assert_refused(2, 'to the same', 'zk', 'zk:zookeeper')

    def test_both_places_must_be_named(self):
        self.assert_error(
            2,
            'required: --to',
            self.manage('driver', 'migrate', '--from', 'zk'),
        )

    def test_a_backend_that_is_not_there_is_told(self):
        self.fill(5)
        port = self.useFixture(ports.Port()).number
        self.option('ZOOKEEPER__HOSTS', f'127.0.0.1:{port}')
        self.option('ZOOKEEPER__REQUEST_TIMEOUT', '1')
        self.assert_refused(5, f'zookeeper://127.0.0.1:{port}', 'db', 'zk')
        self.option('MEMCACHED__SERVERS', f'127.0.0.1:{port}')
        self.assert_refused(5, f'memcached 127.0.0.1:{port}', 'db', 'mc')

    def test_a_dead_memcached_can_be_left(self):
        self.fill(5)
        self.migrate('db', 'mc')
        port = self.useFixture(ports.Port()).number
        self.option('MEMCACHED__SERVERS', f'127.0.0.1:{port}')
        result = self.manage('driver', 'migrate', '--from', 'mc', '--to', 'db')
        self.assertEqual(0, result.code, result)
        self.assertIn(
            'warning: The source is not marked as left: ', result.err
        )
        self.assertEqual(
            self.marker('db'),
            self.api_of('db').driver.records.marker_store.read(),
        )

    def marker(self, place: str) -> Any:
        return plugins.our_marker(self.conf_of(place))
