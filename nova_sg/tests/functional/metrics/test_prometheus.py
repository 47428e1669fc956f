# SPDX-License-Identifier: Apache-2.0

"""A real Prometheus, and everything that it scrapes."""

import os
import re
import signal
import time

from oslotest import base

from nova_sg.metrics import deployment
from nova_sg.tests.fixtures import api
from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import databases
from nova_sg.tests.fixtures import long
from nova_sg.tests.fixtures import prometheus
from nova_sg.tests.fixtures import rest_process
from nova_sg.tests.fixtures import scrape
from nova_sg.tests.fixtures.servers import ports
from nova_sg.tests.fixtures.servers import zookeeper
from nova_sg.tests.functional.conductor import base as conductor_base
from nova_sg.tests.functional.metrics import test_processes
from nova_sg.tests.functional.metrics import test_rules

wait_until = commands.wait_until

WORKERS = 3
UP = 'sum(nova_sg_services{state="up"})'
DOWN = 'sum(nova_sg_services{state="down"})'
AGE = 'nova_sg_knowledge_age_seconds'

#: All that may never go back.
COUNTERS = '{__name__=~"nova_sg_.*_(total|count|sum|bucket)"}'


def quick_rules() -> str:
    """Return the shipped rules, which do not wait for minutes."""
    text = re.sub(r'for: \d+m', 'for: 2s', test_rules.RULES.read_text())
    return text.replace(f'{AGE}) > 60', f'{AGE}) > 2')


def assert_not_back(server: prometheus.Prometheus) -> None:
    """See that no counter went back from one scrape to the next."""
    found = server.history(COUNTERS)
    assert found
    for values in found:
        assert values == sorted(values), values


class TestPrometheus(conductor_base.ConductorTestCase):
    """A nova-sg-api, a conductor, and agents that beat through it."""

    service_down_time = 6

    #: Agents, and the services of each.
    agents, each = (20, 1) if long.LONG else (4, 5)

    def setUp(self) -> None:
        super().setUp()
        self.conductor_port = self.useFixture(
            test_processes.HasPort('nova-sg-conductor')
        )
        self.conductor = self.start_conductor(
            OS_CONDUCTOR__WORKERS='2', **self.conductor_port.environment
        )
        self.started = [
            self.start_agent('--host', f'h{number}', '--count', f'{self.each}')
            for number in range(self.agents)
        ]
        port = self.useFixture(ports.Port()).number
        self.url = f'http://{ports.HOST}:{port}'
        self.served = self.useFixture(
            rest_process.RestProcess(
                self.conf,
                api={'workers': WORKERS},
                monitoring={'ports': f'nova-sg-api:{port}'},
                servicegroup={
                    'report_interval': self.report_interval,
                    'service_down_time': self.service_down_time,
                },
            )
        )
        self.prometheus = self.useFixture(
            prometheus.Prometheus(
                {
                    'nova-sg': [
                        url.removeprefix('http://')
                        for url in (self.url, self.conductor_port.url)
                    ]
                },
                quick_rules(),
            )
        )

    @property
    def all(self) -> int:
        return self.agents * self.each

    def wait_for(self, expression: str, value: float) -> None:
        def is_there():
            found = self.prometheus.query(expression)
            return [each for _, each in found] == [value]

        wait_until(is_there, f'{expression} is {value}')

    def local_downs(self) -> int:
        """Return how many services this process sees down."""
        records, alive = self.api.list(self.context)
        return sum(not alive[each.uuid].up for each in records)

    def test_agents_that_are_killed_fire_an_alert_that_resolves(self):
        self.wait_for(UP, self.all)
        wait_until(lambda: not self.prometheus.down(), 'both are scraped')
        killed = self.started[0]
        killed.kill()
        wait_until(lambda: self.local_downs() == self.each, 'they are down')
        # With the next list.
        time.sleep(deployment.FRESH)
        found = scrape.Scrape.of(self.url)
        self.assertEqual(
            self.each, found.value('nova_sg_services', state='down')
        )
        self.wait_for(DOWN, self.each)
        wait_until(lambda: self.fires('NovaSgServicesDown'), 'the alert fires')
        for pid in (
            self.served.process.pid,
            self.conductor.pid,
        ):
            os.kill(min(scrape.workers(pid)), signal.SIGKILL)
        killed.start()
        self.wait_for(UP, self.all)
        wait_until(
            lambda: 'NovaSgServicesDown' not in self.prometheus.alerts(),
            'the alert resolves',
        )
        self.wait_for('sum(nova_sg_verdict_changes_total)', 2 * self.each)
        assert_not_back(self.prometheus)
        self.assertLess(
            self.all,
            sum(
                value
                for _, value in self.prometheus.query(
                    'nova_sg_conductor_beats_written_total'
                )
            ),
        )

    def fires(self, alert: str) -> bool:
        return self.prometheus.alerts().get(alert) == 'firing'


class TestBackendAway(base.BaseTestCase):
    """A nova-sg-api whose ZooKeeper goes away, and comes back."""

    def setUp(self) -> None:
        super().setUp()
        self.server = self.useFixture(zookeeper.ZookeeperServer())
        self.useFixture(
            commands.Agent(
                *('--count', '5'),
                environment=commands.environment(
                    OS_SERVICEGROUP__DRIVER='zk',
                    OS_ZOOKEEPER__HOSTS=self.server.hosts,
                ),
            )
        ).wait_until_up()
        port = self.useFixture(ports.Port()).number
        database = self.useFixture(databases.SqliteDatabase()).url
        self.useFixture(
            rest_process.RestProcess(
                self.useFixture(api.Configuration(database)).conf,
                api={'workers': WORKERS},
                inventory={'backend': 'none'},
                monitoring={'ports': f'nova-sg-api:{port}'},
                servicegroup={'driver': 'zk'},
                zookeeper={'hosts': self.server.hosts},
            )
        )
        self.prometheus = self.useFixture(
            prometheus.Prometheus(
                {'nova-sg': [f'{ports.HOST}:{port}']}, quick_rules()
            )
        )

    def test_no_service_is_dead_and_the_backend_is(self):
        wait_until(self.are_all_up, 'they are up')
        self.server.kill()
        wait_until(
            lambda: (
                {*('NovaSgBackendDown', 'NovaSgKnowledgeOld')} <= self.firing()
            ),
            'the backend is told of',
        )
        self.assertTrue(self.are_all_up())
        self.server.start()
        wait_until(lambda: not self.prometheus.alerts(), 'they resolve')
        # At no moment was one of them anything else.
        for values in self.prometheus.history('nova_sg_services'):
            self.assertEqual({5.0}, {*values})
        self.assertEqual(
            [], self.prometheus.query('nova_sg_services{state!="up"}')
        )
        assert_not_back(self.prometheus)

    def are_all_up(self) -> bool:
        return [each for _, each in self.prometheus.query(UP)] == [5.0]

    def firing(self) -> set[str]:
        alerts = self.prometheus.alerts()
        return {name for name, state in alerts.items() if state == 'firing'}
