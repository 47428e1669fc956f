# SPDX-License-Identifier: Apache-2.0

"""Heartbeats in nova's way of processes without a database."""

import inspect
import time
from typing import Any
from typing import NamedTuple
from unittest import mock

from nova import exception as nova_exception
from nova import service as nova_service
from nova.conductor import rpcapi as conductor_rpcapi
import oslo_messaging as messaging
from oslo_messaging._drivers import common

from nova_sg.nova_tree.grouped import caller
from nova_sg.nova_tree.grouped import client
from nova_sg.nova_tree.grouped import driver
from nova_sg.nova_tree.grouped import novas_way
from nova_sg.tests.nova_tree import grouped_remote

#: There is no queue for heartbeats.
UNDELIVERABLE = messaging.MessageUndeliverable(*['gone'] * 4)


class Call(NamedTuple):
    """How a conductor was called in nova's way."""

    method: str
    timeout: float | None
    retry: int | None
    version_cap: str | None


class TestCase(grouped_remote.TestCase):
    """What is called in nova's way is noted."""

    def setUp(self) -> None:
        super().setUp()
        self.calls: list[Call] = []
        call = messaging.rpc.client._CallContext.call

        def noted(prepared: Any, context: Any, method: str, **kwargs: Any):
            if prepared.target.topic == conductor_rpcapi.RPC_TOPIC:
                self.calls.append(
                    Call(
                        method,
                        prepared.timeout,
                        prepared.retry,
                        prepared.version_cap,
                    )
                )
            return call(prepared, context, method, **kwargs)

        self.stub_out('oslo_messaging.rpc.client._CallContext.call', noted)

    def start_stock_conductor(self) -> None:
        """Start a conductor that has no nova_sg."""
        self.stub_out(
            'nova.service.Service.start',
            inspect.unwrap(nova_service.Service.start),
        )
        self.start_service('conductor')

    def caller_(self, process: Any = None) -> caller.Caller:
        made = caller.Caller(process or self.process_of(self.made))
        made._client = made._client.prepare(timeout=0.1)
        return made


class TestNoConductor(TestCase):
    """The broker was restarted, and no conductor is back yet."""

    def test_it_is_given_up_before_the_next_heartbeat_is_due(self):
        self.process.report_interval = 1
        mine = self.caller_(self.process)
        with mock.patch.object(mine, '_ask', side_effect=UNDELIVERABLE):
            mine.beat()
        (read,) = self.calls
        self.assertEqual('object_class_action_versions', read.method)
        self.assertLessEqual(read.timeout, caller.WITHIN)
        self.assertIn('Cannot report state', self.stdlog.logger.output)
        # And then one is.
        self.start_stock_conductor()
        mine._interval = 10
        mine.beat()
        self.assertEqual(1, self.count())

    def test_a_late_one_is_sent_all_the_same(self):
        mine = novas_way._conductor(time.monotonic() - 1)
        self.assertEqual(novas_way.LEAST, mine.client.prepare().timeout)


class TestStockConductor(TestCase):
    """No conductor has nova_sg: heartbeats go nova's way."""

    def setUp(self) -> None:
        super().setUp()
        self.start_stock_conductor()

    def test_the_row_is_read_first_for_siblings_share_it(self):
        first, second = self.caller_(), self.caller_()
        for _ in range(3):
            first.beat()
            second.beat()
        self.assertEqual(6, self.read(self.made).report_count)
        self.assertTrue(self.is_up(self.made))

    def test_it_is_asked_again_only_after_some(self):
        mine = self.caller_()
        with mock.patch.object(mine, '_ask', side_effect=mine._ask) as asked:
            for _ in range(5):
                mine.beat()
        self.assertEqual(2 * caller.ATTEMPTS, asked.call_count)

    def test_a_queue_that_never_was_is_asked_once(self):
        mine = self.caller_()
        with mock.patch.object(
            mine, '_ask', side_effect=UNDELIVERABLE
        ) as asked:
            mine.beat()
        self.assertEqual(1, asked.call_count)
        self.assertEqual(1, self.read(self.made).report_count)

    def test_a_service_that_stops_is_down_at_once_all_the_same(self):
        mine = driver.GroupedDriver()
        process = self.process_of(self.made)
        mine._sender = self.caller_(process)
        mine._sender.beat()
        mine.leave(process)
        self.assertFalse(self.is_up(self.made))

    def test_both_calls_share_what_is_left_of_the_interval(self):
        self.flags(conductor='ocata', group='upgrade_levels')
        mine = self.caller_()
        mine.beat()
        read, saved = self.calls
        self.assertLess(saved.timeout, read.timeout)
        self.assertLess(read.timeout, mine._interval)
        # As nova's own client has it, but for a broker that is away.
        self.assertEqual({'3.0'}, {each.version_cap for each in self.calls})
        self.assertEqual({client.RETRIES}, {each.retry for each in self.calls})

    def test_the_object_of_the_process_has_nothing_to_save(self):
        process = self.process_of(self.made)
        self.caller_(process).beat()
        self.assertEqual(1, process.service_ref.report_count)
        self.assertEqual(set(), process.service_ref.obj_what_changed())

    def test_one_that_was_deleted_learns_it(self):
        mine = self.caller_()
        mine.beat()
        with mock.patch.object(
            novas_way, 'beat', side_effect=over_the_wire(self.made.uuid)
        ):
            mine.beat()
        self.assertTrue(mine._gone)
        self.assertIn('is gone', self.stdlog.logger.output)


def over_the_wire(uuid: str) -> Exception:
    """Return what oslo.messaging makes of an error of nova's conductor."""
    error = nova_exception.ServiceNotFound(service_id=uuid)
    found: Exception = common.deserialize_remote_exception(
        common.serialize_remote_exception((type(error), error, None)),
        [nova_exception.__name__],
    )
    return found
