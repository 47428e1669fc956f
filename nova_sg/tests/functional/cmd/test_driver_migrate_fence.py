# SPDX-License-Identifier: Apache-2.0

"""A decision that meets a move is in the target, or is refused.

::

    t=0.0  another session holds the row of c1 locked
    t=0.1  operator A: disable c1; it waits for the row
    t=0.3  operator B: driver migrate --from db --to mc:memcached
    t=3.0  the row is free; A is told that c1 is disabled
"""

from concurrent import futures
import time

import sqlalchemy as sa
import testscenarios

from nova_sg import exception
from nova_sg.db import models
from nova_sg.servicegroup import marker
from nova_sg.tests.fixtures import scenarios
from nova_sg.tests.functional.cmd import migrations

load_tests = testscenarios.load_tests_apply_scenarios

#: Seconds for which the row is locked: a move without a fence has ended.
LOCKED = 3.0

SERVICES = models.services.c


class TestFence(migrations.MigrationTestCase):
    scenarios = scenarios.DATABASES

    def setUp(self) -> None:
        super().setUp()
        self.mine = next(
            each
            for each in self.fill(5)
            if not (each.deleted or each.disabled)
        )

    def locked(self) -> sa.Connection:
        """Return a connection that holds the service's row locked."""
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        connection = self.enterContext(engine.connect())
        connection.execute(
            models.services.update()
            .where(SERVICES.uuid == self.mine.uuid)
            .values(report_count=SERVICES.report_count)
        )
        return connection

    def test_a_decision_that_is_under_way_is_not_lost(self):
        api = self.api_of('db')
        move = self.migration('db', 'mc:memcached')
        holder = self.locked()
        with futures.ThreadPoolExecutor(2) as pool:
            told = pool.submit(
                api.update, self.context, self.mine.uuid, {'disabled': True}
            )
            time.sleep(0.3)
            moved = pool.submit(move.run)
            futures.wait([moved], LOCKED)
            holder.rollback()
            try:
                told.result()
                done = True
            except exception.DeploymentMismatch:
                done = False
            moved.result()
        there = self.records_of('mc:memcached').get_by_uuid(
            self.context, self.mine.uuid
        )
        self.assertEqual(done, there.disabled)

    def test_nothing_is_written_once_the_deployment_has_moved(self):
        api = self.api_of('db')
        changes = {'disabled': True}
        api.update(self.context, self.mine.uuid, changes)
        # The process has seen the marker, and does not look again so soon.
        moved = marker.Marker('mc', 'memcached')
        (store,) = api.driver.marker_stores()
        self.assertTrue(store.move(api.marker, moved))
        for change, arguments in (
            (api.driver.records.update, (self.mine.uuid, {'disabled': False})),
            (api.driver.records.destroy, (self.mine.uuid,)),
            (api.driver.records.create, ({'host': 'new', 'binary': 'b'},)),
        ):
            self.assertRaises(
                exception.DeploymentMismatch, change, self.context, *arguments
            )
        there = api.driver.records.list(self.context)
        self.assertNotIn('new', [each.host for each in there])
        (mine,) = [each for each in there if each.uuid == self.mine.uuid]
        self.assertTrue(mine.disabled)
