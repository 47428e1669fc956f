# SPDX-License-Identifier: Apache-2.0

"""Peers of two versions beside each other."""

import json

from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import peer
from nova_sg.tests.functional.conductor import base


class UpgradesTestCase(base.ConductorTestCase):
    def start_peer(self, *arguments, environment):
        return self.useFixture(
            commands.Command(
                peer.__name__, *arguments, environment=environment
            )
        )

    def start_conductor_of(self, version):
        started = self.start_peer(
            version, 'conductor', environment=self.environment()
        )
        started.wait_to_say('Serving ')
        return started

    def exercise(self, version):
        """Return what a peer of this version has seen."""
        result = commands.run(
            peer.__name__,
            *(version, 'exercise'),
            environment=self.remote_environment(),
        )
        self.assertEqual(0, result.returncode, result.stderr)
        return json.loads(result.stdout)

    def assert_stored(self):
        """See that all that was done remotely has been done."""
        there = self.stored('peer')
        self.assertEqual(
            (True, 'disk', True, 2),
            (
                there.disabled,
                there.disabled_reason,
                there.forced_down,
                there.report_count,
            ),
        )
        self.assertEqual(1, len(self.api.list(self.context)[0]))

    def assert_beats(self, version):
        """See an agent of this version register, beat, and leave."""
        agent = self.start_peer(
            *(version, 'agent', '--remote', '--host', 'c1'),
            environment=self.remote_environment(),
        )
        agent.wait_to_say(' up, reporting ')
        self.wait_for_beats()
        self.assertEqual(0, agent.stop(), agent.log)
        self.assertFalse(self.is_up())

    def test_an_older_peer_of_a_newer_conductor(self):
        self.start_conductor_of('next')
        seen = self.exercise('this')
        self.assert_stored()
        for which in ('made', 'listed', 'found', 'backported'):
            self.assertEqual('1.0', seen[which]['version'], which)
        self.assertTrue(seen['listed']['is_up'])
        self.assertEqual('met', seen['backported']['host'])
        self.assertEqual(1, seen['minimum'])
        self.assert_beats('this')

    def test_a_newer_peer_of_an_older_conductor(self):
        self.start_conductor_of('this')
        seen = self.exercise('next')
        self.assert_stored()
        self.assertEqual('1.1', seen['made']['version'])
        self.assertTrue(seen['listed']['is_up'])
        for which in ('made', 'listed', 'found'):
            self.assertIsNone(seen[which]['note'], which)
        self.assertEqual(1, seen['minimum'])
        # What the conductor would have lost.
        self.assertTrue(seen['refused'])
        self.assert_beats('next')

    def test_both_newer(self):
        self.start_conductor_of('next')
        seen = self.exercise('next')
        for which in ('made', 'listed', 'found'):
            self.assertEqual(
                ('1.1', peer.NOTE),
                (seen[which]['version'], seen[which]['note']),
            )
        self.assertEqual('theirs', seen['backported']['note'])

    def test_a_conductor_is_replaced_by_a_newer_under_an_agent(self):
        older = self.start_conductor_of('this')
        self.start_agent('--host', 'c1')
        self.assertEqual(0, older.stop(), older.log)
        self.start_conductor_of('next')
        self.wait_for_beats(3)
        self.assertTrue(self.is_up())
