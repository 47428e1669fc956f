# SPDX-License-Identifier: Apache-2.0

"""The page of a nova with its services in ZooKeeper."""

from nova_sg import conf as sg_conf
from nova_sg import context as sg_context
from nova_sg.servicegroup import api as sg_api
from nova_sg.servicegroup.backends.zookeeper import session
from nova_sg.servicegroup.history import recorder
from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import scrape
from nova_sg.tests.fixtures.servers import ports
from nova_sg.tests.fixtures.servers import zookeeper
from nova_sg.tests.functional.nova_tree import test_dashboard


class TestZooKeeper(test_dashboard.DashboardTestCase):
    """This process is a compute, and records what becomes of it."""

    driver = 'zk'

    def make_services(self) -> str:
        self.zookeeper = self.useFixture(zookeeper.ZookeeperServer()).hosts
        self.addCleanup(session.close_all)
        conf = sg_conf.load([])
        for group, name, value in (
            ('servicegroup', 'driver', 'zk'),
            ('servicegroup', 'cell', self.cell_uuid),
            # Nothing beats here.
            ('servicegroup', 'service_down_time', 3600),
            ('zookeeper', 'hosts', self.zookeeper),
        ):
            conf.set_override(name, value, group)
        self.api = sg_api.API(conf)
        self.context = sg_context.get_admin_context()
        made = [
            self.api.create(
                self.context,
                {
                    'host': host,
                    'binary': f'nova-{topic}',
                    'topic': topic,
                    'version': test_dashboard.VERSION,
                },
            )
            for host, topic in (('c1', 'compute'), ('ctl', 'conductor'))
        ]
        self.compute, self.conductor = self.api.join_many(self.context, made)
        return str(self.compute.uuid)

    def test_it_shows_what_zookeeper_knows_and_changes_it(self):
        watcher = recorder.Recorder(
            self.api, self.api.driver.history, 'a conductor'
        )
        watcher.look()
        self.assertTrue(self.sign_in()['acts'])
        state = self.ask('/dashboard/state')
        self.assertEqual(
            {'name': 'in a nova', 'driver': 'zk', 'records': 'zookeeper'},
            state['deployment'],
        )
        self.assertEqual(
            ['c1', 'ctl'], sorted(host for host, *_more in state['fine'])
        )
        self.assertEqual({'host': 'c1'}, self.act('disable', reason='disks'))
        record = self.api.get_by_uuid(self.context, self.uuid)
        self.assertEqual(
            (True, 'disks'), (record.disabled, record.disabled_reason)
        )
        self.assertEqual({'host': 'c1'}, self.act('enable'))

        # Of one that leaves the page tells why, and its history.
        self.compute.leave(self.context)
        for _ in range(2):
            watcher.look()
        commands.wait_until(
            lambda: self.ask('/dashboard/state')['others'],
            'the page tells of a service that is down',
        )
        (other,) = self.ask('/dashboard/state')['others']
        self.assertEqual(('c1', 'stopped'), (other['host'], other['reason']))
        found = self.ask('/dashboard/host?name=c1')
        self.assertEqual('stopped', found['history'][-1]['reason'])
        found = scrape.Scrape.of(f'http://{ports.HOST}:{self.metrics}')
        self.assertEqual(
            1, found.value('nova_sg_services', state='down', reason='stopped')
        )
        self.assertEqual('OK', self.health())
