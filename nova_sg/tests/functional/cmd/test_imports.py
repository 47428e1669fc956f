# SPDX-License-Identifier: Apache-2.0

"""What a process does not import, since it has no use for it.

A command is gone before an operator would wait for it, as long as it imports
what it needs: oslo.messaging alone takes longer than all the rest.
"""

import re
import subprocess
import sys

import fixtures
from oslotest import base

from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures.servers import memcached
from nova_sg.tests.fixtures.servers import zookeeper
from nova_sg.tests.functional.agent import base as agent_base
from nova_sg.tests.functional.cmd import base as cmd_base

#: What takes long to import, but for one small module of oslo.messaging.
_HEAVY = re.compile(
    r'(alembic|amqp|cotyledon|eventlet|jsonschema|kazoo|keystonemiddleware'
    r'|kombu|mako|oslo_concurrency|oslo_messaging|oslo_policy|oslo_service'
    r'|prometheus_client'
    r'|pygments|pymemcache|requests|sqlalchemy|webob'
    r'|sqlalchemy\.dialects\.postgresql)$'
)

#: Has Python print a line for each module that it imports.
_TELL = {'PYTHONPROFILEIMPORTTIME': '1'}
_LINE = re.compile(r'^import time:.*\| *([\w.]+)$', re.MULTILINE)


def heavy(told: str) -> set[str]:
    """Return what was imported, of that which takes long.

    :param told: what the process wrote to stderr
    """
    return {each for each in _LINE.findall(told) if _HEAVY.match(each)}


class TestCommands(base.BaseTestCase):
    def imported(self, *arguments, **environment):
        home = self.useFixture(fixtures.TempDir()).path
        done = subprocess.run(
            [sys.executable, '-m', 'nova_sg.cmd.manage', *arguments],
            env=commands.environment(HOME=home, **_TELL, **environment),
            capture_output=True,
            text=True,
            timeout=cmd_base.PATIENCE,
            check=False,
        )
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn('nova_sg.cmd.common', _LINE.findall(done.stderr))
        return heavy(done.stderr)

    def test_the_help_needs_no_backend(self):
        for arguments in (['--help'], ['service', 'list', '--help']):
            self.assertEqual(set(), self.imported(*arguments))

    def test_a_list_from_sqlite_needs_sqlalchemy_alone(self):
        home = self.useFixture(fixtures.TempDir()).path
        here = {'XDG_STATE_HOME': home}
        # The first one makes the schema, and needs alembic for that.
        self.imported('service', 'list', **here)
        self.assertEqual(
            {'sqlalchemy'}, self.imported('service', 'list', **here)
        )

    def test_a_list_from_memcached_needs_its_client_alone(self):
        server = self.useFixture(memcached.MemcachedServer())
        self.assertEqual(
            {'pymemcache'},
            self.imported(
                *('service', 'list'),
                OS_SERVICEGROUP__DRIVER='mc',
                OS_SERVICEGROUP__RECORDS='memcached',
                OS_MEMCACHED__SERVERS=server.hosts,
            ),
        )

    def test_a_list_from_zookeeper_needs_its_client_alone(self):
        server = self.useFixture(zookeeper.ZookeeperServer())
        self.assertEqual(
            {'kazoo'},
            self.imported(
                *('service', 'list'),
                OS_SERVICEGROUP__DRIVER='zk',
                OS_ZOOKEEPER__HOSTS=server.hosts,
            ),
        )


class TestAgent(agent_base.AgentTestCase):
    def environment(self, seconds_ahead=0):
        return {**super().environment(seconds_ahead), **_TELL}

    def test_an_agent_without_a_conductor_needs_no_message_bus(self):
        agent = self.begin()
        agent.wait_until_up()
        self.assertEqual(0, agent.stop())
        self.assertEqual({'sqlalchemy'}, heavy(agent.log))
