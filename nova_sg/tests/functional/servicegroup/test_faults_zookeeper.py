# SPDX-License-Identifier: Apache-2.0

"""Servers of ZooKeeper crash, stand still, and elect another leader."""

import signal
import time

import testscenarios

from nova_sg.tests.fixtures import long
from nova_sg.tests.fixtures.servers import shared
from nova_sg.tests.fixtures.servers import zookeeper
from nova_sg.tests.functional.servicegroup import zookeeper_deployments
from nova_sg.tests.functional.servicegroup import zookeeper_faults

load_tests = testscenarios.load_tests_apply_scenarios

ENSEMBLE = shared.Shared(
    lambda: zookeeper.ZookeeperEnsemble(tick_time=zookeeper_deployments.TICK)
)


class TestServer(zookeeper_faults.FaultsTestCase):
    """The only server crashes."""

    def test_a_crash_and_restart(self):
        asking, mirrored = self.process(), self.mirrored()
        observer = self.observe(asking, mirrored)
        writer = self.write()
        self.until_writing(writer)
        self.server.kill()
        self.addCleanup(lambda: self.server.answers() or self.server.start())
        self.victim.signal(signal.SIGKILL)
        for api in (asking, mirrored):
            self.eventually(
                lambda api=api: api.knowledge_age > 0.5, 'its age is told'
            )
        time.sleep(2 * self.session_timeout)
        self.server.start()
        self.until_writing(writer)
        self.until_down(self.mortal, asking, mirrored)
        for api in (asking, mirrored):
            self.eventually(
                lambda api=api: api.knowledge_age == 0, 'all is known again'
            )
        self.assert_never_down(observer)
        self.assert_nothing_lost(writer, self.living[0], 'disabled_reason')


class TestPause(zookeeper_faults.FaultsTestCase):
    """The only server stands still, and goes on.

    For a share of the session timeout.
    """

    scenarios = [
        (f'for {share} of the timeout', {'share': share})
        for share in long.matrix([0.4, 1, 2.5], [0.2, 0.6, 0.8, 1.2, 5])
    ]

    def test_nobody_is_down_but_who_died(self):
        asking, mirrored = self.process(), self.mirrored()
        seldom = self.process()
        self.assertTrue(seldom.service_is_up(self.living[0]))
        observer = self.observe(asking, mirrored)
        writer = self.write()
        self.until_writing(writer)
        sessions = self.sessions(asking, mirrored)
        self.server.pause()
        self.addCleanup(self.server.resume)
        self.victim.signal(signal.SIGKILL)
        newcomer = self.process()
        self.session_of(newcomer).connect()
        time.sleep(self.share * self.session_timeout)
        self.server.resume()
        later = self.observe_now(seldom, newcomer)
        self.until_writing(writer)
        if self.share < 0.5:
            self.assertEqual(sessions, self.sessions(asking, mirrored))
        self.until_down(self.mortal, asking, mirrored, seldom, newcomer)
        for api in (asking, mirrored):
            self.eventually(
                lambda api=api: api.knowledge_age == 0, 'all is known again'
            )
        self.assert_never_down(observer)
        self.assert_never_down(later)
        self.assert_nothing_lost(writer, self.living[0], 'disabled_reason')

    def sessions(self, *apis):
        return {self.session_of(api).number for api in apis}


class TestEnsemble(zookeeper_faults.FaultsTestCase):
    def make_server(self):
        ensemble = ENSEMBLE.get()
        for node in ensemble.nodes:
            if not node.runs:
                node.start(wait=False)
        ensemble.wait_until_ready()
        return ensemble

    def test_a_leader_that_is_killed_under_changes(self):
        asking, mirrored = self.process(), self.mirrored()
        observer = self.observe(asking, mirrored)
        writers = {
            field: self.write(field)
            for field in ('disabled_reason', 'version')
        }
        registrar = self.process()
        creator = self.begin(
            lambda number: self.register(registrar, f'new{number}')
        )
        for _ in range(long.times(2, 10)):
            for writer in (*writers.values(), creator):
                self.until_writing(writer)
            leader = self.server.leader()
            leader.kill()
            for writer in (*writers.values(), creator):
                self.until_writing(writer)
            leader.start(wait=False)
            self.server.wait_until_ready()
        self.victim.signal(signal.SIGKILL)
        self.until_down(self.mortal, asking, mirrored)
        self.assert_never_down(observer)
        for field, writer in writers.items():
            self.assert_nothing_lost(writer, self.living[0], field)
        creator.stop()
        self.assertEqual([], creator.errors)
        hosts = {
            each.host: each for each in self.process().list(self.context)[0]
        }
        for each in creator.results:
            self.assertEqual(each, hosts[each.host])
        created = [host for host in hosts if host.startswith('new')]
        self.assertEqual(
            len(created),
            len({hosts[host].id for host in created}),
        )
        self.eventually(
            lambda: (
                {e.host for e in mirrored.list(self.context)[0]} == set(hosts)
            ),
            'the mirror has them all',
        )
