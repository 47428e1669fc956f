# SPDX-License-Identifier: Apache-2.0

"""A timer that hangs, where heartbeats are grouped on nova's own table."""

from typing import Any
from unittest import mock

from nova import service as nova_service
import oslo_messaging as messaging

from nova_sg.nova_tree import shown
from nova_sg.nova_tree import tables
from nova_sg.nova_tree.grouped import client
from nova_sg.nova_tree.grouped import endpoint
from nova_sg.nova_tree.grouped import sender
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup.membership import watchdog
from nova_sg.tests.nova_tree import grouped
from nova_sg.tests.nova_tree import grouped_remote


class TestCase(grouped_remote.TestCase):
    def setUp(self) -> None:
        super().setUp()
        tables.prepare()

    def hang(self, process: sender.Sender) -> None:
        """Let the timer of a process hang, until its service is down."""
        self.seen_ago(self.made, grouped.DOWN_TIME - grouped.INTERVAL)
        process._stopped([process])
        self.seen_ago(self.made, grouped.DOWN_TIME + grouped.INTERVAL)

    def why(self) -> reasons.Departure:
        (found,) = [
            each
            for each in shown.services('one', None, explained=True)
            if each.uuid == self.made.uuid
        ]
        return found.why

    def assert_wedged(self) -> None:
        why = self.why()
        self.assertEqual(
            (reasons.WEDGED, reasons.this_process()), (why.reason, why.seen_by)
        )


class TestProcessWithDatabase(TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.writer = sender.Writer(self.process)

    def test_it_is_noted_until_the_timer_goes_on(self):
        self.hang(self.writer)
        self.assert_wedged()
        self.writer.beat()
        self.assertEqual(reasons.UP, self.why().reason)

    def test_another_worker_that_beats_makes_it_none(self):
        self.seen_ago(self.made, 1)
        self.writer._stopped([self.writer])
        self.seen_ago(self.made, grouped.DOWN_TIME + grouped.INTERVAL)
        self.assertEqual(reasons.SILENT, self.why().reason)

    def test_a_beat_is_a_sign_of_life_whether_it_arrives(self):
        self.writer.watch()
        self.addCleanup(self.writer._watchdog.left, [self.writer])
        with mock.patch.object(watchdog.Watchdog, 'beating') as beating:
            self.writer._beat = mock.Mock(side_effect=OSError)
            self.writer.beat()
        beating.assert_called_once_with([self.writer])

    def test_a_timer_is_looked_at_from_join_to_leave(self):
        driver = self.driver_of()
        driver.join('one', 'compute', self.process)
        mine = driver._sender
        self.assertEqual([mine], list(mine._watchdog._beaten))
        driver.leave(self.process)
        self.assertEqual([], list(mine._watchdog._beaten))

    def test_so_is_that_of_one_of_several_workers(self):
        self.flags(workers=2, group='conductor')
        self.process.topic = 'conductor'
        driver = self.driver_of()
        driver.join('one', 'conductor', self.process)
        driver.leave(self.process)
        self.assertEqual([], list(driver._sender._watchdog._beaten))

    def driver_of(self) -> Any:
        return nova_service.servicegroup.API()._driver


class TestConductor(TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.start_conductor()

    def test_a_conductor_notes_it(self):
        self.caller.beat()
        self.hang(self.caller)
        self.assert_wedged()
        self.assertEqual('note_wedged', self.sent[-1])

    def test_a_conductor_of_before_notes_nothing(self):
        self.caller.beat()
        before = messaging.Target(
            namespace=client.NAMESPACE, version=client.BEATS
        )
        with mock.patch.object(endpoint.Endpoint, 'target', before):
            self.hang(self.caller)
        self.assertEqual(reasons.SILENT, self.why().reason)
