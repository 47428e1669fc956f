# SPDX-License-Identifier: Apache-2.0

"""The metrics of nova-sg-api, in several processes."""

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import psutil

from nova_sg.servicegroup import record
from nova_sg.tests.fixtures import rest
from nova_sg.tests.fixtures import rest_process
from nova_sg.tests.fixtures import scrape
from nova_sg.tests.fixtures.servers import ports
from nova_sg.tests.functional.cmd import base as cmd_base

PATH = '/v2.1/os-services'
WORKERS = 3

REQUESTS = 'nova_sg_rest_requests_total'
SERVICES = 'nova_sg_services'


class TestMetrics(cmd_base.CommandTestCase):
    """A nova-sg-api with three workers."""

    def setUp(self) -> None:
        super().setUp()
        self.cloud = self.useFixture(rest.Cloud())
        self.port = self.useFixture(ports.Port()).number
        self.url = f'http://{ports.HOST}:{self.port}'
        self.options = {
            'api': {'workers': WORKERS},
            'monitoring': {'ports': f'nova-sg-api:{self.port}'},
        }
        self.served = self.useFixture(
            rest_process.RestProcess(self.cloud.conf, **self.options)
        )
        self.admin, _known = self.served.identity.issue('admin')
        self.served.wait_for(lambda: len(self.workers()) == WORKERS)

    def workers(self) -> set[int]:
        """Return the processes that have taken part in the metrics."""
        served = psutil.Process(self.served.process.pid)
        return {
            child.pid
            for child in served.children()
            if any('.slot' in file.path for file in child.open_files())
        }

    def scrape(self) -> scrape.Scrape:
        return scrape.Scrape.of(self.url)

    def ask(self, path: str, times: int = 1) -> None:
        for _ in range(times):
            self.served.get(path, self.admin)

    def asked(self, **labels: str) -> float:
        """Return how many requests are counted, as any worker says it."""
        (found,) = {
            self.scrape().value(REQUESTS, route='/os-services', **labels)
            for _ in range(5)
        }
        return found

    def test_each_worker_answers_for_all_of_them(self):
        self.ask(PATH, 30)
        self.assertEqual(30, self.asked(code='200', method='GET'))
        found = self.scrape()
        self.assertEqual(
            30,
            found.value(
                'nova_sg_rest_request_seconds_count', route='/os-services'
            ),
        )
        self.assertEqual(len(self.services()), found.value(SERVICES))
        self.assertEqual(1, found.value('nova_sg_backend_up'))
        self.assertLess(
            0,
            found.value(
                'nova_sg_backend_request_seconds_count', backend='sql'
            ),
        )
        # The listing of services is one family, and not one for each worker.
        self.assertEqual('gauge', found.types[SERVICES])

    def test_no_counter_goes_back_when_workers_are_replaced_or_killed(self):
        self.ask(PATH, 10)
        before = self.scrape()
        for end in (self.replace_workers, self.kill_workers):
            end()
            self.ask(PATH, 10)
            after = self.scrape()
            scrape.assert_not_back(before, after)
            before = after
        self.assertEqual(30, self.asked())
        self.assertEqual(WORKERS, len(self.workers()))

    def test_what_a_client_makes_up_is_no_label(self):
        for number in range(5):
            self.ask(f'/v2.1/os-services/made-up-{number}')
            self.ask(f'/made-up-{number}')
            self.ask(f'/v2.1/made-up-{number}')
        found = self.scrape()
        self.assertNotIn('made-up', found.text)
        self.assertEqual(
            5,
            found.value(REQUESTS, route='/os-services/{service_id}'),
        )
        self.assertLess(0, found.value(REQUESTS, route='other'))

    def test_their_port_has_no_api_and_no_secret(self):
        for path in ('/', PATH, '/healthcheck', '/metrics/'):
            error = self.assertRaises(
                urllib.error.HTTPError,
                urllib.request.urlopen,
                self.url + path,
                timeout=20,
            )
            self.assertEqual(404, error.code)
            error.close()
        self.ask(PATH)
        text = self.scrape().text
        for secret in ('sqlite', '/tmp', ports.HOST, 'password', 'host='):
            self.assertNotIn(secret, text)

    def test_on_the_port_of_the_api_the_metrics_are_for_an_admin(self):
        member, _known = self.served.identity.issue('joe')
        self.assertEqual(401, self.served.get('/metrics'))
        self.assertEqual(403, self.served.get('/metrics', member))
        self.assertEqual(200, self.served.get('/metrics', self.admin))

    def test_nothing_is_left_of_them(self):
        (child, *_) = self.workers()
        (place,) = {
            os.path.dirname(file.path)
            for file in psutil.Process(child).open_files()
            if file.path.endswith('.slot')
        }
        self.served.process.stop(signal.SIGTERM, rest_process.PATIENCE)
        self.assertFalse(os.path.exists(place))

    def services(self):
        """Return the services that beat."""
        found, _ = self.cloud.api.list(self.cloud.context)
        return [e for e in found if e.binary not in record.API_BINARIES]

    def replace_workers(self) -> None:
        before = self.workers()
        os.kill(self.served.process.pid, signal.SIGHUP)
        self.served.wait_for(
            lambda: (
                len(self.workers()) == WORKERS and not self.workers() & before
            )
        )

    def kill_workers(self) -> None:
        before = self.workers()
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        self.served.wait_for(lambda: len(self.workers() - before) == WORKERS)


class TestAnotherServer(cmd_base.CommandTestCase):
    """nova_sg.wsgi:application, as uWSGI or mod_wsgi load it."""

    program = (
        'import sys, webob\n'
        'from nova_sg.wsgi import application\n'
        'def ask(path, user):\n'
        '    request = webob.Request.blank(path)\n'
        '    request.headers["X-Auth-Token"] = user\n'
        '    return request.get_response(application)\n'
        f'ask({PATH!r}, "admin")\n'
        'print(ask("/metrics", "joe").status_int)\n'
        'print(ask("/metrics", "admin").text)\n'
    )

    def test_its_processes_share_a_directory_that_is_named(self):
        self.configure(
            '[api]\nauth_strategy = noauth2\n'
            f'[monitoring]\ndirectory = {self.directory}/metrics\n'
        )
        self.service()
        for times in (1, 2):
            result = subprocess.run(
                [sys.executable, '-c', self.program],
                env={**os.environ, 'NOVA_SG_CONFIG_FILES': self.config_file},
                capture_output=True,
                encoding='utf-8',
                timeout=cmd_base.PATIENCE,
            )
            status, _, text = result.stdout.partition('\n')
            self.assertEqual('403', status, result.stderr)
            found = scrape.Scrape(text)
            # What another process there has counted is counted on.
            self.assertEqual(
                times, found.value(REQUESTS, route='/os-services')
            )
            self.assertEqual(1, found.value(SERVICES))


class TestRefusals(cmd_base.CommandTestCase):
    """What keeps nova-sg-api from starting, in one line."""

    def refused(self, says: str, **options: str) -> None:
        result = self.run_process(
            program='api',
            env={
                'OS_API__AUTH_STRATEGY': 'noauth2',
                'OS_API__WORKERS': '1',
                **{f'OS_MONITORING__{key}': v for key, v in options.items()},
            },
        )
        self.assert_error(2, says, result)

    def test_a_port_that_is_none_or_that_of_the_api(self):
        self.refused(r'\[monitoring\] ports', PORTS='nova-sg-api:many')
        self.refused('the port of the API', PORTS='nova-sg-api:8774')
