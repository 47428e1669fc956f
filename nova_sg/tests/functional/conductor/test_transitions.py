# SPDX-License-Identifier: Apache-2.0

"""Transitions that conductors record, and what is read of them over RPC."""

import datetime
import json
import time

from nova_sg import exception
from nova_sg.servicegroup.history import base as history_base
from nova_sg.servicegroup.testing import transitions
from nova_sg.tests.fixtures import commands
from nova_sg.tests.functional.conductor import base


class TransitionsTestCase(base.ConductorTestCase):
    def setUp(self):
        super().setUp()
        self.compute = self.service('c1')

    def recorded(self):
        return self.api.history(self.context, history_base.Question())

    def decide(self):
        self.compute.disabled = not self.compute.disabled
        self.compute.save()

    def test_of_several_conductors_one_records(self):
        for host in ('ctl1', 'ctl2', 'ctl3'):
            self.start_conductor(
                OS_DEFAULT__HOST=host, OS_HISTORY__INTERVAL='1'
            )
        # The first list of a conductor is how things are.
        while not self.recorded():
            self.decide()
            time.sleep(0.7)
        for _ in range(5):
            before = len(self.recorded())
            self.decide()
            base.wait_until(
                lambda before=before: len(self.recorded()) > before,
                'a transition is recorded',
            )
        found = self.recorded()
        self.assertEqual(
            list(range(1, len(found) + 1)), [each.sequence for each in found]
        )
        for earlier, later in zip(found, found[1:], strict=False):
            self.assertEqual(earlier.after, later.before)
        for each in found:
            self.assertRegex(each.observer, r'^nova-sg-conductor on ctl[123]$')

    def test_a_process_without_a_database_reads_them(self):
        first = transitions.next_entry(self.compute.uuid, host='c1')
        recorded = self.api.driver.history.record(self.context, [first])
        expected = recorded[self.compute.uuid]
        self.start_conductor(OS_HISTORY__ENABLED='false')
        now = datetime.datetime.now(datetime.UTC)
        for question, found in (
            (history_base.Question(host='c1'), [expected]),
            (
                history_base.Question(
                    uuids=[self.compute.uuid],
                    since=now - datetime.timedelta(hours=1),
                ),
                [expected],
            ),
            (history_base.Question(host='c2'), []),
        ):
            client = self.client()
            self.assertEqual(found, client.history(self.context, question))
        command = self.useFixture(
            commands.Command(
                'nova_sg.cmd.manage',
                *('service', 'history', 'c1', '-f', 'json'),
                environment=self.remote_environment(),
            )
        )
        self.assertEqual(0, command.wait(), command.log)
        (row,) = json.loads(command.log)
        self.assertEqual(('up', 'down'), (row['From'], row['To']))

    def test_a_question_that_is_none_is_refused(self):
        self.start_conductor()
        client = self.client()
        for question in ({}, {'limit': 'many'}, []):
            error = self.assertRaises(
                exception.InvalidInput,
                client.sender.call,
                self.context,
                'history',
                question=question,
            )
            self.assertIn('no question', str(error))
