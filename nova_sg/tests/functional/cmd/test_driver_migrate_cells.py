# SPDX-License-Identifier: Apache-2.0

"""Cells that share a ZooKeeper move one after the other, and back."""

import uuid

from nova_sg.tests.fixtures import databases
from nova_sg.tests.functional.cmd import migrations

COUNT = 10


class TestCells(migrations.MigrationTestCase):
    """Each has a database of its own."""

    def setUp(self):
        super().setUp()
        self.urls = {}
        for _ in range(2):
            cell = str(uuid.uuid4())
            self.urls[cell] = self.useFixture(databases.SqliteDatabase()).url
            self.use(cell)
            self.done('db', 'sync')
            self.fill(COUNT)

    def use(self, cell):
        """Configure what follows for a cell."""
        self.option('SERVICEGROUP__CELL', cell)
        self.option('DATABASE__CONNECTION', self.urls[cell])

    def test_one_moves_after_the_other(self):
        first, second = self.urls
        self.use(first)
        self.migrate('db', 'zk')
        self.use(second)
        # Its database is not marked, but ZooKeeper is open to it.
        self.assertEqual(8, len(self.done(*migrations.LIST).json))
        path = self.write('zk', migrations.OPTIONS['zk'])
        listed = self.done('--config-file', path, *migrations.LIST).json
        self.assertEqual([], listed)
        moving, api = self.migration('db', 'zk'), self.api_of('db')
        mine = next(
            each
            for each in self.content('db')
            if not (each.deleted or each.disabled)
        )

        def progress(done, total):
            if done == total == COUNT:
                api.update(self.context, mine.uuid, {'disabled': True})

        moving.run(progress)
        found = self.records_of('zk').get_by_uuid(self.context, mine.uuid)
        self.assertTrue(found.disabled)
        for cell in self.urls:
            self.use(cell)
            before = self.content('db')
            self.assertEqual(before, self.content('zk'))
            told = self.migrate('zk', 'db')
            self.assertEqual((0, COUNT), (told['copied'], told['there']))
            self.assertEqual(before, self.content('db'))
            self.done(*migrations.LIST)
