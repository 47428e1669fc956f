# SPDX-License-Identifier: Apache-2.0

"""Services move where one of two memcached servers does not answer.

::

    t=0  memcached 1 and 2 belong to the deployment; 2 is stopped
    t=1  driver migrate, to memcached or away from it, is refused before it
         writes anything: processes of the source run on
    t=2  2 answers again, and the same command moves the services
"""

import fixtures

from nova_sg import exception
from nova_sg.servicegroup.backends.memcached import cluster
from nova_sg.tests.fixtures import commands
from nova_sg.tests.functional.cmd import migrations
from nova_sg.tests.functional.servicegroup import memcached_deployments


class TestServers(migrations.MigrationTestCase):
    def setUp(self):
        super().setUp()
        self.servers = {
            shared.running().hosts: shared
            for shared in (
                memcached_deployments.MEMCACHED,
                memcached_deployments.SECOND,
            )
        }
        self.option('MEMCACHED__SERVERS', ','.join(self.servers))
        self.filled = self.fill(10)
        self.mine = next(
            each for each in self.filled if not (each.deleted or each.disabled)
        )
        records = self.records_of('mc:memcached').cell(self.context).server
        (self.other,) = self.servers.keys() - {records.name}

    def stop(self):
        """Stop the server that has no records."""
        shared = self.servers[self.other]
        shared.get().kill()
        self.addCleanup(shared.running)

    def start(self):
        """Start it, without what it knew, and see that it is asked again."""
        self.servers[self.other].running()
        conf = self.conf_of('mc')
        (server,) = [
            each
            for each in cluster.get(conf).servers
            if each.name == self.other
        ]
        commands.wait_until(
            lambda: self.answers(server), 'the server is asked again'
        )

    def answers(self, server):
        try:
            return bool(server.version())
        except exception.ServiceGroupUnavailable:
            return False

    def check(self, source, target):
        self.stop()
        self.assert_refused(5, f'memcached {self.other}', source, target)
        # It is open.
        self.api_of(source).update(
            self.context, self.mine.uuid, {'disabled': True}
        )
        self.start()
        before = self.content(source)
        self.migrate(source, target)
        self.assertEqual(before, self.content(target))
        self.assert_lives_in(target)

    def test_nothing_begins_to_move_there(self):
        self.check('db', 'mc')

    def test_nor_do_records(self):
        self.check('db', 'mc:memcached')

    def test_nothing_begins_to_move_away(self):
        self.migrate('db', 'mc:memcached')
        self.check('mc:memcached', 'db')

    def test_what_cannot_be_undone_is_said_beside_what_failed(self):
        self.migrate('db', 'mc:memcached')
        log = self.useFixture(fixtures.FakeLogger())
        moving = self.migration('mc:memcached', 'db')
        settle = moving._source.records.settle

        def interrupted():
            settle()
            self.stop()
            raise KeyboardInterrupt

        moving._source.records.settle = interrupted
        self.assertRaises(KeyboardInterrupt, moving.run)
        self.assertIn('run the same command again', log.output)
        self.start()
        self.migrate('mc:memcached', 'db')
        self.assertEqual(self.filled, self.content('db'))
        self.assert_lives_in('db')
