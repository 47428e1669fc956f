# SPDX-License-Identifier: Apache-2.0

"""A change whose answer is lost was made, once, or not at all."""

from concurrent import futures
import threading

import fixtures

from nova_sg import exception
from nova_sg.servicegroup import marker
from nova_sg.servicegroup.backends.zookeeper import session
from nova_sg.servicegroup.backends.zookeeper import transactions
from nova_sg.servicegroup.backends.zookeeper import znodes
from nova_sg.servicegroup.records import change
from nova_sg.tests.fixtures import proxy
from nova_sg.tests.functional.servicegroup import zookeeper_base as base

NEW = {'host': 'there', 'binary': 'nova-compute', 'topic': 'compute'}


class TestLostAnswers(base.ZooKeeperTestCase):
    def setUp(self):
        super().setUp()
        self.other = self.process()
        self.service = self.register(self.other, 'there')
        self.link = self.useFixture(proxy.TcpProxy(self.server.port))
        self.api = self.process(hosts=self.link.hosts)
        self.api.list(self.context)

    def lose_the_answer(self, is_done, then=lambda: None):
        """Have the next transaction done, and its answer never arrive.

        :param is_done: tells whether the transaction was done
        :param then: what happens before the process connects again
        """
        mine = self.session_of(self.api)
        real = session.Session.commit_many
        transactions = []

        def break_off():
            self.eventually(is_done, 'the transaction is done')
            then()
            self.link.reset()
            self.link.heal()

        breaker = threading.Thread(target=break_off)
        self.addCleanup(breaker.join)

        def commit_many(asked, *args):
            if asked is mine:
                transactions.append(args[0])
                if len(transactions) == 1:
                    self.link.cut(proxy.Direction.TO_CLIENT)
                    self.sent_before = self.sent()
                    breaker.start()
            return real(asked, *args)

        self.useFixture(
            fixtures.MonkeyPatch(
                f'{session.__name__}.Session.commit_many', commit_many
            )
        )
        return transactions

    def sent(self):
        return self.link.forwarded(proxy.Direction.TO_SERVER)

    def reason(self):
        found = self.other.get_by_uuid(self.context, self.service.uuid)
        return found.disabled_reason

    def names(self):
        return sorted(each.host for each in self.other.list(self.context)[0])

    def changes(self):
        """Return how many changes are in the log."""
        with self.behind() as client:
            return len(client.get_children(self.cell.log))

    def test_a_service_is_created_once(self):
        before = self.changes()
        self.lose_the_answer(lambda: 'new' in self.names())
        made = self.register(self.api, 'new')
        self.assertEqual(made, self.other.get_by_uuid(self.context, made.uuid))
        self.assertEqual(['new', 'there'], self.names())
        self.assertEqual(before + 1, self.changes())

    def test_a_service_that_another_created_is_not_taken_for_ours(self):
        uuid = self.service.uuid
        # It changes nothing that could be looked at: enough that it is on its
        # way, which is longer than some pings.
        transactions = self.lose_the_answer(
            lambda: self.sent() > self.sent_before + 100
        )
        self.assertRaises(
            exception.ServiceExists,
            self.register,
            self.api,
            'new',
            uuid=uuid,
        )
        self.assertEqual(2, len(transactions))
        self.assertEqual(['there'], self.names())

    def test_a_record_is_changed_once(self):
        before = self.changes()
        transactions = self.lose_the_answer(lambda: self.reason() == 'mine')
        changed = self.api.update(
            self.context, self.service.uuid, {'disabled_reason': 'mine'}
        )
        self.assertEqual('mine', changed.disabled_reason)
        self.assertEqual(1, len(transactions))
        self.assertEqual(before + 1, self.changes())

    def test_a_later_change_of_another_is_not_undone(self):
        def somebody_else():
            self.other.update(
                self.context, self.service.uuid, {'disabled_reason': 'theirs'}
            )

        self.lose_the_answer(lambda: self.reason() == 'mine', somebody_else)
        self.api.update(
            self.context, self.service.uuid, {'disabled_reason': 'mine'}
        )
        self.assertEqual('theirs', self.reason())

    def test_a_service_is_destroyed_once(self):
        before = self.changes()
        self.lose_the_answer(lambda: self.names() == [])
        self.api.driver.records.destroy(self.context, self.service.uuid)
        self.assertEqual(before + 1, self.changes())

    def test_a_record_is_restored_once(self):
        restored = base.record.Record(
            id=77, uuid='u-77', host='new', binary='nova-compute', topic=None
        )
        records = self.api.driver.records
        # Room for its id is made before.
        records.restore(
            self.context,
            base.record.Record(
                id=78, uuid='u-78', host='x', binary='nova-compute', topic=None
            ),
        )
        self.lose_the_answer(lambda: 'new' in self.names())
        records.restore(self.context, restored)
        self.assertEqual(
            restored, self.other.get_by_uuid(self.context, 'u-77')
        )

    def test_a_member_joins_once(self):
        self.lose_the_answer(lambda: self.is_up(self.other, self.service))
        (handle,) = self.api.join_many(self.context, [self.service])
        handle.beat(self.context)
        found = self.other.driver.membership.alive(
            self.context, [self.service.uuid]
        )
        self.assertEqual(1, len(found[self.service.uuid].members))
        handle.leave(self.context)
        self.assertFalse(self.is_up(self.other, self.service))

    def test_where_nobody_can_tell_the_error_says_so(self):
        link = self.link

        def is_done():
            if self.reason() != 'mine':
                return False
            link.refuse()
            return True

        self.lose_the_answer(is_done)
        error = self.assertRaises(
            exception.OutcomeUnknown,
            self.api.update,
            self.context,
            self.service.uuid,
            {'disabled_reason': 'mine'},
        )
        self.assertIn('may have been made', str(error))


class TestRepeatedCalls(base.ZooKeeperTestCase):
    """A call is sent twice, and another process serves the second one."""

    def setUp(self):
        super().setUp()
        self.first = self.process().driver.records
        self.second = self.process().driver.records
        self.service = self.first.create(self.context, NEW)

    def call(self):
        """Return the context of one call."""
        return change.for_one(self.context)

    def test_a_service_is_created_once(self):
        call, values = self.call(), {**NEW, 'host': 'new'}
        made = self.first.create(call, values)
        changed = self.first.update(
            self.context, made.uuid, {'disabled': True}
        )
        self.assertEqual(changed, self.second.create(call, values))
        self.first.destroy(self.context, made.uuid)
        again = self.second.create(call, values)
        self.assertEqual(made.uuid, again.uuid)
        self.assertEqual(
            ['there'], [each.host for each in self.second.list(self.context)]
        )

    def test_two_processes_that_serve_a_call_at_once_answer_the_same(self):
        for number in range(10):
            call, values = self.call(), {**NEW, 'host': f'new{number}'}
            with futures.ThreadPoolExecutor(2) as pool:
                made = [
                    pool.submit(records.create, call, values)
                    for records in (self.first, self.second)
                ]
                self.assertEqual(made[0].result(), made[1].result())

    def test_a_record_is_changed_once_however_many_changes_follow(self):
        call, uuid = self.call(), self.service.uuid
        self.first.update(call, uuid, {'forced_down': False})
        for _ in range(10):
            self.first.update(self.context, uuid, {'forced_down': True})
        found = self.second.update(call, uuid, {'forced_down': False})
        self.assertTrue(found.forced_down)
        self.assertEqual(found, self.first.get_by_uuid(self.context, uuid))

    def test_a_change_of_a_service_that_was_destroyed_since_is_known(self):
        call, uuid = self.call(), self.service.uuid
        self.first.update(call, uuid, {'disabled': True})
        self.first.destroy(self.context, uuid)
        self.assertTrue(
            self.second.update(call, uuid, {'disabled': True}).disabled
        )
        self.assertRaises(
            exception.ServiceNotFound,
            self.second.update,
            self.call(),
            uuid,
            {'disabled': True},
        )

    def test_a_service_is_destroyed_once(self):
        call, uuid = self.call(), self.service.uuid
        self.first.destroy(call, uuid)
        again = self.first.create(self.context, NEW)
        self.second.destroy(call, uuid)
        self.assertEqual([again], list(self.second.list(self.context)))
        self.assertRaises(
            exception.ServiceNotFound, self.second.destroy, self.call(), uuid
        )


class TestMembersOfDestroyed(base.ZooKeeperTestCase):
    """ZooKeeper goes between the end of a record and that of its members."""

    def setUp(self):
        super().setUp()
        self.link = self.useFixture(proxy.TcpProxy(self.server.port))
        self.api = self.process(hosts=self.link.hosts)
        self.service = self.register(self.api)
        (self.handle,) = self.process().join_many(self.context, [self.service])
        real = transactions.Transactions.commit

        def commit(writing, *args):
            results = real(writing, *args)
            if writing._session is self.session_of(self.api):
                self.link.refuse()
                self.link.reset()
            return results

        self.useFixture(
            fixtures.MonkeyPatch(
                f'{transactions.__name__}.Transactions.commit', commit
            )
        )

    def test_a_destroyed_service_is_told_as_destroyed(self):
        self.api.destroy(self.context, self.service.uuid)
        self.assertEqual([], list(self.process().list(self.context)[0]))

    def test_one_of_many_members_finds_out_by_its_next_beat(self):
        self.useFixture(fixtures.MonkeyPatch(f'{znodes.__name__}.MANY', 1))
        api = self.process()
        kept = [self.register(api, f'kept{number}') for number in range(3)]
        handles = [*api.join_many(self.context, [self.service, *kept])]
        self.api.driver.records.destroy(self.context, self.service.uuid)
        self.assertEqual(
            handles[:1], api.driver.membership.beat_many(self.context, handles)
        )
        self.assertTrue(all(self.is_up(api, each) for each in kept))

    def test_a_member_finds_out_by_its_next_beat(self):
        self.api.driver.records.destroy(self.context, self.service.uuid)
        with self.behind() as client:
            self.assertTrue(client.exists(self.handle.key))
            self.assertRaises(
                exception.ServiceNotFound, self.handle.beat, self.context
            )
            self.assertFalse(client.exists(self.handle.key))


class TestFence(base.ZooKeeperTestCase):
    """The deployment moves while a change is on its way."""

    def setUp(self):
        super().setUp()
        self.link = self.useFixture(proxy.TcpProxy(self.server.port))
        self.api = self.process(hosts=self.link.hosts)
        self.service = self.register(self.api)
        self.moved = marker.Marker('db', 'sql')

    def hold_changes(self, meanwhile):
        """Hold the next transaction back until something has happened."""
        real = session.Session.commit_many
        mine = self.session_of(self.api)
        held = []

        def commit_many(asked, transactions, *args):
            if asked is mine and not held:
                held.append(transactions)
                meanwhile()
            return real(asked, transactions, *args)

        self.useFixture(
            fixtures.MonkeyPatch(
                f'{session.__name__}.Session.commit_many', commit_many
            )
        )

    def move(self):
        store = self.process().driver.records.marker_store
        self.assertTrue(store.move(self.api.marker, self.moved))

    def records(self):
        return self.process().driver.records.list(self.context)

    def test_no_change_is_made_once_the_deployment_has_moved(self):
        uuid = self.service.uuid
        store = self.process().driver.records.marker_store
        for attempt in (
            lambda: self.register(self.api, 'late'),
            lambda: self.api.update(self.context, uuid, {'disabled': True}),
            lambda: self.api.driver.records.destroy(self.context, uuid),
        ):
            with fixtures.MonkeyPatch(
                'nova_sg.servicegroup.marker.TRUSTED', 9
            ):
                self.hold_changes(self.move)
                error = self.assertRaises(
                    exception.DeploymentMismatch, attempt
                )
            for each in (self.moved, self.api.marker):
                self.assertIn(str(each), str(error))
            self.assertEqual([self.service], list(self.records()))
            store.move(self.moved, self.api.marker)

    def test_a_marker_that_was_rewritten_stops_no_change(self):
        def rewrite():
            with self.behind() as client:
                value, _ = client.get(self.layout.deployment)
                client.set(self.layout.deployment, value)

        self.hold_changes(rewrite)
        changed = self.api.update(
            self.context, self.service.uuid, {'disabled': True}
        )
        self.assertEqual([changed], list(self.records()))

    def test_a_change_that_was_made_before_the_move_is_told_as_made(self):
        call = change.for_one(self.context)
        records = self.api.driver.records
        made = records.update(call, self.service.uuid, {'disabled': True})
        self.move()
        self.assertEqual(
            made, records.update(call, self.service.uuid, {'disabled': True})
        )
