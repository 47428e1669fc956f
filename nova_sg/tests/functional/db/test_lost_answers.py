# SPDX-License-Identifier: Apache-2.0

"""What is committed, and its answer lost, was done by who asked for it."""

import threading

from oslo_db import exception as db_exc
import sqlalchemy as sa
import testscenarios

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.db import engine
from nova_sg.servicegroup import marker
from nova_sg.servicegroup.records import sql
from nova_sg.tests.fixtures import api
from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import proxy
from nova_sg.tests.fixtures import scenarios
from nova_sg.tests.functional.db import base

load_tests = testscenarios.load_tests_apply_scenarios

OURS = marker.Marker('db', 'sql')
CLOSED = marker.Marker('closed', 'sql')


class LostAnswersTestCase(base.DatabaseTestCase):
    scenarios = scenarios.SERVER_SCHEMAS
    options = {
        'servicegroup': {'report_interval': 20, 'service_down_time': 60}
    }

    def setUp(self) -> None:
        super().setUp()
        self.db.upgrade()
        self.context = sg_context.get_admin_context()
        #: Of another process, whose connection is good.
        self.theirs = sql.SqlRecordStore(self.conf)
        self.their_marker = sql.SqlMarkerStore(self.db)
        url = sa.make_url(self.url)
        self.link = self.useFixture(proxy.TcpProxy(url.port))
        far = url.set(port=self.link.port)
        conf = self.useFixture(
            api.Configuration(
                far.render_as_string(hide_password=False), **self.options
            )
        ).conf
        self.records = sql.SqlRecordStore(conf)
        self.far = engine.get(conf)
        self.marker = sql.SqlMarkerStore(self.far)

    def service(self):
        values = {'host': 'c1', 'binary': 'nova-compute', 'topic': 'compute'}
        return self.theirs.create(self.context, values).uuid

    def is_there(self, uuid):
        return uuid in [each.uuid for each in self.theirs.list(self.context)]

    def at_the_first(self, event, then):
        """Have something happen at the first event of our connection."""
        left = [then]

        def once(*_arguments):
            if left:
                left.pop()()

        sa.event.listen(self.far.engine, event, once)

    def lose_the_answer(self, is_done):
        """Have the next commit done, and its answer never arrive."""

        def break_off():
            commands.wait_until(is_done, 'the commit is done')
            self.link.reset()
            self.link.heal()

        breaker = threading.Thread(target=break_off)
        self.addCleanup(breaker.join)

        def cut():
            self.link.cut(proxy.Direction.TO_CLIENT)
            breaker.start()

        # A first use asks for more than it is for.
        self.far.read(lambda c: None)
        self.at_the_first('commit', cut)

    def test_a_service_is_destroyed_by_who_destroyed_it(self):
        uuid = self.service()
        self.lose_the_answer(lambda: not self.is_there(uuid))
        self.records.destroy(self.context, uuid)
        self.assertFalse(self.is_there(uuid))

    def test_a_deployment_is_moved_by_who_moved_it(self):
        self.their_marker.claim(OURS)
        self.lose_the_answer(lambda: self.their_marker.read() == CLOSED)
        self.assertTrue(self.marker.move(OURS, CLOSED))

    def test_a_service_that_another_destroyed_meanwhile_is_not_there(self):
        uuid = self.service()

        def meanwhile():
            self.theirs.destroy(self.context, uuid)
            self.link.reset()

        self.far.read(lambda c: None)
        self.at_the_first('before_cursor_execute', meanwhile)
        self.assertRaises(
            exception.ServiceNotFound, self.records.destroy, self.context, uuid
        )

    def test_a_commit_that_was_refused_is_not_done(self):
        uuid = self.service()

        def refuse():
            # As between two nodes of a Galera cluster.
            self.at_the_first(
                'begin', lambda: self.theirs.destroy(self.context, uuid)
            )
            raise db_exc.DBDeadlock()

        self.far.read(lambda c: None)
        self.at_the_first('commit', refuse)
        self.assertRaises(
            exception.ServiceNotFound, self.records.destroy, self.context, uuid
        )
