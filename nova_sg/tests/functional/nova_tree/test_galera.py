# SPDX-License-Identifier: Apache-2.0

"""A process that begins on a node which has yet to apply a move."""

from concurrent import futures
import dataclasses

import sqlalchemy as sa

from nova_sg.db import migration
from nova_sg.db import models
from nova_sg.servicegroup import marker
from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import databases
from nova_sg.tests.fixtures.servers import galera
from nova_sg.tests.functional.nova_tree import base
from nova_sg.tests.functional.nova_tree import cells

MOVED = marker.Marker('zk', 'zookeeper')

_READING = (
    'SELECT id FROM information_schema.processlist'
    " WHERE command = 'Query' AND id <> connection_id()"
    f" AND info LIKE '%%{models.deployment.name}%%'"
)


class TestGalera(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        cluster = self.useFixture(galera.GaleraCluster())
        made = self.useFixture(databases.MariadbDatabase(cluster.nodes[0]))
        near = sa.make_url(made.url)
        far = near.set(port=cluster.nodes[1].port)
        self.near, self.far = (
            sa.create_engine(url, poolclass=sa.NullPool) for url in (near, far)
        )
        migration.upgrade(self.near)
        commands.wait_until(self.schema_is_there, 'the schema is there')
        self.cell.configure('[servicegroup]\ndriver = db\n')
        with self.cell.connect('api') as connection:
            connection.execute(
                'UPDATE cell_mappings SET database_connection = ?'
                " WHERE name = 'cell1'",
                [far.render_as_string(hide_password=False)],
            )

    def schema_is_there(self) -> bool:
        return sa.inspect(self.far).has_table(models.departures.name)

    def is_asked(self) -> bool:
        """Return whether the far node has a look at the mark to answer."""
        with self.far.connect() as connection:
            return bool(connection.exec_driver_sql(_READING).first())

    def test_it_waits_for_the_move(self):
        with futures.ThreadPoolExecutor() as pool, self.far.connect() as held:
            # It applies nothing until that ends.
            held.exec_driver_sql('FLUSH TABLES WITH READ LOCK')
            with self.near.begin() as connection:
                connection.execute(
                    models.deployment.insert().values(
                        id=1, **dataclasses.asdict(MOVED)
                    )
                )
            listed = pool.submit(
                self.nova, 'nova-manage', 'service', 'list', **base.THREADS
            )
            commands.wait_until(
                lambda: listed.done() or self.is_asked(),
                'the mark is looked at',
                cells.PATIENCE,
            )
            held.exec_driver_sql('UNLOCK TABLES')
            self.assertIn(str(MOVED), listed.result().stdout)
