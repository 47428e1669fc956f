# SPDX-License-Identifier: Apache-2.0

"""``nova-sg-manage driver migrate``: from any driver to any other, and back.

Against a real ZooKeeper, a real memcached and a real database.
"""

import itertools

import sqlalchemy as sa
import testscenarios

from nova_sg.db import models
from nova_sg.servicegroup import record
from nova_sg.tests.fixtures import long
from nova_sg.tests.fixtures import scenarios
from nova_sg.tests.functional.cmd import migrations

load_tests = testscenarios.load_tests_apply_scenarios


class TestMigrate(migrations.MigrationTestCase):
    def test_a_thousand_services_come_home_as_they_went(self):
        before = self.fill(1000)
        rows = self.rows()
        told = self.migrate('db', 'zk')
        self.assertEqual(
            {
                'from': 'driver = db, records = sql (format 1)',
                'to': 'driver = zk, records = zookeeper (format 1)',
                'moved': True,
                'copied': 1000,
                'there': 0,
                'replaced': 0,
            },
            told,
        )
        self.assertEqual(before, self.content('zk'))
        self.assert_lives_in('zk')
        self.assertEqual(1000, self.migrate('zk', 'mc:memcached')['copied'])
        self.assertEqual(before, self.content('mc:memcached'))
        self.assert_lives_in('mc:memcached')
        told = self.migrate('mc:memcached', 'db')
        self.assertEqual((0, 1000), (told['copied'], told['there']))
        self.assertEqual(rows, self.rows())
        self.assert_lives_in('db')
        names = {each.host for each in before if not each.deleted}
        listed = self.done(*migrations.LIST).json
        self.assertEqual(names, {each['Host'] for each in listed})

    def test_records_that_stay_in_the_database_are_not_touched(self):
        self.fill(20)
        rows = self.rows()
        route = ['db', 'mc', 'zk:sql', 'db']
        for source, target in zip(route, route[1:], strict=False):
            told = self.migrate(source, target)
            self.assertEqual((0, 0), (told['copied'], told['replaced']))
            self.assertEqual(rows, self.rows())
            self.assert_lives_in(target)

    def test_what_was_decided_elsewhere_comes_home(self):
        before = self.fill(20)
        self.migrate('db', 'zk')
        elsewhere = self.api_of('zk')
        live = [each for each in before if not each.deleted]
        elsewhere.update(
            self.context, live[0].uuid, {'disabled': True, 'host': 'renamed'}
        )
        elsewhere.destroy(self.context, live[1].uuid)
        elsewhere.create(
            self.context, {'host': 'new', 'binary': 'nova-compute'}
        )
        # Its name is free since the destroyed one went.
        elsewhere.create(
            self.context,
            {'host': live[1].host, 'binary': live[1].binary, 'version': 99},
        )
        wanted = self.content('zk')
        tried = self.migrate('zk', 'db', '--dry-run')
        told = self.migrate('zk', 'db')
        self.assertEqual(
            (4, 18, 2),
            tuple(told[each] for each in ('copied', 'there', 'replaced')),
        )
        self.assertEqual({**told, 'moved': False}, tried)
        self.assertEqual(wanted, self.content('db'))
        # And ids go on from there.
        made = self.api_of('db').create(
            self.context, {'host': 'newer', 'binary': 'nova-compute'}
        )
        self.assertNotIn(made.id, {each.id for each in wanted})

    def test_a_dry_run_writes_nothing(self):
        before = self.fill(20)
        tried = self.migrate('db', 'zk', '--dry-run')
        self.assertEqual((False, 20), (tried['moved'], tried['copied']))
        self.assertEqual([], self.content('zk'))
        for store in self.api_of('zk').driver.marker_stores():
            self.assertIsNone(store.read())
        self.assertEqual(before, self.content('db'))
        self.assert_lives_in('db')

    def test_to_migrate_again_does_nothing(self):
        self.fill(20)
        self.migrate('db', 'zk')
        told = self.migrate('db', 'zk')
        self.assertEqual((0, 20), (told['copied'], told['there']))
        self.api_of('zk').update(
            self.context, self.content('zk')[0].uuid, {'version': 99}
        )
        self.assert_refused(4, '1 service.* otherwise', 'db', 'zk')
        self.assert_lives_in('zk')

    def test_services_of_old_without_a_uuid_are_given_one_first(self):
        self.fill(3)
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        old = models.services.insert().values(
            id=9999, deleted=9999, host='old', binary='b', report_count=0
        )
        with engine.begin() as connection:
            connection.execute(old)
        result = self.manage('driver', 'migrate', '--from=db', '--to=zk')
        self.assert_error(
            2, '1 service.* run "nova-sg-manage db sync"', result
        )
        self.done('db', 'sync')
        self.assertEqual(4, self.migrate('db', 'zk')['copied'])
        self.assertIn(9999, [each.id for each in self.content('zk')])


class TestPairs(migrations.MigrationTestCase):
    """From each place to each other, and back."""

    scenarios = [
        (f'{source} and {target}', {'source': source, 'target': target})
        for source, target in long.matrix(
            [('zk:sql', 'mc:memcached')],
            [
                pair
                for pair in itertools.combinations(migrations.OPTIONS, 2)
                if pair != ('zk:sql', 'mc:memcached')
            ],
        )
    ]

    def test_services_go_and_come_back(self):
        before = self.fill(25)
        if self.source != 'db':
            self.migrate('db', self.source)
        for source, target in (
            (self.source, self.target),
            (self.target, self.source),
        ):
            self.migrate(source, target)
            self.assertEqual(before, self.content(target))
            self.assert_lives_in(target)


class TestDatabases(migrations.MigrationTestCase):
    scenarios = scenarios.SERVERS

    def test_records_come_from_a_server_and_go_there(self):
        self.fill(20)
        before = self.content('db')
        self.migrate('db', 'zk')
        self.assertEqual(before, self.content('zk'))
        for each in before[:3]:
            self.records_of('zk').purge(self.context, [each.uuid])
        late = before[0]._replace(updated_at=migrations.CREATED)
        self.records_of('zk').restore(self.context, late)
        told = self.migrate('zk', 'db')
        self.assertEqual((1, 3), (told['copied'], told['replaced']))
        (found, *others) = self.content('db')
        # Fractions of seconds are not kept everywhere.
        self.assertEqual([], record.differences(found, late))
        self.assertEqual(before[3:], others)
