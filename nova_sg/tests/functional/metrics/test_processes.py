# SPDX-License-Identifier: Apache-2.0

"""The metrics of conductors and agents, which are no WSGI servers."""

import os
import pathlib
import signal
import subprocess
import sys
import time

import fixtures

from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import scrape
from nova_sg.tests.fixtures.servers import daemon
from nova_sg.tests.fixtures.servers import ports
from nova_sg.tests.fixtures.servers import zookeeper
from nova_sg.tests.functional.agent import base as agent_base
from nova_sg.tests.functional.conductor import base as conductor_base

wait_until = commands.wait_until

WRITTEN = 'nova_sg_conductor_beats_written_total'
BEATS = 'nova_sg_beats_total'


class HasPort(fixtures.Fixture):
    """A port for the metrics of a program.

    :ivar environment: what has a program open it
    """

    def __init__(self, program: str) -> None:
        super().__init__()
        self._program = program

    def _setUp(self) -> None:
        number = self.useFixture(ports.Port()).number
        self.environment = {
            'OS_MONITORING__PORTS': f'{self._program}:{number}'
        }
        self.url = f'http://{ports.HOST}:{number}'

    def scrape(self) -> scrape.Scrape:
        return scrape.Scrape.of(self.url)


class TestConductor(conductor_base.ConductorTestCase):
    """A conductor with two workers, and agents that beat through it."""

    def setUp(self) -> None:
        super().setUp()
        self.port = self.useFixture(HasPort('nova-sg-conductor'))
        self.conductor = self.start_conductor(
            OS_CONDUCTOR__WORKERS='2',
            OS_MONITORING__DEPLOYMENT='nova-sg-conductor',
            **self.port.environment,
        )
        self.conductor.wait_until_serving(2)
        self.scrape = self.port.scrape

    def workers(self):
        return set(scrape.workers(self.conductor.pid))

    def test_whichever_worker_is_asked_tells_of_all(self):
        self.start_agent('--host', 'c1', '--count', '20')
        wait_until(
            lambda: self.scrape().value(WRITTEN) >= 40, 'two beats of each'
        )
        self.assertEqual(20, self.scrape().value('nova_sg_services'))
        self.assertEqual(1, self.scrape().value('nova_sg_backend_up'))
        self.assertLess(
            0, self.scrape().value('nova_sg_conductor_writes_total')
        )
        self.assertEqual(
            0, self.scrape().value('nova_sg_conductor_beats_refused_total')
        )
        text = self.scrape().text
        for secret in (self.url, self.rabbitmq.url, 'c1-0000'):
            self.assertNotIn(secret, text)
        before = self.scrape()
        for _ in range(10):
            after = self.scrape()
            scrape.assert_not_back(before, after)
            before = after

    def test_a_worker_that_is_killed_takes_no_count_along(self):
        self.start_agent('--host', 'c1', '--count', '20')
        wait_until(lambda: self.scrape().value(WRITTEN) >= 20, 'beats')
        for pid in self.workers():
            before = self.scrape()
            there = self.workers()
            os.kill(pid, signal.SIGKILL)
            wait_until(
                lambda there=there: self.workers() - there, 'another worker'
            )
            scrape.assert_not_back(before, self.scrape())
        self.assertEqual(2, len(self.workers()))

    def test_nothing_is_left_of_them(self):
        (place,) = {
            os.path.dirname(path)
            for paths in scrape.workers(self.conductor.pid).values()
            for path in paths
            if path.endswith('.slot')
        }
        self.assertEqual(0, self.conductor.stop())
        self.assertFalse(os.path.exists(place))


class TestAgent(agent_base.AgentTestCase):
    def environment(self, seconds_ahead: float = 0) -> dict[str, str]:
        return {**super().environment(seconds_ahead), **self.monitoring}

    monitoring: dict[str, str] = {}

    def begin_with_port(self, *arguments: str):
        port = self.useFixture(HasPort('nova-sg-agent'))
        self.monitoring = port.environment
        return self.begin(*arguments), port

    def test_it_tells_of_its_beats_and_not_of_others(self):
        agent, port = self.begin_with_port('--count', '3')
        agent.wait_until_up()
        wait_until(
            lambda: port.scrape().value(BEATS, outcome='written') >= 6,
            'two beats of each',
        )
        found = port.scrape()
        self.assertEqual(0, found.value(BEATS, outcome='failed'))
        self.assertEqual(1, found.value('nova_sg_backend_up'))
        self.assertLessEqual(2, found.value('nova_sg_beat_seconds_count'))
        self.assertEqual([], found.labels('nova_sg_services'))
        self.assertEqual(0, agent.stop())

    def test_a_port_that_is_taken_is_said_in_one_line(self):
        agent, _port = self.begin_with_port()
        agent.wait_until_up()
        second = self.begin('--host', 'c2')
        self.assertEqual(2, second.wait())
        self.assertIn('error: ', second.log)
        self.assertIn('[monitoring] ports', second.log)
        self.assertIn('Address already in use', second.log)

    def test_a_file_is_there_as_long_as_the_agent(self):
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        names = ('a', 'b')
        agents = [
            self.start(
                *('--host', name, '--textfile', f'{directory}/{name}.prom')
            )
            for name in names
        ]
        files = [directory / f'{name}.prom' for name in names]
        wait_until(lambda: all(each.exists() for each in files), 'files')
        # As node_exporter shows them: no sample is there twice.
        both = scrape.Scrape(''.join(each.read_text() for each in files))
        for name in names:
            self.assertEqual(
                0, both.value(BEATS, process=name, outcome='failed')
            )
        for each in agents:
            self.assertEqual(0, each.stop())
        self.assertEqual([], list(directory.iterdir()))

    def test_a_file_that_nobody_reads_is_refused(self):
        agent = self.begin('--textfile', '/tmp/metrics.txt')
        self.assertEqual(2, agent.wait())
        self.assertIn('--textfile', agent.log)


class TestAgentWithoutRoom(agent_base.AgentTestCase):
    """Another program has filled the memory in which it would count."""

    def begin_in_full_memory(self, **environment: str):
        tool = ['unshare', '--mount', '--map-root-user']
        try:
            subprocess.run(
                [*tool, 'mount', '-t', 'tmpfs', 'x', '/dev/shm'],
                check=True,
                capture_output=True,
            )
        except (OSError, subprocess.CalledProcessError) as error:
            self.skipTest(f'no mount of its own here: {error}')
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        port = self.useFixture(HasPort('nova-sg-agent'))
        full = 'mount -t tmpfs -o size=64k x /dev/shm && exec "$@"'
        self.log = directory / 'log'
        agent = daemon.Daemon(
            [
                *(*tool, 'sh', '-c', full, 'sh'),
                *(sys.executable, '-m', 'nova_sg.cmd.agent', '--host', 'c1'),
            ],
            directory=directory,
            log=self.log,
            environment={
                **self.environment(),
                **port.environment,
                **environment,
                'HOME': str(directory),
            },
        )
        self.addCleanup(agent.kill)
        return agent, port

    def test_it_counts_elsewhere(self):
        agent, port = self.begin_in_full_memory()
        wait_until(
            lambda: agent.exit_code is not None or self.states().get('c1'),
            'it is up',
        )
        self.assertIsNone(agent.exit_code, self.log.read_text())
        wait_until(
            lambda: port.scrape().value(BEATS, outcome='written') >= 1,
            'a beat is counted',
        )

    def test_it_does_not_start_where_there_is_room_nowhere(self):
        agent, _port = self.begin_in_full_memory(TMPDIR='/dev/shm')
        wait_until(lambda: agent.exit_code is not None, 'it ends')
        self.assertEqual(2, agent.exit_code, self.log.read_text())
        self.assertIn('No space left on device', self.log.read_text())


class TestAgentOnZooKeeper(agent_base.AgentTestCase):
    def environment(self, seconds_ahead: float = 0) -> dict[str, str]:
        return commands.environment(
            OS_SERVICEGROUP__DRIVER='zk',
            OS_SERVICEGROUP__REPORT_INTERVAL='1',
            OS_SERVICEGROUP__SERVICE_DOWN_TIME='10',
            OS_ZOOKEEPER__HOSTS=self.server.hosts,
            OS_ZOOKEEPER__SESSION_TIMEOUT='2',
            **self.port.environment,
        )

    def test_a_session_that_expired_is_counted(self):
        self.server = self.useFixture(zookeeper.ZookeeperServer())
        self.port = self.useFixture(HasPort('nova-sg-agent'))
        agent = self.start()
        name = 'nova_sg_session_losses_total'
        self.assertEqual(0, self.port.scrape().value(name))
        agent.pause()
        time.sleep(6)
        agent.resume()
        wait_until(lambda: self.port.scrape().value(name) == 1, 'it is lost')
        found = self.port.scrape()
        self.assertLess(
            0,
            found.value(
                'nova_sg_backend_request_seconds_count', backend='zookeeper'
            ),
        )
