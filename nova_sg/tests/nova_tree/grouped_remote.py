# SPDX-License-Identifier: Apache-2.0

"""Grouped heartbeats of processes without a database."""

import datetime
import re
from typing import Any
from unittest import mock

from nova.conductor import rpcapi as conductor_rpcapi
from nova.objects import base as objects_base
import oslo_messaging as messaging

from nova_sg import exception
from nova_sg.nova_tree import owner
from nova_sg.nova_tree.grouped import caller
from nova_sg.nova_tree.grouped import driver
from nova_sg.nova_tree.grouped import endpoint
from nova_sg.nova_tree.grouped import reader
from nova_sg.nova_tree.grouped import serving
from nova_sg.nova_tree.grouped import written
from nova_sg.tests.fixtures import commands
from nova_sg.tests.nova_tree import base
from nova_sg.tests.nova_tree import grouped


class TestCase(grouped.TestCase):
    """Heartbeats go to a conductor in this process."""

    def setUp(self) -> None:
        super().setUp()
        self.flags(rpc_response_timeout=20)
        self.stub_out('nova_sg.nova_tree.grouped.written.SPACING', 0)
        self.stub_out('nova_sg.nova_tree.grouped.serving.REST', 0)
        # Each joins as if it had called before.
        self.stub_out(
            'nova_sg.nova_tree.grouped.caller.first_casts',
            lambda per_call: per_call - 1,
        )
        self.seen_ago(self.made, 2 * grouped.DOWN_TIME)
        self.process = self.process_of(self.made)

    def start_conductor(self) -> None:
        # A configuration tells a conductor its cell.
        self.stub_out(
            'nova_sg.nova_tree.grouped.serving.own_context',
            lambda: self.context,
        )
        self.conductor = self.start_service('conductor')
        self.caller = caller.Caller(self.process)
        self.sent: list[str] = []
        self.note('call')
        self.note('cast')

    def note(self, kind: str) -> None:
        """Note what is called and cast."""
        contextual = getattr(messaging.rpc.client._CallContext, kind)

        def noted(prepared: Any, context: Any, method: str, **kwargs: Any):
            if prepared.target.namespace == 'nova_sg.beats':
                self.sent.append(method)
            return contextual(prepared, context, method, **kwargs)

        self.stub_out(f'oslo_messaging.rpc.client._CallContext.{kind}', noted)

    def settle(self) -> None:
        """Return when what was cast is written."""
        # It is read after what was cast.
        self.caller._client.call({}, 'database_time')
        (beats,) = self.conductor.rpcserver._ours.dispatcher.endpoints
        commands.wait_until(
            lambda: not beats.intake._writing, 'heartbeats are written'
        )

    def count(self) -> int:
        return int(self.read(self.made).report_count)


class TestConductor(TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.start_conductor()

    def test_most_are_casts(self):
        for _ in range(5):
            self.caller.beat()
        self.assertEqual(['beat', 'post', 'post', 'post', 'beat'], self.sent)
        self.settle()
        self.assertEqual(5, self.count())
        self.assertTrue(self.is_up(self.made))

    def test_the_calls_of_computes_that_join_together_are_spread(self):
        with mock.patch.object(
            caller, 'first_casts', side_effect=[0, 1, 2, 3]
        ) as drawn:
            for _ in range(4):
                each = caller.Caller(self.process)
                for _ in range(5):
                    each.beat()
        self.assertEqual([mock.call(4)] * 4, drawn.mock_calls)
        called = [''.join(self.sent[i : i + 5]) for i in range(0, 20, 5)]
        self.assertEqual(
            [
                'beatbeatpostpostpost',
                'beatpostbeatpostpost',
                'beatpostpostbeatpost',
                'beatpostpostpostbeat',
            ],
            called,
        )

    def test_silence_is_followed_by_a_heartbeat_in_novas_way(self):
        self.caller.beat()
        self.caller._casts = 0
        self.caller._client = self.caller._client.prepare(
            topic='nobody', timeout=0.1
        )
        self.seen_ago(self.made, 2 * grouped.DOWN_TIME)
        self.caller.beat()
        self.assertEqual(['beat'] * caller.ATTEMPTS, self.sent[1:])
        self.assertEqual(2, self.count())
        self.assertTrue(self.is_up(self.made))

    def test_which_way_they_go_is_logged_when_it_changes(self):
        known = self.caller._client
        for silent in (False, True, True, False):
            self.caller._casts = self.caller._novas = 0
            self.caller._client = (
                known.prepare(topic='nobody', timeout=0.1) if silent else known
            )
            self.caller.beat()
        self.assertEqual(
            ['grouped', "nova's way", 'grouped'],
            re.findall(
                r"one (?:are|go) (grouped|nova's way)",
                self.stdlog.logger.output,
            ),
        )

    def test_a_cast_into_no_queue_becomes_a_call_at_once(self):
        self.caller.beat()
        with mock.patch.object(
            self.caller._client,
            'cast',
            side_effect=messaging.MessageUndeliverable(*['gone'] * 4),
        ):
            self.caller.beat()
        self.assertEqual(['beat', 'beat'], self.sent)
        self.assertEqual(2, self.count())

    def test_an_error_of_one_conductor_is_followed_by_another_call(self):
        with mock.patch.object(
            written.Group, 'report', side_effect=[base.OUT, []]
        ):
            self.caller.beat()
        self.assertEqual(['beat', 'beat'], self.sent)

    def test_a_late_heartbeat_of_a_service_that_left_revives_nobody(self):
        self.caller.beat()
        self.caller.leave()
        self.assertFalse(self.is_up(self.made))
        self.caller._cast()
        self.settle()
        self.assertFalse(self.is_up(self.made))
        # Its next process does.
        caller.Caller(self.process_of(self.made)).beat()
        self.assertTrue(self.is_up(self.made))

    def test_a_heartbeat_that_waited_too_long_counts_for_none(self):
        self.caller.beat()
        self.caller._ahead -= grouped.AN_HOUR.total_seconds()
        self.caller.beat()
        self.assertEqual('post', self.sent[-1])
        self.settle()
        self.assertEqual(1, self.count())

    def test_one_that_was_aged_joins_again(self):
        self.caller.beat()
        self.seen_ago(self.made, 86_400)
        self.caller._casts = 0
        self.caller.beat()
        self.assertTrue(self.is_up(self.made))

    def test_one_that_was_deleted_learns_it_with_the_next_call(self):
        self.caller.beat()
        self.read(self.made).destroy()
        for _ in range(6):
            self.caller.beat()
        self.assertEqual(5, len(self.sent))
        self.assertIn('is gone', self.stdlog.logger.output)

    def test_the_time_of_the_database_is_asked_of_the_conductor(self):
        with mock.patch.object(
            objects_base.NovaObject,
            'indirection_api',
            conductor_rpcapi.ConductorAPI(),
        ):
            found = reader._database_time(self.context)
        now = datetime.datetime.now(datetime.UTC).timestamp()
        self.assertLess(abs(found - now), 60)

    def test_a_heartbeat_of_a_version_to_come_is_refused(self):
        newer = self.caller._client.prepare(version='1.9')
        newer.cast({}, 'post', uuid=self.made.uuid, more='than is known')
        self.settle()
        self.assertIn('UnsupportedVersion', self.stdlog.logger.output)

    def test_it_ends_with_novas_server(self):
        self.conductor.stop()
        self.assertRaises(
            messaging.MessagingTimeout,
            self.caller._client.prepare(timeout=0.2).call,
            {},
            'database_time',
        )


class TestOtherDriver(TestCase):
    def test_a_conductor_with_another_driver_has_no_endpoint(self):
        self.stub_out(
            'nova_sg.nova_tree.grouped.serving.owner',
            mock.Mock(has_novas_scheme=lambda: False),
        )
        conductor = self.start_service('conductor')
        self.assertNotIsInstance(conductor.rpcserver, serving.Both)

    def test_it_writes_none_once_it_has_another_driver(self):
        with mock.patch.object(owner, 'driver', return_value='zk'):
            refused = self.assertRaises(
                messaging.ExpectedException,
                endpoint.Endpoint(self.context).beat,
                {},
                self.made.uuid,
                joining=False,
            )
        self.assertIsInstance(
            refused.exc_info[1], exception.InvalidConfiguration
        )


class TestNoInterval(TestCase):
    """``report_interval = 0``: a service that shall not beat."""

    def test_a_service_starts_and_stops_without_a_heartbeat(self):
        self.process.report_interval = 0
        self.stub_out('nova_sg.nova_tree.invocations._PATIENCE', 0.1)
        for conductor in (None, conductor_rpcapi.ConductorAPI()):
            mine = driver.GroupedDriver()
            with mock.patch.object(
                objects_base.NovaObject, 'indirection_api', conductor
            ):
                mine.join('one', 'compute', self.process)
                mine.leave(self.process)
        self.assertFalse(self.process.tg.add_timer_args.called)
        self.assertEqual(0, self.count())
