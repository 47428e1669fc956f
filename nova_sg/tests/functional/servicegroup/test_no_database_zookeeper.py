# SPDX-License-Identifier: Apache-2.0

"""``driver = zk`` configures no database, and touches none."""

import json
import os
import subprocess
import sys

import fixtures

from nova_sg.tests.functional.servicegroup import zookeeper_base as base

#: Runs ``nova-sg-manage`` and tells, as the last line on stderr, what it has
#: loaded and opened that smells of a database.
PROGRAM = """
import json, sys

opened = []

def watch(event, arguments):
    name = str(arguments[0]) if arguments else ''
    if event.startswith('sqlite3') or (
        event == 'open' and name.endswith(('sqlite', 'sqlite3', '.db'))
    ):
        opened.append(f'{event} {name}')

sys.addaudithook(watch)
from nova_sg.cmd import manage
try:
    code = manage.main(sys.argv[1:])
except SystemExit as error:
    code = error.code
databases = ('sqlalchemy', 'sqlite3', 'psycopg2', 'pymysql', 'MySQLdb')
loaded = [
    name for name in sys.modules
    if name.split('.')[0] in databases
    or name.startswith(('nova_sg.db', 'nova_sg.inventory.sql', 'oslo_db.sql'))
]
print(json.dumps([code, loaded, opened]), file=sys.stderr)
"""


class TestNoDatabase(base.ZooKeeperTestCase):
    def setUp(self):
        super().setUp()
        self.home = self.useFixture(fixtures.TempDir()).path
        self.cache = self.useFixture(fixtures.TempDir()).path
        self.config_file = self.write_conf()

    def manage(self, *arguments):
        """Run a command, and return what it wrote."""
        result = subprocess.run(
            [
                *(sys.executable, '-c', PROGRAM, *arguments),
                *('--config-file', self.config_file),
            ],
            env={
                **os.environ,
                'HOME': self.home,
                'XDG_STATE_HOME': self.home,
                # Of entry points; stevedore keeps it for any program.
                'XDG_CACHE_HOME': self.cache,
            },
            capture_output=True,
            text=True,
            timeout=60,
        )
        told = result.stderr.splitlines()[-1]
        self.assertEqual([0, [], []], json.loads(told), result.stderr)
        self.assertEqual([], os.listdir(self.home))
        return result.stdout

    def test_all_commands_about_services_do_without(self):
        service = self.register(self.process(), 'host1')
        self.manage('driver', 'check')
        named = ('host1', 'nova-compute')
        self.manage('service', 'disable', '--reason', 'why', *named)
        self.manage('service', 'force-down', *named)
        (shown,) = json.loads(
            self.manage('service', 'list', '--long', '-f', 'json')
        )
        self.assertEqual('why', shown['Disabled Reason'])
        self.assertTrue(shown['Forced Down'])
        self.manage('service', 'force-down', '--unset', *named)
        self.manage('service', 'enable', *named)
        self.manage('service', 'delete', service.uuid)
        self.assertEqual(
            [], json.loads(self.manage('service', 'list', '-f', 'json'))
        )
