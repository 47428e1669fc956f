# SPDX-License-Identifier: Apache-2.0

"""The agent inside a process, where its moments can be chosen."""

import concurrent.futures
import dataclasses
import signal
import threading
import time

import fixtures
from oslotest import base

from nova_sg import exception
from nova_sg import objects
from nova_sg.agent import service
from nova_sg.tests.fixtures import api
from nova_sg.tests.fixtures import schemas

PATIENCE = 60.0  # seconds


class StopTestCase(base.BaseTestCase):
    def test_a_signal_ends_a_wait(self):
        stop = service.Stop()
        self.addCleanup(
            signal.signal,
            signal.SIGALRM,
            signal.signal(signal.SIGALRM, lambda *_: stop.request()),
        )
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        self.assertTrue(stop.wait(PATIENCE))

    def test_a_wish_is_for_everybody_who_asks(self):
        stop = service.Stop()
        self.assertFalse(stop.requested)
        self.assertFalse(stop.wait(0))
        stop.request()
        self.assertTrue(stop.requested)
        self.assertTrue(stop.wait(0))
        self.assertTrue(stop.wait(None))
        self.assertTrue(stop.requested)


class AgentTestCase(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        url = self.useFixture(schemas.SqliteSchema()).url
        process = self.useFixture(
            api.Api(url, servicegroup={'report_interval': 1})
        )
        self.conf = process.conf
        self.api = process.api
        self.context = process.context
        self.pool = concurrent.futures.ThreadPoolExecutor()
        self.addCleanup(self.pool.shutdown)

    def patch(self, name, value):
        self.useFixture(
            fixtures.MonkeyPatch(f'nova_sg.agent.service.{name}', value)
        )

    def run_agent(self, *hosts, **options):
        """Run an agent in a thread, up and joined when this returns.

        :returns: the agent, and the future of what its run() returns
        """
        up = threading.Event()
        self.patch(
            'systemd.Notifier.notify', lambda _notifier, _state: up.set()
        )
        agent = service.Agent(self.conf, hosts, **options)
        self.addCleanup(agent.stop)
        ended = self.pool.submit(agent.run)
        self.assertTrue(up.wait(PATIENCE))
        return agent, ended

    def service(self, host='c1', binary='nova-compute'):
        return objects.ServiceGroupService.get_by_args(
            self.context, host, binary
        )

    def wait_until(self, condition):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)

    def test_hosts_go_into_the_zone_and_out_of_any_other(self):
        self.api.inventory.set_zone('c1', 'z0')
        self.run_agent('c1', 'c2', simulated=True, zone='z1')
        self.assertEqual({'c1': 'z1', 'c2': 'z1'}, self.api.inventory.zones())

    def test_hosts_stay_in_their_zone_unless_another_is_given(self):
        self.api.inventory.set_zone('c1', 'z0')
        self.run_agent('c1')
        self.assertEqual({'c1': 'z0'}, self.api.inventory.zones())

    def test_only_computes_have_a_compute_node(self):
        self.run_agent('c1', binary='nova-scheduler')
        self.assertTrue(self.service(binary='nova-scheduler').is_up)
        self.assertEqual([], self.api.inventory.compute_nodes())

    def test_those_that_have_joined_beat_while_others_register(self):
        seen = []

        def wait_for_beats(done):
            if done == 1:
                before = self.service('c1').report_count
                self.wait_until(
                    lambda: self.service('c1').report_count >= before + 2
                )
            seen.append(done)

        self.patch('BATCH', 1)
        self.run_agent('c1', 'c2', simulated=True, on_progress=wait_for_beats)
        self.assertEqual([1, 2], seen)

    def test_an_agent_stopped_while_it_registers_takes_along_who_joined(self):
        self.patch('BATCH', 1)
        agent = service.Agent(
            self.conf,
            ['c1', 'c2'],
            simulated=True,
            on_progress=lambda _done: agent.stop(),
        )
        self.assertTrue(agent.run())
        (joined,) = objects.ServiceGroupServiceList.get_all(self.context)
        self.assertEqual('c1', joined.host)
        self.assertFalse(joined.is_up)

    def test_a_machine_that_changes_is_reported_again(self):
        self.patch('REFRESH', 0.05)
        self.run_agent('c1')
        (node,) = self.api.inventory.compute_nodes()
        self.api.inventory.report([dataclasses.replace(node, vcpus=0)])
        self.wait_until(
            lambda: self.api.inventory.compute_nodes()[0].vcpus == node.vcpus
        )

    def test_an_unexpected_error_beside_the_beat_does_not_end_the_agent(self):
        log = self.useFixture(fixtures.FakeLogger('nova_sg.agent'))
        self.patch('REFRESH', 0.02)
        self.run_agent('c1')
        for place, error in (
            ('agent_host.describe', OSError('/proc is gone')),
            ('registration.Service.get_by_uuid', ZeroDivisionError('500')),
            (
                'registration.Service.get_by_uuid',
                exception.ConductorError(method='get', reason='500'),
            ),
        ):
            failed = threading.Event()

            def fail(*_arguments, error=error, failed=failed):
                failed.set()
                raise error

            with fixtures.MonkeyPatch(f'nova_sg.agent.service.{place}', fail):
                self.assertTrue(failed.wait(PATIENCE))
            beats = self.service().report_count
            self.wait_until(lambda beats=beats: self.beats() > beats)
            self.wait_until(lambda log=log: 'Recovered' in log.output)
            self.assertEqual(1, log.output.count('will try'), log.output)
            log = self.useFixture(fixtures.FakeLogger('nova_sg.agent'))

    def beats(self):
        return self.service().report_count

    def test_a_deleted_service_gets_no_compute_node_again(self):
        agent, _ended = self.run_agent('c1')
        self.service().destroy()
        agent._refresh()
        self.assertEqual([], self.api.inventory.compute_nodes())

    def test_an_agent_ends_when_the_last_of_its_services_is_deleted(self):
        _agent, ended = self.run_agent('c1', 'c2', simulated=True)
        self.service('c1').destroy()
        beats = self.service('c2').report_count
        self.wait_until(lambda: self.service('c2').report_count >= beats + 3)
        self.assertFalse(ended.done())
        self.service('c2').destroy()
        self.assertFalse(ended.result(PATIENCE))
