# SPDX-License-Identifier: Apache-2.0

"""A commit whose answer is lost, and what else comes between.

What the conformance suite promises of lost answers is not tried here again.
"""

import threading

from oslo_db import exception as db_exc
import sqlalchemy as sa
import testscenarios

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.db import engine
from nova_sg.inventory import sql as sql_inventory
from nova_sg.servicegroup import marker
from nova_sg.servicegroup.backends.sql import marker as sql_marker
from nova_sg.servicegroup.backends.sql import records as sql_records
from nova_sg.tests.fixtures import api
from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import proxy
from nova_sg.tests.fixtures import scenarios
from nova_sg.tests.functional.db import base

load_tests = testscenarios.load_tests_apply_scenarios

OURS = marker.Marker('db', 'sql')
CLOSED = marker.Marker('closed', 'sql')


class TestLostAnswers(base.DatabaseTestCase):
    scenarios = scenarios.SERVER_SCHEMAS
    options = {'servicegroup': {'report_interval': 6, 'service_down_time': 20}}

    def setUp(self) -> None:
        super().setUp()
        self.context = sg_context.get_admin_context()
        #: Of another process, whose connection is good.
        self.theirs = sql_records.SqlRecordStore(self.conf)
        self.their_marker = sql_marker.SqlMarkerStore(self.db)
        url = sa.make_url(self.url)
        self.link = self.useFixture(proxy.TcpProxy(url.port))
        far = url.set(port=self.link.port)
        conf = self.useFixture(
            api.Configuration(
                far.render_as_string(hide_password=False), **self.options
            )
        ).conf
        self.far_conf = conf
        self.records = sql_records.SqlRecordStore(conf)
        self.far = engine.get(conf)
        self.marker = sql_marker.SqlMarkerStore(self.far)

    def service(self):
        values = {'host': 'c1', 'binary': 'nova-compute', 'topic': 'compute'}
        return self.theirs.create(self.context, values).uuid

    def at_the_first(self, event, then):
        """Have something happen at the first event of our connection."""
        left = [then]

        def once(*_arguments):
            if left:
                left.pop()()

        sa.event.listen(self.far.engine, event, once)

    def lose_the_answer(self, is_done, then=lambda: None):
        """Have the next commit done, and its answer never arrive.

        :param then: what another process does meanwhile
        """

        def break_off():
            commands.wait_until(is_done, 'the commit is done')
            then()
            self.link.reset()
            self.link.heal()

        breaker = threading.Thread(target=break_off)

        def cut():
            self.link.cut(proxy.Direction.TO_CLIENT)
            breaker.start()
            self.addCleanup(breaker.join)

        # A first use asks for more than it is for.
        self.far.read(lambda c: None)
        self.at_the_first('commit', cut)

    def decide(self, uuid, **changes):
        """Decide as another operator, in another process."""
        return self.theirs.update(self.context, uuid, changes)

    def seen(self, uuid):
        """Return a record as another process sees it."""
        return self.theirs.get_by_uuid(self.context, uuid)

    def test_a_commit_that_cannot_be_looked_for_is_not_told_as_undone(self):
        uuid = self.service()
        self.lose_the_answer(
            lambda: self.seen(uuid).disabled, self.link.refuse
        )
        error = self.assertRaises(
            exception.OutcomeUnknown,
            self.records.update,
            self.context,
            uuid,
            {'disabled': True},
        )
        self.assertIn('may have been made', str(error))

    @staticmethod
    def deadlock(*_arguments):
        raise db_exc.DBDeadlock()

    def test_a_deadlock_after_a_lost_answer_does_not_hide_the_change(self):
        uuid = self.service()

        def meanwhile():
            self.decide(uuid, disabled=False)
            self.at_the_first('begin', self.deadlock)

        self.lose_the_answer(lambda: self.seen(uuid).disabled, meanwhile)
        mine = self.records.update(self.context, uuid, {'disabled': True})
        self.assertEqual(
            (False, False), (mine.disabled, self.seen(uuid).disabled)
        )

    def test_deadlocks_after_a_lost_answer_are_not_told_as_undone(self):
        uuid = self.service()

        def meanwhile():
            sa.event.listen(self.far.engine, 'begin', self.deadlock)

        self.lose_the_answer(lambda: self.seen(uuid).disabled, meanwhile)
        self.assertRaises(
            exception.OutcomeUnknown,
            self.records.update,
            self.context,
            uuid,
            {'disabled': True},
        )
        self.assertTrue(self.seen(uuid).disabled)

    def test_a_change_that_was_not_committed_is_told_as_undone(self):
        uuid = self.service()

        def away():
            self.link.refuse()
            self.link.reset()

        self.far.read(lambda c: None)
        self.at_the_first('before_cursor_execute', away)
        error = self.assertRaises(
            exception.ServiceGroupUnavailable,
            self.records.update,
            self.context,
            uuid,
            {'disabled': True},
        )
        self.assertIs(exception.ServiceGroupUnavailable, type(error))
        self.assertFalse(self.seen(uuid).disabled)

    def test_a_deployment_that_was_moved_back_since_stays(self):
        self.their_marker.claim(OURS)
        self.lose_the_answer(
            lambda: self.their_marker.read() == CLOSED,
            lambda: self.their_marker.move(CLOSED, OURS),
        )
        self.assertTrue(self.marker.move(OURS, CLOSED))
        self.assertEqual(OURS, self.their_marker.read())

    def test_a_host_stays_where_it_was_moved_to_since(self):
        far = sql_inventory.SqlInventory(self.far_conf)
        theirs = sql_inventory.SqlInventory(self.conf)
        for zone in ('one', 'two'):
            far.set_zone('c2', zone)
        self.lose_the_answer(
            lambda: theirs.zones().get('c1') == 'one',
            lambda: theirs.set_zone('c1', 'two'),
        )
        far.set_zone('c1', 'one')
        self.assertEqual('two', theirs.zones()['c1'])

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
