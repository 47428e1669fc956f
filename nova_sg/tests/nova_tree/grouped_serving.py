# SPDX-License-Identifier: Apache-2.0

"""How a conductor reads, groups and writes heartbeats that are cast."""

import math
import time
from unittest import mock

from nova import conf as nova_conf

from nova_sg import exception
from nova_sg.conductor import beats as conductor_beats
from nova_sg.nova_tree.grouped import intake
from nova_sg.nova_tree.grouped import serving
from nova_sg.nova_tree.grouped import written
from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import statements
from nova_sg.tests.nova_tree import grouped_remote

CONF = nova_conf.CONF


class TestBurst(grouped_remote.TestCase):
    """What arrives together is written by one statement."""

    def test_casts_that_come_while_the_server_rests_are_one_update(self):
        self.stub_out('nova_sg.nova_tree.grouped.written.SPACING', 0.1)
        self.stub_out('nova_sg.nova_tree.grouped.serving.REST', 0.02)
        self.start_conductor()
        self.caller.beat()
        made = [
            self.seen_ago(
                self.make_service(host=f'host{number}', context=self.context),
                1,
            )
            for number in range(20)
        ]
        now = time.time()
        with statements.StatementCounter() as counted:
            for each in made:
                self.caller._client.cast(
                    {}, 'post', uuid=each.uuid, sent=now, until=now + 60
                )
            self.settle()
        updates = [e for e in counted.statements if e.startswith('UPDATE')]
        self.assertLess(len(updates), 5)
        self.assertEqual([1] * 20, [self.read(e).report_count for e in made])


class TestGroup(grouped_remote.TestCase):
    def test_it_is_open_for_those_that_come_shortly_after_the_first(self):
        self.stub_out('nova_sg.nova_tree.grouped.written.SPACING', 0.02)
        other = self.make_service(host='two', context=self.context)
        group = written.Group(self.context, joining=True)
        slept: list[float] = []

        def sleep(seconds: float) -> None:
            slept.append(seconds)
            group._join([other.uuid])

        clock = mock.Mock(wraps=time, sleep=sleep)
        with mock.patch.object(conductor_beats, 'time', clock):
            group.report(self.context, [self.made.uuid])
        self.assertEqual([0.02 * CONF.report_interval], slept)
        self.assertEqual(1, group.facts()['beat_writes'])
        for made in (self.made, other):
            self.assertEqual(1, self.read(made).report_count)

    def test_casts_join_the_group_that_calls_have_opened(self):
        waited = intake.Intake(self.context, mock.Mock())
        self.stub_out('nova_sg.nova_tree.grouped.written.SPACING', 0.02)
        clock = mock.Mock(wraps=time)
        with mock.patch.object(intake, 'time', clock):
            waited._run()
        group = written.Group(self.context, joining=False)
        (slept,) = clock.sleep.call_args.args
        self.assertLess(0, slept)
        self.assertLess(slept, group._linger)


class TestRest(grouped_remote.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.server = serving.server('one')
        self.server._beats.intake._ahead = 0
        # Nothing is written here.
        self.server._beats.intake._writing = True

    def rests(self, waited: float, version: str = '1.0') -> bool:
        """Whether it rests after a heartbeat that waited so many seconds."""
        sent = time.monotonic() - waited
        message = {
            'namespace': 'nova_sg.beats',
            'version': version,
            'method': 'post',
            'args': {'uuid': 'one', 'sent': sent, 'until': sent + 10},
        }
        with mock.patch.object(serving, 'time') as clock:
            self.server._on_incoming([mock.Mock(message=message)])
        return bool(clock.sleep.called)

    def test_it_rests_after_a_heartbeat_that_has_not_waited(self):
        self.assertTrue(self.rests(0))

    def test_it_does_not_rest_while_it_is_behind(self):
        self.assertFalse(self.rests(1))

    def test_it_does_not_rest_when_the_clock_of_a_sender_is_another(self):
        self.assertTrue(self.rests(-1))
        self.assertFalse(self.rests(-5))

    def test_it_does_not_rest_before_it_knows_the_time(self):
        self.server._beats.intake._ahead = math.inf
        self.assertFalse(self.rests(0))


class TestIntake(grouped_remote.TestCase):
    """What is noted and cannot be written."""

    def setUp(self) -> None:
        super().setUp()
        self.group = mock.Mock()
        self.intake = intake.Intake(self.context, self.group)

    def write(self) -> None:
        self.intake.note(self.made.uuid, 0, time.time() + 60)
        commands.wait_until(
            lambda: not self.intake._writing, 'the writer ends'
        )

    def test_a_failure_is_told_once_and_again_after_a_success(self):
        for failure in ('gone', 'gone', None, 'gone'):
            self.group.post_received.side_effect = failure and (
                exception.ServiceGroupUnavailable(backend='', reason=failure)
            )
            self.write()
        told = self.stdlog.logger.output.count('Heartbeats are lost')
        self.assertEqual(2, told)

    def test_where_no_thread_can_be_started_the_next_one_tries_again(self):
        failing = RuntimeError("can't start new thread")
        with mock.patch.object(
            intake.threading.Thread, 'start', side_effect=failing
        ):
            self.intake.note(self.made.uuid, 0, time.time() + 60)
        self.assertIn('Heartbeats are lost', self.stdlog.logger.output)
        self.write()
        (received,) = self.group.post_received.call_args.args
        self.assertEqual(2, len(received))

    def test_no_more_than_a_limit_waits(self):
        self.stub_out('nova_sg.nova_tree.grouped.written.LIMIT', 2)
        self.intake._writing = True
        for _ in range(3):
            self.intake.note(self.made.uuid, 0, time.time() + 60)
        self.assertEqual(2, len(self.intake._noted))
        self.assertIn('Heartbeats are lost', self.stdlog.logger.output)

    def posted(self, database_time: float, until: float) -> bool:
        """Return whether a heartbeat is written at a time of the database."""
        self.group.reset_mock()
        now = mock.Mock(database_time=lambda: database_time)
        with mock.patch.object(intake.reader, 'of', lambda _context: now):
            self.intake._write([(self.made.uuid, until, time.monotonic())])
        return bool(self.group.post_received.called)

    def test_one_of_before_the_clock_was_set_forward_counts(self):
        now = 1_000_000.0
        self.assertTrue(self.posted(now, now + 10))
        self.assertFalse(self.posted(now, now - 1))
        for _ in range(2):
            self.assertTrue(self.posted(now + 3600, now + 10))
        self.assertFalse(self.posted(now + 3600, now - 10))
        # By now its sender has the new time.
        self.intake._learned_at = time.monotonic()
        self.assertFalse(self.posted(now + 3600, now + 10))
        self.assertTrue(self.posted(now + 3600, now + 3610))
