# SPDX-License-Identifier: Apache-2.0

"""Two moves run at the same time: one of them moves the services.

::

    t=0  A: driver migrate --from db --to zk
    t=0  B: driver migrate --from db --to mc:memcached
    t=1  A closes the database and opens ZooKeeper; services start there
    t=2  B has made its first copy, and finds the source of another: it opens
         nothing and replaces nothing
"""

from nova_sg import exception
from nova_sg.tests.functional.cmd import migrations


class TestTwice(migrations.MigrationTestCase):
    def setUp(self):
        super().setUp()
        self.mine = next(
            each
            for each in self.fill(10)
            if not (each.deleted or each.disabled)
        )

    def check(self, target, faster):
        """Run a move, and a faster one before it closes the source."""
        moving = self.migration('db', target)
        closing = moving._markers.source_closed

        def late():
            self.migrate('db', faster)
            self.api_of(faster).update(
                self.context, self.mine.uuid, {'disabled': True}
            )
            return closing()

        moving._markers.source_closed = late
        error = self.assertRaises(exception.MigrationRefused, moving.run)
        self.assertIn('is in use with driver = zk', str(error))
        self.assert_lives_in(faster)
        found = self.records_of(faster).get_by_uuid(
            self.context, self.mine.uuid
        )
        self.assertTrue(found.disabled)

    def test_to_two_places_only_one_is_opened(self):
        self.check('mc:memcached', 'zk')

    def test_where_records_stay_too(self):
        self.check('mc', 'zk:sql')

    def test_to_one_place_nothing_is_replaced_that_was_decided_there(self):
        self.check('zk', 'zk')
