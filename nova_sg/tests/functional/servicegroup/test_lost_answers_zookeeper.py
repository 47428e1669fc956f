# SPDX-License-Identifier: Apache-2.0

"""A change whose answer is lost was made, once, or not at all.

What the conformance suite promises of that is not tried here again.
"""

import contextlib
import threading

import fixtures

from nova_sg import exception
from nova_sg.servicegroup.backends.zookeeper import session
from nova_sg.servicegroup.backends.zookeeper import transactions
from nova_sg.servicegroup.backends.zookeeper import znodes
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

    @contextlib.contextmanager
    def lost_answer(self, is_done):
        """Have the next transaction done, and its answer never arrive.

        :param is_done: tells whether the transaction was done
        :returns: the transactions of the process
        """
        mine = self.session_of(self.api)
        real = session.Session.commit_many
        transactions = []

        def break_off():
            self.eventually(is_done, 'the transaction is done')
            self.link.reset()
            self.link.heal()

        breaker = threading.Thread(target=break_off)

        def commit_many(asked, *args):
            if asked is mine:
                transactions.append(args[0])
                if len(transactions) == 1:
                    self.link.cut(proxy.Direction.TO_CLIENT)
                    self.sent_before = self.sent()
                    breaker.start()
                    self.addCleanup(breaker.join)
            return real(asked, *args)

        with fixtures.MonkeyPatch(
            f'{session.__name__}.Session.commit_many', commit_many
        ):
            yield transactions

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

    def test_a_change_is_in_the_log_once(self):
        uuid, records = self.service.uuid, self.api.driver.records
        for change, is_done in (
            (
                lambda: self.register(self.api, 'new'),
                lambda: 'new' in self.names(),
            ),
            (
                lambda: records.update(
                    self.context, uuid, {'disabled_reason': 'mine'}
                ),
                lambda: self.reason() == 'mine',
            ),
            (
                lambda: records.destroy(self.context, uuid),
                lambda: self.names() == ['new'],
            ),
        ):
            before = self.changes()
            with self.lost_answer(is_done) as transactions:
                change()
            self.assertEqual(1, len(transactions))
            self.assertEqual(before + 1, self.changes())

    def test_a_service_that_another_created_is_not_taken_for_ours(self):
        uuid = self.service.uuid
        # It changes nothing that could be looked at: enough that it is on its
        # way, which is longer than some pings.
        with self.lost_answer(
            lambda: self.sent() > self.sent_before + 100
        ) as transactions:
            self.assertRaises(
                exception.ServiceExists,
                self.register,
                self.api,
                'new',
                uuid=uuid,
            )
        self.assertEqual(2, len(transactions))
        self.assertEqual(['there'], self.names())

    def test_a_member_joins_once(self):
        with self.lost_answer(lambda: self.is_up(self.other, self.service)):
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

        with self.lost_answer(is_done):
            error = self.assertRaises(
                exception.OutcomeUnknown,
                self.api.update,
                self.context,
                self.service.uuid,
                {'disabled_reason': 'mine'},
            )
        self.assertIn('may have been made', str(error))


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
