# SPDX-License-Identifier: Apache-2.0

"""The metrics and the probes of a service of nova, by one option."""

import json
import os
import signal
import urllib.request

import psutil

from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import conductor
from nova_sg.tests.fixtures import scrape
from nova_sg.tests.fixtures.servers import ports
from nova_sg.tests.fixtures.servers import zookeeper
from nova_sg.tests.functional.nova_tree import base

PROGRAM = 'nova-conductor'
WORKERS = 2

CONF = """\
[DEFAULT]
host = controller
transport_url = {broker}
state_path = {directory}
my_ip = 127.0.0.1
report_interval = 1
service_down_time = 10
[conductor]
workers = {workers}
[oslo_concurrency]
lock_path = {directory}
[servicegroup]
driver = {driver}
[zookeeper]
hosts = {zookeeper}
[monitoring]
ports = {program}:{port}
deployment = {program}
"""


class TestMonitoring(base.TestCase):
    """A nova-conductor with two workers."""

    environment = base.THREADS
    driver = 'zk'

    def setUp(self) -> None:
        super().setUp()
        self.port = self.useFixture(ports.Port()).number
        self.url = f'http://{ports.HOST}:{self.port}'
        ensemble = '127.0.0.1:9'
        if self.driver == 'zk':
            ensemble = self.useFixture(zookeeper.ZookeeperServer()).hosts
        self.cell.configure(
            CONF.format(
                broker=conductor.RABBITMQ.running().url,
                directory=self.cell.directory,
                driver=self.driver,
                port=self.port,
                program=PROGRAM,
                workers=WORKERS,
                zookeeper=ensemble,
            )
        )

    def probe(self, name: str) -> dict[str, bool | None]:
        with urllib.request.urlopen(
            f'{self.url}/{name}', timeout=20
        ) as answer:
            found: dict[str, bool | None] = json.load(answer)
        return found

    def scrape(self) -> scrape.Scrape:
        return scrape.Scrape.of(self.url)

    def workers(self, master: int) -> set[int]:
        children = psutil.Process(master).children(recursive=True)
        return {
            each.pid
            for each in children
            if any('.slot' in file.path for file in each.open_files())
        }

    def test_workers_answer_for_all_of_them(self):
        master = self.start(
            PROGRAM,
            ready=lambda: self.probe('ready')['ready'],
            **self.environment,
        )
        commands.wait_until(
            lambda: len(self.workers(master.pid)) == WORKERS, 'workers'
        )
        name = 'nova_sg_beats_total'
        commands.wait_until(
            lambda: self.scrape().value(name, outcome='written') >= 4, 'beats'
        )
        self.assertEqual({'live': True}, self.probe('live'))
        self.assertEqual({'backend': True}, self.probe('backend'))
        found = self.scrape()
        self.assertEqual(
            1, found.value('nova_sg_services', binary=PROGRAM, state='up')
        )
        self.assertEqual(
            [self.driver],
            [e['driver'] for e in found.labels('nova_sg_deployment_info')],
        )
        before = self.workers(master.pid)
        os.kill(min(before), signal.SIGKILL)
        commands.wait_until(
            lambda: len(self.workers(master.pid) - before) == 1,
            'another worker',
        )
        scrape.assert_not_back(found, self.scrape())
        # Another conductor says that the port is taken.
        said = self.assert_refused(2, self.nova(PROGRAM, **self.environment))
        self.assertIn('[monitoring] ports', said)
        master.stop(signal.SIGTERM, 120)


class TestNovasTable(TestMonitoring):
    """The same where nova keeps its services itself, under eventlet."""

    environment = base.EVENTLET
    driver = 'db'
