# SPDX-License-Identifier: Apache-2.0

"""A cell's database whose user may use no table but nova's own."""

import uuid

import sqlalchemy as sa
import testscenarios

from nova_sg.db import migration
from nova_sg.db import models
from nova_sg.tests.fixtures import databases
from nova_sg.tests.functional.nova_tree import base

load_tests = testscenarios.load_tests_apply_scenarios

_GRANT = 'GRANT SELECT, INSERT, UPDATE, DELETE ON services TO {}'

MARIADB = {
    'database': databases.MariadbDatabase,
    'making': ["CREATE USER {} IDENTIFIED BY 'narrow'", _GRANT],
    'unmaking': ['DROP USER {}'],
}
POSTGRESQL = {
    'database': databases.PostgresqlDatabase,
    'making': [
        "CREATE ROLE {} LOGIN PASSWORD 'narrow'",
        'REVOKE CREATE ON SCHEMA public FROM PUBLIC',
        _GRANT,
        'GRANT USAGE ON SEQUENCE services_id_seq TO {}',
    ],
    'unmaking': ['DROP OWNED BY {}', 'DROP ROLE {}'],
}


class TestRights(base.TestCase):
    scenarios = [('mariadb', MARIADB), ('postgresql', POSTGRESQL)]

    def setUp(self) -> None:
        super().setUp()
        url = sa.make_url(self.useFixture(self.database()).url)
        self.administrator = sa.create_engine(url, poolclass=sa.NullPool)
        models.services.create(self.administrator)
        # Users are of the whole server.
        self.user = f'narrow{uuid.uuid4().hex[:8]}'
        self.execute(*(each.format(self.user) for each in self.making))
        self.addCleanup(
            self.execute, *(each.format(self.user) for each in self.unmaking)
        )
        self.cell.configure('[servicegroup]\ndriver = db\n')
        narrow = url.set(username=self.user, password='narrow')
        with self.cell.connect('api') as connection:
            connection.execute(
                'UPDATE cell_mappings SET database_connection = ?'
                " WHERE name = 'cell1'",
                [narrow.render_as_string(hide_password=False)],
            )

    def execute(self, *statements: str) -> None:
        with self.administrator.begin() as connection:
            for each in statements:
                connection.exec_driver_sql(each.replace('%', '%%'))

    def refused(self) -> str:
        """Return what the command that makes the tables refuses."""
        done = self.nova('nova-manage', 'service', 'prepare', **base.THREADS)
        line = self.assert_refused(2, done)
        self.assertEqual('', done.stdout)
        self.assertIn('cell1', line)
        self.assertIn('CREATE, ALTER, INDEX', line)
        return line

    def test_the_rights_that_are_lacking_are_named(self):
        self.refused()
        migration.upgrade(self.administrator)
        # Whether the services have moved elsewhere it cannot tell.
        listed = self.nova('nova-manage', 'service', 'list', **base.THREADS)
        self.assertIn('names what its user lacks', listed.stdout)
        _, _, grants = self.refused().partition('administrator: ')
        self.execute(*filter(None, grants.split(';')))
        for action in ('prepare', 'list'):
            done = self.nova('nova-manage', 'service', action, **base.THREADS)
            self.assertNotIn('ERROR', self.assert_done(done))
