# SPDX-License-Identifier: Apache-2.0

"""What an agent shows, from its start to its end, however it ends."""

import os
import pathlib
import signal
import subprocess
import sys

import fixtures

from nova_sg.tests.functional.agent import base

#: Seconds within which a crash must show: the issue's own bound for these
#: intervals.
CRASH_SHOWS_WITHIN = 6.0


class LifeTestCase(base.AgentTestCase):
    def test_an_agent_that_has_started_is_up_and_says_so_in_one_line(self):
        agent = self.start('--host', 'c1')
        self.assertEqual({'c1': True}, self.states())
        self.assertIn(
            'nova-compute on c1 is up, reporting every 1 s', agent.log
        )
        self.assertEqual(1, len(agent.log.splitlines()), agent.log)
        (node,) = self.api.inventory.compute_nodes()
        self.assertEqual('c1', node.hypervisor_hostname)
        self.assertEqual(os.cpu_count(), node.vcpus)

    def test_what_an_agent_says_goes_to_stderr(self):
        directory = pathlib.Path(self.useFixture(fixtures.TempDir()).path)
        out, errors = directory / 'out', directory / 'errors'
        with out.open('wb') as stdout, errors.open('wb') as stderr:
            agent = subprocess.Popen(
                [sys.executable, '-m', 'nova_sg.cmd.agent', '--host', 'c1'],
                env=self.environment(),
                stdout=stdout,
                stderr=stderr,
            )
        self.addCleanup(agent.wait)
        self.addCleanup(agent.kill)
        base.wait_until(
            lambda: out.read_text() + errors.read_text(), 'it says something'
        )
        self.assertIn('is up', errors.read_text())
        self.assertEqual('', out.read_text())

    def test_a_killed_agent_is_soon_down(self):
        agent = self.start('--host', 'c1')
        self.assertTrue(self.is_up())
        agent.kill()
        base.wait_until(
            lambda: not self.is_up(), 'c1 is down', CRASH_SHOWS_WITHIN
        )

    def test_a_stopped_agent_is_down_at_once(self):
        agents = {
            number: self.begin('--host', number.name)
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        for number, agent in agents.items():
            agent.wait_until_up()
            self.assertTrue(self.is_up(number.name))
            self.assertEqual(0, agent.stop(number), agent.log)
            self.assertFalse(self.is_up(number.name))

    def test_a_frozen_agent_is_down_until_it_goes_on(self):
        agent = self.start('--host', 'c1')
        agent.pause()
        base.wait_until(
            lambda: not self.is_up(), 'c1 is down', CRASH_SHOWS_WITHIN
        )
        agent.resume()
        base.wait_until(self.is_up, 'c1 is up')

    def test_an_agent_started_again_is_the_same_service(self):
        self.start('--host', 'c1').stop()
        before = self.service()
        before.disabled = True
        before.save()
        self.start('--host', 'c1')
        after = self.service()
        self.assertEqual(before.uuid, after.uuid)
        self.assertTrue(after.disabled)
        self.assertTrue(after.is_up)
        self.assertEqual(1, len(self.api.inventory.compute_nodes()))
