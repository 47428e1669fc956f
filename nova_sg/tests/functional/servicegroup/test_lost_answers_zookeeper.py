# SPDX-License-Identifier: Apache-2.0

"""A change whose answer is lost was made, once, or not at all."""

import threading

import fixtures

from nova_sg import exception
from nova_sg.servicegroup.zookeeper import session
from nova_sg.tests.fixtures import proxy
from nova_sg.tests.functional.servicegroup import zookeeper_base as base


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
                    breaker.start()
            return real(asked, *args)

        self.useFixture(
            fixtures.MonkeyPatch(
                f'{session.__name__}.Session.commit_many', commit_many
            )
        )
        return transactions

    def reason(self):
        found = self.other.get_by_uuid(self.context, self.service.uuid)
        return found.disabled_reason

    def names(self):
        return [each.host for each in self.other.list(self.context)[0]]

    def changes(self):
        """Return how many changes are in the log."""
        with self.behind() as client:
            return len(client.get_children(self.cell.log))

    def test_a_service_is_created_once(self):
        before = self.changes()
        self.lose_the_answer(lambda: 'new' in self.names())
        made = self.register(self.api, 'new')
        self.assertEqual(made, self.other.get_by_uuid(self.context, made.uuid))
        self.assertEqual(['there', 'new'], self.names())
        self.assertEqual(before + 1, self.changes())

    def test_a_service_that_another_created_is_not_taken_for_ours(self):
        uuid = self.service.uuid
        transactions = self.lose_the_answer(lambda: True)
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
            exception.ServiceGroupUnavailable,
            self.api.update,
            self.context,
            self.service.uuid,
            {'disabled_reason': 'mine'},
        )
        self.assertIn('not known whether the change was made', str(error))
