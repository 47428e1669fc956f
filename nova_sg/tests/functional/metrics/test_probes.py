# SPDX-License-Identifier: Apache-2.0

"""What running programs answer to probes."""

import json
import urllib.error
import urllib.request

from oslotest import base

from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import rest
from nova_sg.tests.fixtures import rest_process
from nova_sg.tests.fixtures.servers import ports
from nova_sg.tests.fixtures.servers import zookeeper
from nova_sg.tests.functional.cmd import base as cmd_base
from nova_sg.tests.functional.cmd import test_imports
from nova_sg.tests.functional.conductor import base as conductor_base
from nova_sg.tests.functional.metrics import test_processes

wait_until = commands.wait_until

FINE = [
    (200, {'live': True}),
    (200, {'ready': True}),
    (200, {'backend': True}),
]


def probe(url: str) -> list[tuple[int, dict[str, bool]]]:
    """Return what the three probes of a program are answered."""
    return [_get(url + path) for path in ('/live', '/ready', '/backend')]


def status(url: str) -> int:
    return _get(url)[0]


def _get(url: str) -> tuple[int, dict[str, bool]]:
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.status, _body(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _body(error)


def _body(answer) -> dict[str, bool]:
    try:
        found: dict[str, bool] = json.loads(answer.read())
    except ValueError:
        return {}
    return found


class TestAgent(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.server = self.useFixture(zookeeper.ZookeeperServer())
        self.port = self.useFixture(test_processes.HasPort('nova-sg-agent'))
        self.agent = self.useFixture(
            commands.Agent(
                environment=commands.environment(
                    OS_SERVICEGROUP__DRIVER='zk',
                    OS_SERVICEGROUP__REPORT_INTERVAL='1',
                    OS_SERVICEGROUP__SERVICE_DOWN_TIME='10',
                    OS_ZOOKEEPER__HOSTS=self.server.hosts,
                    OS_ZOOKEEPER__SESSION_TIMEOUT='2',
                    OS_MONITORING__METRICS='false',
                    PYTHONPROFILEIMPORTTIME='1',
                    **self.port.environment,
                )
            )
        )
        self.agent.wait_until_up()

    def test_its_backend_is_told_apart_from_itself(self):
        # It knows of its backend from its next heartbeat on.
        wait_until(lambda: probe(self.port.url) == FINE, 'it has beaten')
        self.server.kill()
        wait_until(
            lambda: status(f'{self.port.url}/backend') == 503, 'it notices'
        )
        self.assertEqual(
            [*FINE[:2], (503, {'backend': False})], probe(self.port.url)
        )
        self.server.start()
        wait_until(lambda: probe(self.port.url) == FINE, 'it is back')

    def test_without_metrics_they_need_no_library(self):
        self.assertEqual(404, status(f'{self.port.url}/metrics'))
        self.assertEqual({'kazoo'}, test_imports.heavy(self.agent.log))


class TestConductor(conductor_base.ConductorTestCase):
    def test_it_is_ready_when_it_serves(self):
        port = self.useFixture(test_processes.HasPort('nova-sg-conductor'))
        self.start_conductor(
            OS_CONDUCTOR__WORKERS='2', **port.environment
        ).wait_until_serving(2)
        self.start_agent()
        wait_until(lambda: probe(port.url) == FINE, 'it is asked')


class TestApi(cmd_base.CommandTestCase):
    def test_each_worker_answers(self):
        cloud = self.useFixture(rest.Cloud())
        port = self.useFixture(ports.Port()).number
        self.useFixture(
            rest_process.RestProcess(
                cloud.conf,
                monitoring={
                    'ports': f'nova-sg-api:{port}',
                    'metrics': 'false',
                },
            )
        )
        url = f'http://{ports.HOST}:{port}'
        self.assertEqual([200, 200, 200], [status for status, _ in probe(url)])
        self.assertEqual(404, status(f'{url}/metrics'))
