# SPDX-License-Identifier: Apache-2.0

"""Changes and a move at the same moment, on two nodes of a Galera cluster.

Nodes do not see each other's locks. A node learns of what another commits
only when it certifies its own transaction, or applies the other one::

    t=0  node 2: a change locks the marker's row for sharing
    t=0  node 1: the marker moves, and is committed
    t=1  node 2: the move is applied, and aborts the change: it is refused

A change that already waits for its turn is aborted as well, and applied again
behind the move: it is committed, and not known to be moved.
"""

from concurrent import futures
import random
import threading
import time
from unittest import mock

import sqlalchemy as sa

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.db import engine
from nova_sg.servicegroup import marker
from nova_sg.servicegroup.backends.sql import records as sql_records
from nova_sg.tests.fixtures import api
from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import databases
from nova_sg.tests.fixtures import long
from nova_sg.tests.fixtures.servers import galera
from nova_sg.tests.functional.db import base

OURS = marker.Marker('db', 'sql')
MOVED = marker.Marker('mc', 'memcached')

ROUNDS = long.times(20, 300)
WRITERS = 2


class TestGalera(base.DatabaseTestCase):
    def database(self):
        self.cluster = self.useFixture(galera.GaleraCluster())
        return databases.MariadbDatabase(self.cluster.nodes[0])

    def setUp(self) -> None:
        super().setUp()
        self.db.upgrade()
        self.context = sg_context.get_admin_context()
        self.mover = sql_records.SqlRecordStore(self.conf)
        self.assertEqual(OURS, self.mover.marker_store.claim(OURS))
        url = sa.make_url(self.url).set(port=self.cluster.nodes[1].port)
        self.far_conf = self.useFixture(
            api.Configuration(url.render_as_string(hide_password=False))
        ).conf
        self.writer = sql_records.SqlRecordStore(self.far_conf)
        # The other node applies what the first has made a moment later.
        commands.wait_until(self.schema_is_there, 'the schema is there')
        self.services = [
            self.writer.create(
                self.context, {'host': f'c{number}', 'binary': 'nova-compute'}
            ).uuid
            for number in range(WRITERS)
        ]

    def schema_is_there(self):
        try:
            self.writer.list(self.context)
        except (exception.SchemaNotReady, exception.SchemaVersionMismatch):
            return False
        return True

    def write(self, uuid, begun):
        """Change a service again and again until that is not acknowledged.

        :returns: what the move has to bring: what was acknowledged last, or
            what came after it with an unknown outcome; nothing of either
            where the move came first
        """
        expected = set()
        for number in range(10_000):
            reason = f'{number}'
            try:
                self.writer.update(
                    self.context, uuid, {'disabled_reason': reason}
                )
            except exception.DeploymentMismatch:
                return expected
            except exception.OutcomeUnknown:
                return expected and expected | {reason}
            expected = {reason}
            begun.set()
        raise AssertionError('never refused')

    def race(self):
        """Move the deployment while services are changed.

        :returns: by uuid, what the move has to bring, and what it found
        """
        begun = threading.Event()
        store = self.mover.marker_store
        with futures.ThreadPoolExecutor(WRITERS) as pool:
            writers = {
                uuid: pool.submit(self.write, uuid, begun)
                for uuid in self.services
            }
            begun.wait(10)
            time.sleep(random.uniform(0, 0.03))
            self.assertTrue(store.move(OURS, MOVED))
            self.mover.settle()
            copied = {
                each.uuid: each.disabled_reason
                for each in self.mover.list(self.context)
            }
            told = {uuid: each.result() for uuid, each in writers.items()}
        self.assertTrue(store.move(MOVED, OURS))
        return told, copied

    def wait_for_the_marker(self):
        """Return once the other node knows where the deployment is."""
        while self.writer.marker_store.read() != OURS:
            time.sleep(0.001)

    def test_what_is_acknowledged_comes_before_the_move(self):
        self.assertEqual('mysql', engine.get(self.far_conf).dialect)
        lost = []
        for _round in range(ROUNDS):
            self.wait_for_the_marker()
            told, copied = self.race()
            lost += [
                (uuid, told[uuid], copied[uuid])
                for uuid in self.services
                if told[uuid] and copied[uuid] not in told[uuid]
            ]
        self.assertEqual([], lost)

    def test_a_change_that_is_committed_behind_a_move_is_not_acknowledged(
        self,
    ):
        store = self.writer.marker_store
        confirm = store.confirm

        def move_first(ours):
            self.assertTrue(self.mover.marker_store.move(OURS, MOVED))
            confirm(ours)

        with mock.patch.object(store, 'confirm', move_first):
            error = self.assertRaises(
                exception.OutcomeUnknown,
                self.writer.update,
                self.context,
                self.services[0],
                {'disabled': True},
            )
        self.assertIn('driver = mc', str(error))
