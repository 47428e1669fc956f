# SPDX-License-Identifier: Apache-2.0

"""Changes that are made once, also where they are sent twice."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import functools
import inspect
from typing import Any

from nova import objects
from nova.conductor import rpcapi as conductor_rpcapi
from nova.db.main import api as db
from oslo_db import exception as db_exc
import oslo_messaging as messaging
import sqlalchemy as sa
import tenacity
import testscenarios

from nova_sg import exception
from nova_sg.db import models
from nova_sg.nova_tree import endpoint
from nova_sg.nova_tree import once
from nova_sg.tests.nova_tree import base

load_tests = testscenarios.load_tests_apply_scenarios


class TestCase(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.flags(rpc_response_timeout=20)
        self.context = self.in_cell('cell1')

    def keep_tokens(self) -> None:
        """Make what nova_sg has for changes, as ``db sync`` does."""
        self.make_tables(models.writes, models.deployment)
        once._looked.pop(db.get_engine(context=self.context), None)

    def tokens(self) -> int:
        with db.get_engine(context=self.context).begin() as connection:
            query = sa.select(sa.func.count()).select_from(models.writes)
            return int(connection.execute(query).scalar_one())

    def force_down(self, service: Any, value: bool) -> None:
        mine = self.read(service)
        mine.forced_down = value
        mine.save()

    def lose_the_answer(
        self, then: Callable[[], None], deadlocks: int = 0
    ) -> None:
        """Lose the answer to the next COMMIT, and do something meanwhile.

        :param deadlocks: how many transactions after it end in a deadlock
        """
        writer = once._writer
        lost: list[Any] = []
        left: list[Exception] = []

        @contextlib.contextmanager
        def committed(context: Any) -> Iterator[Any]:
            with writer(context) as session:
                if left:
                    raise left.pop()
                yield session
            if not lost:
                lost.append(session)
                then()
                left.extend([db_exc.DBDeadlock()] * deadlocks)
                raise db_exc.DBConnectionError('reset by peer')

        self.stub_out('nova_sg.nova_tree.once._writer', committed)


class TestTwice(TestCase):
    """A call to a conductor that the broker delivers twice."""

    scenarios = [base.DB, base.GROUPED, base.ZK, base.ZK_SQL, base.MC]

    def setUp(self) -> None:
        super().setUp()
        if self.driver == 'db' or self.records == 'sql':
            self.keep_tokens()
        self.start_service('conductor')
        self.made = self.make_service(context=self.context)

    def remotely(self, service: Any) -> Any:
        """Let a service object belong to a process without a database.

        Not all objects: the conductor runs in this process, too.
        """
        service.indirection_api = endpoint.Indirection(
            conductor_rpcapi.ConductorAPI()
        )
        return service

    def deliver_twice(self, between: Callable[[], None]) -> list[str]:
        """Deliver calls of ours twice; the methods that were called."""
        called = []
        call = messaging.RPCClient.call

        def twice(client: Any, context: Any, method: str, **kwargs: Any):
            called.append(method)
            answer = call(client, context, method, **kwargs)
            if method == 'change_service':
                between()
                answer = call(client, context, method, **kwargs)
            return answer

        self.stub_out('oslo_messaging.RPCClient.call', twice)
        return called

    def test_it_does_not_undo_what_was_decided_meanwhile(self):
        called = self.deliver_twice(lambda: self.force_down(self.made, True))
        mine = self.read(self.made)
        mine.forced_down = False
        mine.disabled = True
        self.remotely(mine).save()
        self.assertIn('change_service', called)
        self.assertNotIn('object_action', called)
        found = self.read(self.made)
        self.assertEqual((True, True), (found.forced_down, found.disabled))

    def test_it_is_answered_where_the_service_was_destroyed_meanwhile(self):
        self.deliver_twice(lambda: self.read(self.made).destroy())
        mine = self.read(self.made)
        mine.disabled = True
        self.remotely(mine).save()
        self.assertTrue(mine.disabled)
        self.assertEqual(
            [], list(objects.ServiceList.get_by_host(self.context, 'one'))
        )

    def test_a_later_service_of_the_host_keeps_its_compute_nodes(self):
        def anew() -> None:
            self.make_service(context=self.context)
            self.make_compute_node('one', context=self.context)

        self.deliver_twice(anew)
        self.remotely(self.made).destroy()
        nodes = objects.ComputeNodeList.get_all_by_host(self.context, 'one')
        self.assertEqual(1, len(nodes))

    def test_a_service_is_created_once(self):
        self.deliver_twice(lambda: None)
        made = objects.Service(
            self.context, host='two', binary='nova-compute', topic='compute'
        )
        self.remotely(made).create()
        listed = objects.ServiceList.get_by_host(self.context, 'two')
        self.assertEqual([made.id], [each.id for each in listed])

    def test_a_service_is_destroyed_once(self):
        self.deliver_twice(lambda: None)
        self.remotely(self.made).destroy()
        self.assertEqual(
            [], list(objects.ServiceList.get_by_host(self.context, 'one'))
        )

    def test_a_beat_goes_as_novas_do(self):
        if self.driver != 'db':
            self.skipTest('it beats by itself')
        called = self.deliver_twice(lambda: None)
        mine = self.remotely(self.read(self.made))
        mine.report_count += 1
        mine.save()
        self.assertNotIn('change_service', called)
        self.assertEqual(mine.report_count, self.read(mine).report_count)


class TestStockConductor(TestCase):
    scenarios = [base.DB, base.GROUPED]

    def setUp(self) -> None:
        super().setUp()
        self.stub_out(
            'nova.conductor.manager.ConductorManager.__init__',
            # As nova has it.
            inspect.unwrap(endpoint.nova_manager.ConductorManager.__init__),
        )
        self.start_service('conductor')

    def test_it_is_called_as_nova_does(self):
        made = self.make_service(context=self.context)
        made.indirection_api = endpoint.Indirection(
            conductor_rpcapi.ConductorAPI()
        )
        made.disabled = True
        made.save()
        self.assertTrue(self.read(made).disabled)


class TestLostAnswer(TestCase):
    """A database that has committed, and whose answer is lost."""

    scenarios = [base.DB, base.GROUPED, base.ZK_SQL]

    def test_the_change_stands_and_so_does_what_came_after_it(self):
        self.keep_tokens()
        for deadlocks in (0, 1):
            host = f'host{deadlocks}'
            made = self.make_service(host=host, context=self.context)
            self.lose_the_answer(
                functools.partial(self.force_down, made, True), deadlocks
            )
            mine = self.read(made)
            mine.forced_down = False
            mine.disabled = True
            mine.save()
            found = self.read(made)
            self.assertEqual((True, True), (found.forced_down, found.disabled))

    def test_deadlocks_after_it_are_an_unknown_outcome(self):
        self.keep_tokens()
        made = self.make_service(context=self.context)
        at_once = once._ONCE.copy(wait=tenacity.wait_none())
        self.stub_out('nova_sg.nova_tree.once._ONCE', at_once)
        self.lose_the_answer(lambda: None, deadlocks=100)
        mine = self.read(made)
        mine.disabled = True
        self.assertRaises(exception.OutcomeUnknown, mine.save)
        self.assertTrue(self.read(made).disabled)

    def test_without_our_tables_the_row_is_compared(self):
        made = self.make_service(context=self.context)
        self.lose_the_answer(lambda: None)
        made.disabled = True
        made.save()
        self.assertTrue(self.read(made).disabled)

    def test_without_our_tables_another_row_is_an_unknown_outcome(self):
        made = self.make_service(context=self.context)
        self.lose_the_answer(lambda: self.force_down(made, True))
        mine = self.read(made)
        mine.forced_down = False
        mine.disabled = True
        self.assertRaises(exception.OutcomeUnknown, mine.save)

    def test_a_beat_is_not_noted(self):
        self.keep_tokens()
        made = self.make_service(context=self.context)
        before = self.tokens()
        made.report_count += 1
        made.save()
        self.assertEqual(before, self.tokens())


class TestFence(TestCase):
    scenarios = [base.DB, base.GROUPED]

    def move(self) -> None:
        self.mark('zk', 'zookeeper')

    def test_a_change_that_came_before_a_move_was_made(self):
        self.keep_tokens()
        made = self.make_service(context=self.context)
        self.lose_the_answer(self.move)
        made.disabled = True
        made.save()
        self.assertTrue(self.read(made).disabled)

    def test_a_process_that_runs_changes_nothing_it_has_left(self):
        self.keep_tokens()
        made = self.make_service(context=self.context)
        self.move()
        made.disabled = True
        self.assertRaises(exception.DeploymentMismatch, made.save)
        self.assertFalse(self.read(made).disabled)
