# SPDX-License-Identifier: Apache-2.0

"""What the page gets of all services, and what it costs to follow them."""

from unittest import mock

import fixtures

from nova_sg import exception
from nova_sg import objects
from nova_sg.api import deploy
from nova_sg.api.dashboard import application
from nova_sg.servicegroup.history import recorder
from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import statements
from nova_sg.tests.functional.api import backends
from nova_sg.tests.functional.dashboard import base

#: Longer than a test.
LONG = 3600.0


class TestZooKeeper(base.DashboardTestCase):
    """A backend that is away, for real."""

    backend = staticmethod(backends.zookeeper)

    def test_what_was_known_stands_while_the_backend_is_away(self):
        self.admin.sign_in()
        known = self.state()
        self.assertEqual('answers', known['backend'])
        self.cloud.deployment.kill()
        commands.wait_until(
            lambda: self.state()['backend'] != 'answers', 'it is away', 120
        )
        away = self.admin.get('/state')
        for each in ('fine', 'others'):
            self.assertEqual(known[each], away.json[each])
        self.assertGreater(float(away.headers[application.AGE]), 0)
        for secret in (*self.cloud.conf.zookeeper.hosts, '2181', 'kazoo'):
            self.assertNotIn(secret, away.text)


class TestState(base.DashboardTestCase):
    def setUp(self) -> None:
        super().setUp()
        # What is listed is listed when it is asked for, and not by the clock.
        self.useFixture(
            fixtures.MonkeyPatch(
                'nova_sg.api.dashboard.follower.INTERVAL', LONG
            )
        )
        self.admin.sign_in()

    def test_it_tells_of_services_that_are_fine_and_of_all_others(self):
        state = self.state()
        self.assertEqual(
            {'name': '', 'driver': 'db', 'records': 'sql'},
            state['deployment'],
        )
        self.assertEqual('answers', state['backend'])
        fine = {
            (host, state['binaries'][binary], state['zones'][zone])
            for host, binary, zone in state['fine']
        }
        self.assertEqual(
            {
                ('c1', 'nova-compute', 'az1'),
                ('ctl', 'nova-conductor', 'internal'),
                ('ctl', 'nova-scheduler', 'internal'),
            },
            fine,
        )
        disabled, forced = state['others']
        self.assertEqual(
            ('c2', 'up', '', True, 'new disks'),
            tuple(
                disabled[name]
                for name in (
                    *('host', 'state', 'reason'),
                    *('disabled', 'disabled_reason'),
                )
            ),
        )
        self.assertRegex(disabled['since'], r'^\d{4}-\d\d-\d\dT[\d:]{8}Z$')
        self.assertEqual(
            ('c3', 'down', 'forced', True),
            tuple(
                forced[name]
                for name in ('host', 'state', 'reason', 'forced_down')
            ),
        )

    def test_nothing_is_sent_and_asked_where_nothing_has_changed(self):
        first = self.admin.get('/state')
        known = {'If-None-Match': first.headers['ETag']}
        with statements.StatementCounter() as counted:
            for _ in range(3):
                again = self.admin.get('/state', **known)
                self.assertEqual((304, b''), (again.status_int, again.body))
                self.assertGreaterEqual(
                    float(again.headers[application.AGE]), 0
                )
        self.assertEqual([], counted.statements)

    def test_what_has_changed_has_another_revision(self):
        first = self.admin.get('/state')
        self.admin.post(
            '/actions/disable',
            {'host': 'c1', 'uuid': self.cloud.names['C1_UUID']},
        )
        known = {'If-None-Match': first.headers['ETag']}
        second = self.admin.get('/state', **known)
        self.assertEqual(200, second.status_int)
        self.assertNotEqual(first.headers['ETag'], second.headers['ETag'])
        hosts = [each['host'] for each in second.json['others']]
        self.assertEqual(['c1', 'c2', 'c3'], hosts)

    def test_all_workers_agree_on_the_revision(self):
        other = base.Client(deploy.loadapp(self.cloud.conf))
        other.sign_in()
        self.assertEqual(
            self.admin.get('/state').headers['ETag'],
            other.get('/state').headers['ETag'],
        )

    def test_a_beat_is_no_change(self):
        first = self.admin.get('/state').headers['ETag']
        for each in objects.ServiceGroupServiceList.get_all(
            self.cloud.context
        ):
            each.report_state()
        other = base.Client(deploy.loadapp(self.cloud.conf))
        other.sign_in()
        self.assertEqual(first, other.get('/state').headers['ETag'])

    def test_it_is_kept_by_no_cache_on_the_way_or_on_the_disk(self):
        for path in ('/state', '/session', '/host?name=c1'):
            response = self.admin.get(path)
            self.assertEqual(200, response.status_int)
            self.assertEqual('no-store', response.headers['Cache-Control'])

    def test_the_page_of_a_host_tells_more(self):
        response = self.admin.get('/host?name=c2')
        (service,) = response.json['services']
        self.assertEqual(self.cloud.names['C2_UUID'], service['uuid'])
        self.assertTrue(service['may_change'])
        self.assertRegex(service['last_seen'], 'T')
        services = self.admin.get('/host?name=ctl').json['services']
        self.assertEqual(
            ['nova-conductor', 'nova-scheduler'],
            sorted(each['binary'] for each in services),
        )
        self.assertFalse(any(each['may_change'] for each in services))

    def test_a_host_without_a_history_has_a_page(self):
        for error in (
            exception.Conflict('these records have no place for it'),
            exception.ConductorTooOld(method='history', reason='1.5'),
        ):
            with mock.patch.object(
                self.cloud.api, 'history', side_effect=error
            ):
                response = self.admin.get('/host?name=c1')
            self.assertEqual(200, response.status_int)
            self.assertIsNone(response.json['history'])
            self.assertNotEqual([], response.json['services'])

    def test_the_page_of_a_host_tells_its_history(self):
        self.assertEqual([], self.admin.get('/host?name=c1').json['history'])
        service = objects.ServiceGroupService.get_by_compute_host(
            self.cloud.context, 'c1'
        )
        recorded = recorder.Recorder(
            self.cloud.api, self.cloud.api.driver.history, 'watcher:1'
        )
        recorded.look()
        service.disabled = True
        service.save()
        recorded.look()
        newest, *_ = self.admin.get('/host?name=c1').json['history']
        self.assertRegex(newest.pop('at'), r'^\d{4}-\d\d-\d\dT[\d:]{8}Z$')
        self.assertEqual(
            {
                'binary': 'nova-compute',
                'before': 'up',
                'after': 'up, disabled',
                'reason': None,
                'observer': 'watcher:1',
            },
            newest,
        )

    def test_a_host_that_is_not_there_and_names_that_are_none(self):
        for query, status in (
            ('name=nobody', 404),
            ('name=C1', 404),
            ('name=%00', 404),
            ('name=', 400),
            ('name=c1&name=c2', 400),
            ('name=c1&more=1', 400),
            ('', 400),
            ('name=%ff', 400),
            (f'name={"x" * 256}', 400),
        ):
            response = self.admin.get(f'/host?{query}')
            self.assertEqual(status, response.status_int, query)
