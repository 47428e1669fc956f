# SPDX-License-Identifier: Apache-2.0

"""What an operator does with a conductor."""

from concurrent import futures
import contextlib
import json
import os
import pathlib
import signal

import fixtures
import psutil

from nova_sg import exception
from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import conductor
from nova_sg.tests.fixtures import databases
from nova_sg.tests.functional.conductor import base

MANY = 20


def workers(master):
    """Return the processes that serve."""
    return psutil.Process(master.pid).children()


class StopTestCase(base.ConductorTestCase):
    # A lost acknowledgement must not look like one that is late.
    report_interval = 20
    service_down_time = 60

    def test_beats_under_way_are_committed_before_it_ends(self):
        services = [self.service(f'c{number}') for number in range(MANY)]
        # So that all of them wait for their statement when it is stopped.
        running = self.start_conductor(OS_CONDUCTOR__BEAT_SPACING='3')
        client = self.client()
        client.report_state(self.context, [services[0].uuid])
        with futures.ThreadPoolExecutor(MANY) as pool:
            beats = [
                pool.submit(client.report_state, self.context, [each.uuid])
                for each in services
            ]
            base.wait_until(
                lambda: client.health(self.context)['beats_waiting'] == MANY,
                'all beats wait',
            )
            self.assertEqual(0, running.stop(), running.log)
            self.assertEqual([[]] * MANY, [each.result() for each in beats])
        self.assertEqual(
            [2] + [1] * (MANY - 1),
            [self.reload(each).report_count for each in services],
        )
        self.assertIn('Served the last call', running.log)
        self.assertNotIn('Traceback', running.log)


class WorkersTestCase(base.ConductorTestCase):
    def test_several_workers_serve_and_one_that_dies_is_replaced(self):
        running = self.start_conductor(OS_CONDUCTOR__WORKERS='2')
        running.wait_until_serving(2)
        mine = {process.pid for process in workers(running)}
        client = self.client()

        def serving():
            pids = (client.health(self.context)['pid'] for _ in range(8))
            return set(pids)

        base.wait_until(lambda: serving() == mine, 'both workers answer')
        os.kill(min(mine), signal.SIGKILL)
        running.wait_until_serving(3)
        base.wait_until(
            lambda: len(workers(running)) == 2, 'there are two again'
        )
        self.assertNotIn(min(mine), serving())
        self.assertEqual(0, running.stop(), running.log)

    def test_a_worker_does_not_outlive_its_master(self):
        running = self.start_conductor()
        [worker] = workers(running)
        os.kill(running.pid, signal.SIGKILL)
        worker.wait(timeout=base.commands.PATIENCE)


class ReloadTestCase(base.ConductorTestCase):
    def setUp(self) -> None:
        super().setUp()
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        self.file = directory / 'nova-sg.conf'
        self.configure('workers = 1')
        self.running = self.useFixture(
            conductor.Conductor(
                self.environment(), arguments=['--config-file', str(self.file)]
            )
        )
        self.running.wait_until_serving()

    def configure(self, line):
        self.file.write_text(f'[conductor]\n{line}\n')

    def test_sighup_replaces_the_workers_with_new_options(self):
        [before] = workers(self.running)
        self.configure('workers = 2')
        self.running.send(signal.SIGHUP)
        self.running.wait_until_serving(3)
        self.assertFalse(before.is_running())
        base.wait_until(
            lambda: len(workers(self.running)) == 2, 'there are two workers'
        )
        self.client().ping(self.context)

    def test_options_that_cannot_be_used_change_nothing(self):
        self.configure('workers = many')
        self.running.send(signal.SIGHUP)
        self.running.wait_to_say('the old configuration stays in use')
        self.assertIn("'many'", self.running.log)
        self.running.wait_until_serving(2)
        self.client().ping(self.context)
        self.assertNotIn('Traceback', self.running.log)


class ReportTestCase(base.ConductorTestCase):
    def test_sigusr2_makes_each_process_report_its_state(self):
        running = self.start_conductor()
        for number, process in enumerate(
            (psutil.Process(running.pid), *workers(running)), 1
        ):
            process.send_signal(signal.SIGUSR2)
            running.wait_to_say('Guru Meditation', number)
        running.wait_to_say('beats_written')
        base.wait_until(
            lambda: running.log.count('use_conductor = False') == 2,
            'both have told all',
        )
        self.assertNotIn('guest:guest', running.log)
        self.client().ping(self.context)


class HealthTestCase(base.ConductorTestCase):
    database = databases.PostgresqlDatabase

    def check(self, *arguments):
        return commands.run(
            'nova_sg.cmd.manage',
            *('conductor', 'check', '-f', 'json', *arguments),
            environment=self.remote_environment(),
        )

    def test_a_command_tells_how_a_conductor_is(self):
        self.start_conductor(OS_DEFAULT__HOST='one')
        self.start_conductor(OS_DEFAULT__HOST='other')
        for host in ('one', 'other'):
            result = self.check('--host', host)
            self.assertEqual((0, ''), (result.returncode, result.stderr))
            shown = json.loads(result.stdout)
            self.assertEqual(
                [host, 'db', 'sql', 0],
                [
                    shown[name]
                    for name in ('host', 'driver', 'records', 'beats_waiting')
                ],
            )
            self.assertEqual(1, len(shown['round_trip_ms']))
        self.assertIn(
            json.loads(self.check().stdout)['host'], ('one', 'other')
        )

        server = databases.POSTGRESQL.get()
        server.kill()
        self.addCleanup(databases.POSTGRESQL.running)
        away = self.check()
        self.assertEqual(5, away.returncode, away.stderr)
        self.assertIn('of the conductor on', away.stderr)
        self.assertEqual(1, len(away.stderr.splitlines()), away.stderr)
        server.start()
        self.assertEqual(0, self.check().returncode)

    def test_no_conductor_is_a_clear_answer(self):
        result = self.check('--host', 'nobody')
        self.assertEqual(5, result.returncode)
        self.assertIn('nova-sg-conductor on nobody over', result.stderr)
        self.assertIn('no conductor has begun to serve', result.stderr)


class PushBackTestCase(base.ConductorTestCase):
    database = databases.PostgresqlDatabase

    def setUp(self) -> None:
        super().setUp()
        self.server = databases.POSTGRESQL.get()

    def waiting(self, client):
        """Return how many beats wait; None while the conductor is busy."""
        try:
            return client.health(self.context)['beats_waiting']
        except exception.ServiceGroupUnavailable:
            return None

    def test_beats_that_cannot_be_written_are_refused_and_not_kept(self):
        service = self.service()
        self.start_conductor(OS_CONDUCTOR__BEATS_WAITING='500')
        client = self.client()
        self.server.pause()
        self.addCleanup(self.server.resume)
        with futures.ThreadPoolExecutor(MANY) as pool:
            beats = [
                pool.submit(
                    client.report_state, self.context, [service.uuid] * 250
                )
                for _ in range(MANY)
            ]
            errors = [str(each.exception()) for each in beats]
        for each in beats:
            self.assertIsInstance(
                each.exception(), exception.ServiceGroupUnavailable
            )
        refused = [each for each in errors if 'wait in this conductor' in each]
        self.assertEqual(MANY - 2, len(refused), errors)

        self.server.resume()
        base.wait_until(
            lambda: self.waiting(client) == 0, 'nothing waits any more'
        )
        before = self.reload(service).report_count
        self.assertEqual([], client.report_state(self.context, [service.uuid]))
        self.assertEqual(before + 1, self.reload(service).report_count)

    def test_beats_whose_senders_have_given_up_are_not_written_later(self):
        service = self.service()
        self.start_conductor(OS_CONDUCTOR__THREADS='2')
        client = self.client()
        client.report_state(self.context, [service.uuid])
        self.server.pause()
        self.addCleanup(self.server.resume)
        with futures.ThreadPoolExecutor(10 * MANY) as pool:
            beats = [
                pool.submit(client.report_state, self.context, [service.uuid])
                for _ in range(10 * MANY)
            ]
            for each in beats:
                self.assertIsInstance(
                    each.exception(), exception.ServiceGroupUnavailable
                )
        self.server.resume()

        def is_written():
            with contextlib.suppress(exception.ServiceGroupUnavailable):
                client.report_state(self.context, [service.uuid])
                return True

        base.wait_until(is_written, 'a beat is acknowledged')
        # Some were under way, or had been fetched from the broker.
        self.assertLess(self.reload(service).report_count, MANY)
