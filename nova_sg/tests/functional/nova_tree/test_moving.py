# SPDX-License-Identifier: Apache-2.0

"""The services of a nova's cell are moved by its own nova-manage."""

import json

import testscenarios

from nova_sg.tests.fixtures import long
from nova_sg.tests.fixtures.servers import zookeeper
from nova_sg.tests.functional.nova_tree import base

load_tests = testscenarios.load_tests_apply_scenarios

UUID = '11111111-1111-4111-8111-111111111111'

_CONF = """
[DEFAULT]
transport_url = fake:///
[servicegroup]
driver = db
[zookeeper]
hosts = {hosts}
[upgrade_levels]
conductor = auto
"""

_SERVICE = (
    'INSERT INTO services (created_at, deleted, uuid, host, binary, topic,'
    ' report_count, disabled, disabled_reason, forced_down, version)'
    " VALUES ('2026-01-01 00:00:00', 0, ?, 'c1', 'nova-compute', 'compute',"
    " 7, 1, 'new disk', 0, 70)"
)


class TestMoving(base.TestCase):
    scenarios = long.matrix(
        [('nova-34', {'number': 34})],
        [(f'nova-{number}', {'number': number}) for number in (31, 32, 33)],
    )

    def migrate(self, *arguments: str) -> object:
        # As each nova runs it by default: under eventlet.
        return self.nova('nova-manage', 'service', 'migrate', *arguments)

    def manage(self, *arguments: str, **environment: str) -> str:
        return self.assert_done(
            self.cell.run(
                *('nova-sg-manage', '--config-file', 'nova.conf', *arguments),
                **environment,
            )
        )

    def test_a_cell_is_moved_and_nobody_serves_what_it_has_left(self):
        server = self.useFixture(zookeeper.ZookeeperServer())
        self.cell.configure(_CONF.format(hosts=server.hosts))
        with self.cell.connect() as cell:
            cell.execute(_SERVICE, (UUID,))
        self.assertIn(
            "'nowhere' is not installed",
            self.assert_refused(
                2, self.migrate('--from', 'nowhere', '--to', 'db')
            ),
        )
        moving = ('--from', 'db', '--to', 'zk')
        self.assertIn(
            'nova-sg-manage db sync',
            self.assert_refused(5, self.migrate(*moving)),
        )
        self.manage('db', 'sync')
        trial = self.assert_done(self.migrate(*moving, '--dry-run'))
        self.assertIn('| False |', trial)
        self.assertIn('| True  |', self.assert_done(self.migrate(*moving)))
        (service,) = json.loads(
            self.manage(
                *('service', 'list', '--long', '-f', 'json'),
                OS_SERVICEGROUP__DRIVER='zk',
            )
        )
        self.assertEqual(
            (UUID, 'c1', 'disabled', 'new disk'),
            tuple(
                service[name]
                for name in ('ID', 'Host', 'Status', 'Disabled Reason')
            ),
        )
        # One that was left as it was does not start, and forks nothing.
        ways = [base.EVENTLET]
        if self.number == 34:
            ways.append(base.THREADS)
        for way in ways:
            error = self.assert_refused(
                4, self.nova('nova-conductor', '--log-file', 'log', **way)
            )
            self.assertIn('driver = zk', error)
            self.assertIn('"nova-manage service migrate"', error)
