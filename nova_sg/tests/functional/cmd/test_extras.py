# SPDX-License-Identifier: Apache-2.0

"""Each extra alone, and none, is an installation that works."""

from importlib import metadata
import json
import os
import pathlib
import subprocess
import sys

import fixtures
from oslotest import base
import testscenarios

from nova_sg.tests.fixtures import long
from nova_sg.tests.fixtures.servers import memcached
from nova_sg.tests.fixtures.servers import zookeeper

load_tests = testscenarios.load_tests_apply_scenarios

#: Modules that need an extra, by a part of their names. Nothing else may
#: import an optional package when it is imported itself.
BACKENDS = {
    'api': ('nova_sg.api', 'nova_sg.cmd.api', 'nova_sg.wsgi'),
    'memcached': ('memcached', 'backends.memcached.driver'),
    'zookeeper': ('zookeeper', 'backends.zookeeper.driver'),
}

#: Modules that stand in a nova, or test third parties' drivers.
ELSEWHERE = (
    *('nova_sg.cmd.inside', 'nova_sg.nova_tree'),
    'nova_sg.servicegroup.testing',
)

# Prints which modules cannot be imported, and for want of what.
_IMPORT_ALL = """\
import importlib, json, pkgutil, sys
from nova_sg.tests.fixtures import installation

extra, *elsewhere = sys.argv[1:]
installation.pretend([extra] if extra else [])
import nova_sg

missing = {}
for found in pkgutil.walk_packages(
    nova_sg.__path__, 'nova_sg.', onerror=lambda name: None
):
    if found.name.startswith(('nova_sg.tests', *elsewhere)):
        continue
    try:
        importlib.import_module(found.name)
    except SystemExit as error:
        # A command that says so itself.
        missing[found.name] = error.code
    except ModuleNotFoundError as error:
        missing[found.name] = error.name
print(json.dumps(missing))
"""


EXTRAS = [
    extra
    for extra in metadata.metadata('nova-sg').get_all('Provides-Extra') or []
    if extra not in ('all', 'testing')
]


class TestCase(base.BaseTestCase):
    """Runs commands where one extra, or none, is installed."""

    extra = ''

    def setUp(self) -> None:
        super().setUp()
        self.place = pathlib.Path(self.useFixture(fixtures.TempDir()).path)

    def python(
        self, *arguments: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.place,
            env={
                **{
                    name: value
                    for name, value in os.environ.items()
                    if '__' not in name
                },
                'XDG_STATE_HOME': str(self.place),
                **variables,
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def command(
        self, *arguments: str, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        return self.python(
            *('-m', 'nova_sg.tests.fixtures.installation', self.extra),
            *arguments,
            **variables,
        )

    def assert_done(self, *arguments: str, **variables: str) -> None:
        done = self.command(*arguments, **variables)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def assert_refused(
        self, says: str, *arguments: str, **variables: str
    ) -> None:
        """Assert one line that says something, and bad usage."""
        done = self.command(*arguments, **variables)
        self.assertEqual(
            (2, 1), (done.returncode, len(done.stderr.splitlines())), done
        )
        self.assertIn(says, done.stderr)


class TestEachExtra(TestCase):
    # With a driver of a database more can be imported, and nothing else.
    scenarios = [
        (extra or 'none', {'extra': extra})
        for extra in long.matrix(
            ['', *BACKENDS], [e for e in EXTRAS if e not in BACKENDS]
        )
    ]

    def test_only_a_backend_imports_what_is_optional(self):
        done = self.python(
            *('-c', _IMPORT_ALL, self.extra, *ELSEWHERE),
            # The WSGI application is made when it is imported.
            OS_API__AUTH_STRATEGY='noauth2',
        )
        self.assertEqual(0, done.returncode, done.stderr)
        for module, package in json.loads(done.stdout).items():
            needs = [
                extra
                for extra, names in BACKENDS.items()
                if any(name in module for name in names)
            ]
            self.assertTrue(needs, f'{module} imports {package}')
            self.assertNotIn(self.extra, needs, f'{module} misses {package}')


class TestNone(TestCase):
    """The core alone."""

    def test_it_keeps_services_in_sqlite(self):
        self.assert_done('nova-sg-manage', 'db', 'sync')
        self.assert_done('nova-sg-manage', 'service', 'list')

    def test_what_needs_an_extra_says_so_in_one_line(self):
        for driver, extra in (('zk', 'zookeeper'), ('mc', 'memcached')):
            self.assert_refused(
                f'install nova-sg[{extra}]',
                *('nova-sg-manage', 'service', 'list'),
                OS_SERVICEGROUP__DRIVER=driver,
            )
        self.assert_refused('nova-sg[api]', 'nova-sg-api')

    def test_a_process_without_backends_of_its_own_says_so_as_well(self):
        for driver, package in (('zk', 'kazoo'), ('mc', 'pymemcache')):
            self.assert_refused(
                package,
                *('nova-sg-agent', '--remote'),
                OS_SERVICEGROUP__DRIVER=driver,
                OS_DEFAULT__TRANSPORT_URL='rabbit://127.0.0.1:1/',
            )


class TestMetrics(TestCase):
    """oslo.messaging brings the library of metrics; a distribution may not."""

    def test_what_it_takes_is_said_in_one_line(self):
        for program, module in (
            ('nova-sg-api', 'api'),
            ('nova-sg-agent', 'agent'),
        ):
            done = self.python(
                '-c',
                'import sys; sys.modules["prometheus_client"] = None\n'
                f'from nova_sg.cmd import {module}\n'
                f'sys.exit({module}.main([]))',
                OS_API__AUTH_STRATEGY='noauth2',
                OS_MONITORING__PORTS=f'{program}:9181',
            )
            self.assertEqual(
                (2, 1), (done.returncode, len(done.stderr.splitlines())), done
            )
            self.assertIn('nova-sg[metrics]', done.stderr)


class TestAlone(TestCase):
    """A backend with its own extra, and with no other."""

    scenarios = [
        ('zookeeper', {'extra': 'zookeeper', 'driver': 'zk'}),
        ('memcached', {'extra': 'memcached', 'driver': 'mc'}),
    ]

    def test_it_lists_services(self):
        if self.driver == 'zk':
            server = self.useFixture(zookeeper.ZookeeperServer())
            options = {'OS_ZOOKEEPER__HOSTS': server.hosts}
        else:
            server = self.useFixture(memcached.MemcachedServer())
            options = {
                'OS_MEMCACHED__SERVERS': server.hosts,
                'OS_SERVICEGROUP__RECORDS': 'memcached',
            }
        self.assert_done(
            *('nova-sg-manage', 'service', 'list'),
            OS_SERVICEGROUP__DRIVER=self.driver,
            **options,
        )
