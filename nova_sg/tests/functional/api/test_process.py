# SPDX-License-Identifier: Apache-2.0

"""nova-sg-api as a process, and the application under another server."""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

import fixtures
import psutil

from nova_sg import conf as sg_conf
from nova_sg import exception
from nova_sg.api import deploy
from nova_sg.cmd import api as command
from nova_sg.tests.fixtures import rest
from nova_sg.tests.fixtures import rest_process
from nova_sg.tests.functional.cmd import base as cmd_base

PATH = '/v2.1/os-services'


class TestProcess(cmd_base.CommandTestCase):
    """A running nova-sg-api."""

    def setUp(self) -> None:
        super().setUp()
        self.cloud = self.useFixture(rest.Cloud())
        self.served = self.useFixture(
            rest_process.RestProcess(self.cloud.conf)
        )
        self.admin, _known = self.served.identity.issue('admin')

    def workers(self):
        served = psutil.Process(self.served.process.pid)
        return {child.pid for child in served.children()}

    def test_a_request_neither_forges_a_line_of_the_log_nor_a_link(self):
        port = self.served.port
        with socket.create_connection(('127.0.0.1', port)) as client:
            client.sendall(
                b'GET /?\x1b[2J\rforged HTTP/1.1\r\n'
                b'Host: api.example.org\r\n'
                b'X-Forwarded-Proto: evil\r\n'
                b'SCRIPT_NAME: /evil\r\n'
                b'Connection: close\r\n\r\n'
            )
            answer = client.makefile('rb').read()
        self.assertNotIn(b'evil', answer)
        log = self.served.log.read_bytes()
        self.assertNotIn(b'\x1b', log)
        self.assertNotIn(b'\rforged', log)

    def test_a_reload_replaces_workers_and_a_bad_file_does_not(self):
        self.assertEqual(200, self.served.get(PATH, self.admin))
        before = self.workers()
        self.served.configure({'api': {'workers': 2}})
        os.kill(self.served.process.pid, signal.SIGHUP)
        self.served.wait_for(
            lambda: len(self.workers()) == 2 and not self.workers() & before
        )
        self.served.wait_for(lambda: self.served.get(PATH, self.admin) == 200)
        self.served.configure({'api': {'workers': 'many'}})
        os.kill(self.served.process.pid, signal.SIGHUP)
        self.served.wait_for(
            lambda: 'Not reloaded' in self.served.log.read_text()
        )
        self.assertIn('[api] workers', self.served.log.read_text())
        self.served.wait_for(lambda: self.served.get(PATH, self.admin) == 200)
        os.kill(self.served.process.pid, signal.SIGTERM)
        self.assertEqual(
            0, self.served.process._process.wait(rest_process.PATIENCE)
        )
        # Who asked was logged, and no secret.
        log = self.served.log.read_text()
        self.assertIn(f'GET {PATH}', log)
        self.assertNotIn(self.admin, log)
        self.assertNotIn('Traceback', log)


class TestRefusals(cmd_base.CommandTestCase):
    """What keeps nova-sg-api from starting, in one line."""

    def refused(self, code: int, says: str, *words: str) -> None:
        result = self._call(command.main, words)
        self.assert_error(code, says, result)

    def test_bad_usage(self):
        self.refused(2, 'argument --port', '--port', '0')
        self.refused(2, 'argument --workers', '--workers', 'many')

    def test_a_bad_option(self):
        self.configure('[api]\nauth_strategy = hope\n')
        self.refused(2, r'\[api\] auth_strategy')

    def test_noauth2_on_an_address_of_the_network(self):
        self.option('API__AUTH_STRATEGY', 'noauth2')
        for address in ('0.0.0.0', '::', '192.0.2.1'):
            self.refused(2, 'is an administrator', '--host', address)

    def test_noauth2_that_would_believe_a_header(self):
        self.configure(
            '[api]\nauth_strategy = noauth2\n'
            '[oslo_middleware]\nenable_proxy_headers_parsing = true\n'
        )
        self.refused(2, r'\[oslo_middleware\] enable_proxy_headers_parsing')
        # Another WSGI server asks for the application itself.
        conf = sg_conf.load([self.config_file])
        error = self.assertRaises(
            exception.InvalidConfiguration, deploy.loadapp, conf
        )
        self.assertIn('X-Forwarded-For', str(error))

    def test_no_word_of_the_identity_service(self):
        self.refused_by_a_worker('[keystone_authtoken]')

    def test_a_policy_file_that_is_none(self):
        policy = pathlib.Path(self.directory, 'policy.yaml')
        policy.write_text('"os_compute_api:os-services:list": "role:')
        self.configure(f'[oslo_policy]\npolicy_file = {policy}\n')
        self.option('API__AUTH_STRATEGY', 'noauth2')
        self.refused_by_a_worker('[oslo_policy] policy_file')

    def refused_by_a_worker(self, says):
        """See that it is told once, by however many workers."""
        result = self.run_process(
            program='api', env={'OS_API__PORT': '0', 'OS_API__WORKERS': '4'}
        )
        self.assertEqual(2, result.code, result)
        self.assertIn(f'nova-sg-api: error: {says}', result.err)
        self.assertEqual(1, result.err.count('error: '), result.err)

    def test_the_deployment_of_somebody_else(self):
        self.service()
        result = self.run_process(
            program='api',
            env={
                'OS_API__AUTH_STRATEGY': 'noauth2',
                'OS_API__PORT': '0',
                'OS_SERVICEGROUP__DRIVER': 'mc',
                'OS_MEMCACHED__SERVERS': '127.0.0.1:1',
            },
        )
        self.assertEqual(4, result.code, result)
        self.assertIn('driver = db', result.err)
        self.assertIn('driver = mc', result.err)


class TestAnotherServer(cmd_base.CommandTestCase):
    """nova_sg.wsgi:application, as uWSGI or mod_wsgi load it."""

    def test_it_is_configured_by_the_files_that_are_named(self):
        self.configure('[api]\nauth_strategy = noauth2\n')
        self.useFixture(
            fixtures.EnvironmentVariable(
                'NOVA_SG_CONFIG_FILES', self.config_file
            )
        )
        self.option('INVENTORY__BAKEND', 'none')
        self.service()
        program = (
            'import webob\n'
            'from nova_sg.wsgi import application\n'
            f'request = webob.Request.blank({PATH!r})\n'
            'request.headers["X-Auth-Token"] = "admin"\n'
            'print(request.get_response(application).text)\n'
        )
        result = subprocess.run(
            [sys.executable, '-c', program],
            capture_output=True,
            encoding='utf-8',
            timeout=cmd_base.PATIENCE,
        )
        self.assertIn('"host":"c1"', result.stdout, result.stderr)
        self.assertIn('OS_INVENTORY__BAKEND', result.stderr)
        # Older libraries of OpenStack import eventlet, which complains.
        complaints = [
            line
            for line in result.stderr.splitlines()
            if 'Warning' in line and 'EventletDeprecation' not in line
        ]
        self.assertEqual([], complaints)


class TestHistory(cmd_base.CommandTestCase):
    """A running nova-sg-api whose workers could all record transitions."""

    def test_one_of_its_workers_does(self) -> None:
        cloud = self.useFixture(rest.Cloud())
        compute = cloud.service('h1')
        served = self.useFixture(
            rest_process.RestProcess(
                cloud.conf, history={'interval': 1}, api={'workers': 3}
            )
        )
        history = cloud.api.driver.history
        context = cloud.context

        def recorded():
            compute.disabled = not compute.disabled
            compute.save()
            time.sleep(0.7)
            return history.last(context, [compute.uuid])

        served.wait_for(recorded)
        (entry,) = history.last(context, [compute.uuid]).values()
        self.assertRegex(entry.observer, '^nova-sg-api on ')
        self.assertEqual(1, served.log.read_text().count('Recording the'))
