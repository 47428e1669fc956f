# SPDX-License-Identifier: Apache-2.0

"""nova-sg-api in a nova: the page, metrics and health over its cells."""

import http.cookiejar
import json
from typing import Any
import urllib.error
import urllib.request
import uuid

from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import scrape
from nova_sg.tests.fixtures.servers import ports
from nova_sg.tests.functional.nova_tree import base

CONF = """\
[DEFAULT]
host = controller
transport_url = fake:///
state_path = {directory}
my_ip = 127.0.0.1
service_down_time = 3600
# A compute that is up is told; here none listens.
rpc_response_timeout = 1
long_rpc_timeout = 1
[oslo_concurrency]
lock_path = {directory}
[servicegroup]
driver = {driver}
{cell}
[zookeeper]
hosts = {zookeeper}
[api]
auth_strategy = noauth2
[dashboard]
enabled = true
name = in a nova
[monitoring]
ports = nova-sg-api:{metrics_port}
"""

_SERVICE = (
    'INSERT INTO services (created_at, updated_at, last_seen_up, host, '
    '"binary", topic, report_count, disabled, deleted, forced_down, version, '
    "uuid) VALUES (datetime('now'), datetime('now'), datetime('now'), ?, ?, "
    '?, 0, 0, 0, 0, ?, ?)'
)

#: A server was evacuated from a host; its nova-compute has not started since.
_EVACUATION = (
    'INSERT INTO migrations (created_at, source_compute, dest_compute, '
    'status, migration_type, uuid, instance_uuid, deleted, hidden, '
    'cross_cell_move) '
    "VALUES (datetime('now'), ?, 'c2', 'done', 'evacuation', ?, ?, 0, 0, 0)"
)

#: It left an hour ago.
_STOPPED = """
    UPDATE services SET last_seen_up = datetime('now', '-1 day')
        WHERE uuid = '{uuid}';
    INSERT INTO nova_sg_departures
        (service_uuid, reason, noted_at, last_seen, seen_by)
        VALUES ('{uuid}', 'stopped', datetime('now', '-1 hour'),
        datetime('now', '-1 hour'), 'c1:7');
    INSERT INTO nova_sg_transitions
        (uuid, sequence, host, "binary", time, before, after, reason, observer)
        VALUES ('{uuid}', 1, 'c1', 'nova-compute',
        datetime('now', '-1 hour'), 'up', 'down', 'stopped', 'ctl:8');
"""

#: nova's highest service version would do; a compute that is too old is
#: none of the page's business.
VERSION = 68


class DashboardTestCase(base.TestCase):
    """The page of a nova with a compute and a conductor."""

    driver = 'db'
    zookeeper = '127.0.0.1:1'

    def setUp(self) -> None:
        super().setUp()
        with self.cell.connect('api') as api:
            ((cell_id, self.cell_uuid),) = api.execute(
                "SELECT id, uuid FROM cell_mappings WHERE name = 'cell1'"
            )
            api.execute(
                'INSERT INTO host_mappings (created_at, cell_id, host) '
                "VALUES (datetime('now'), ?, 'c1')",
                (cell_id,),
            )
        self.port = self.useFixture(ports.Port()).number
        self.metrics = self.useFixture(ports.Port()).number
        self.url = f'http://{ports.HOST}:{self.port}'
        self.uuid = self.make_services()
        self.cell.configure(
            CONF.format(
                directory=self.cell.directory,
                metrics_port=self.metrics,
                driver=self.driver,
                cell='' if self.driver == 'db' else f'cell = {self.cell_uuid}',
                zookeeper=self.zookeeper,
            )
        )
        self.cookies = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(
            urllib.request.HTTPCookieProcessor(self.cookies)
        )
        self.proof = ''
        self.start(
            *('nova-sg-api', '--port', str(self.port), '--workers', '1'),
            ready=lambda: self.ask('/healthcheck') == 200,
            **base.THREADS,
        )

    def make_services(self) -> str:
        """Make the services, and return the uuid of nova-compute on c1."""
        raise NotImplementedError

    def sign_in(self) -> Any:
        signed_in = self.ask('/dashboard/login', {'user': 'admin'})
        self.proof = signed_in['proof']
        return signed_in

    def ask(self, path: str, body: Any = None) -> Any:
        """Return what an answer holds; its status where that is no JSON."""
        request = urllib.request.Request(
            self.url + path,
            None if body is None else json.dumps(body).encode(),
            {
                'Content-Type': 'application/json',
                'Origin': self.url,
                'X-CSRF-Token': self.proof,
            },
        )
        try:
            with self.opener.open(request, timeout=60) as answer:
                text = answer.read()
                status = answer.status
        except urllib.error.HTTPError as error:
            with error:
                return error.code
        try:
            return json.loads(text)
        except ValueError:
            return status

    def act(self, action: str, **more: str) -> Any:
        return self.ask(
            f'/dashboard/actions/{action}',
            {'host': 'c1', 'uuid': self.uuid, **more},
        )

    def health(self) -> Any:
        request = urllib.request.Request(f'{self.url}/healthcheck/backend')
        with self.opener.open(request, timeout=60) as answer:
            return answer.read().decode()


class TestDashboard(DashboardTestCase):
    """nova's own tables, with a compute in its cell, and more in cell0."""

    def make_services(self) -> str:
        compute = str(uuid.uuid4())
        self.insert('cell', 'c1', 'nova-compute', 'compute', compute)
        self.insert(
            *('cell0', 'ctl', 'nova-conductor', 'conductor'),
            str(uuid.uuid4()),
        )
        return compute

    def insert(self, database: str, *values: str) -> None:
        *names, identity = values
        with self.cell.connect(database) as connection:
            connection.execute(_SERVICE, (*names, VERSION, identity))

    def read(self) -> tuple[Any, ...]:
        with self.cell.connect() as cell:
            ((*found,),) = cell.execute(
                'SELECT disabled, disabled_reason, forced_down FROM services'
            )
        return tuple(found)

    def evacuate(self) -> None:
        """Check that a host that was evacuated is restarted first."""
        self.assertEqual({'host': 'c1'}, self.act('force-down'))
        with self.cell.connect() as cell:
            cell.execute(
                _EVACUATION, ('c1', str(uuid.uuid4()), str(uuid.uuid4()))
            )
        self.assertEqual(409, self.act('unset-force-down'))
        self.assertEqual((0, None, 1), self.read())
        # Nothing else is held up.
        self.assertEqual({'host': 'c1'}, self.act('disable'))
        with self.cell.connect() as cell:
            cell.execute("UPDATE migrations SET status = 'completed'")
        self.assertEqual({'host': 'c1'}, self.act('unset-force-down'))
        self.assertEqual((1, None, 0), self.read())

    def test_it_shows_all_cells_and_acts_as_nova_would(self):
        self.assertEqual(401, self.ask('/dashboard/state'))
        signed_in = self.sign_in()
        self.assertTrue(signed_in['acts'], signed_in)
        state = self.ask('/dashboard/state')
        self.assertEqual(
            {'name': 'in a nova', 'driver': 'db', 'records': 'sql'},
            state['deployment'],
        )
        fine = {
            (host, state['binaries'][binary], state['zones'][zone])
            for host, binary, zone in state['fine']
        }
        self.assertEqual(
            {
                ('c1', 'nova-compute', 'nova'),
                ('ctl', 'nova-conductor', 'internal'),
            },
            fine,
        )
        for action, more, row in (
            ('disable', {'reason': 'new disks'}, (1, 'new disks', 0)),
            ('force-down', {}, (1, 'new disks', 1)),
            ('unset-force-down', {}, (1, 'new disks', 0)),
            ('enable', {}, (0, None, 0)),
        ):
            self.assertEqual({'host': 'c1'}, self.act(action, **more))
            self.assertEqual(row, self.read(), action)
        # HostAPI tells the compute to note it in placement.
        self.assertIn(
            'COMPUTE_STATUS_DISABLED trait on compute node',
            (self.cell.directory / 'log').read_text(),
        )
        (service,) = self.ask('/dashboard/host?name=c1')['services']
        self.assertEqual(self.uuid, service['uuid'])
        (other,) = self.ask('/dashboard/host?name=ctl')['services']
        response = self.ask(
            '/dashboard/actions/disable',
            {'host': 'ctl', 'uuid': other['uuid']},
        )
        self.assertEqual(400, response)
        # Metrics and health are of all cells, too.
        found = scrape.Scrape.of(f'http://{ports.HOST}:{self.metrics}')
        self.assertEqual(2, found.value('nova_sg_services', state='up'))
        self.assertEqual('OK', self.health())
        self.evacuate()
        # There is no second compute API.
        self.assertEqual(404, self.ask('/v2.1/os-services'))
        # By nova's own policies.
        self.proof = ''
        member = self.ask('/dashboard/login', {'user': 'joe'})
        self.assertEqual((False, False), (member['sees'], member['acts']))
        self.assertEqual(403, self.ask('/dashboard/state'))

    def test_it_tells_why_a_service_is_down_and_what_became_of_it(self):
        self.ask('/dashboard/login', {'user': 'admin'})
        found = self.ask('/dashboard/host?name=c1')
        self.assertIsNone(found['history'])
        self.assert_done(self.nova('nova-manage', 'service', 'prepare'))
        with self.cell.connect() as cell:
            cell.executescript(_STOPPED.format(uuid=self.uuid))
        commands.wait_until(
            lambda: self.ask('/dashboard/state')['others'],
            'the page tells of a service that is down',
        )
        (other,) = self.ask('/dashboard/state')['others']
        self.assertEqual(('c1', 'stopped'), (other['host'], other['reason']))
        scraped = scrape.Scrape.of(f'http://{ports.HOST}:{self.metrics}')
        self.assertEqual(
            1, scraped.value('nova_sg_services', reason='stopped')
        )
        found = self.ask('/dashboard/host?name=c1')
        (service,) = found['services']
        self.assertEqual('c1:7', service['seen_by'])
        (transition,) = found['history']
        self.assertEqual(
            ('up', 'down', 'stopped', 'ctl:8'),
            tuple(
                transition[name]
                for name in ('before', 'after', 'reason', 'observer')
            ),
        )
