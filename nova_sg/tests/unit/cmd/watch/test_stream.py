# SPDX-License-Identifier: Apache-2.0

"""Transitions as lines."""

import contextlib
import io
import json

from oslotest import base as test_base

from nova_sg.cmd.watch import stream
from nova_sg.cmd.watch import transitions
from nova_sg.tests.unit.cmd.watch import base

Transition = transitions.Transition


class TestStream(test_base.BaseTestCase):
    def printed(self, *, as_json, changes=()):
        """Return the lines of a stream that begins, and brings changes."""
        output = io.StringIO()
        lines = stream.Stream(as_json=as_json)
        services = [base.sighting(), base.sighting('c2', state='down')]
        with contextlib.redirect_stdout(output):
            lines.begin(base.news(*services))
            lines.tell(base.news(*services, changes=list(changes), after=2))
        return output.getvalue().splitlines()

    def test_the_first_line_counts_the_services(self):
        self.assertEqual(
            ['2030-01-01T12:00:00Z watching 2 service(s): 1 down, 1 up'],
            self.printed(as_json=False),
        )
        [line] = self.printed(as_json=True)
        self.assertEqual(
            {
                'time': '2030-01-01T12:00:00.000000',
                'event': 'watching',
                'services': 2,
                'up': 1,
                'down': 1,
            },
            json.loads(line),
        )

    def test_lines_for_a_reader(self):
        c1, silent = base.sighting(), base.down('silent')
        for change, says in (
            (
                Transition('state', 'up', 'down', service=c1),
                'c1 nova-compute: up -> down',
            ),
            (
                Transition('state', 'up', 'down', service=silent),
                'c1 nova-compute: up -> down '
                '(silent, last seen at 2030-01-01T12:00:00Z by c1:99)',
            ),
            (
                Transition('reason', 'silent', 'wedged', service=silent),
                'c1 nova-compute: reason silent -> wedged',
            ),
            (
                Transition('state', 'down', 'up', service=c1),
                'c1 nova-compute: down -> up',
            ),
            (
                Transition(
                    'status', 'enabled', 'disabled', service=c1, reason='disk'
                ),
                'c1 nova-compute: enabled -> disabled (disk)',
            ),
            (
                Transition('forced_down', False, True, service=c1),
                'c1 nova-compute: forced down',
            ),
            (
                Transition('forced_down', True, False, service=c1),
                'c1 nova-compute: no longer forced down',
            ),
            (
                Transition('zone', 'nova', 'az1', service=c1),
                'c1 nova-compute: zone nova -> az1',
            ),
            (
                Transition('added', None, 'up', service=c1),
                'c1 nova-compute: added, up',
            ),
            (
                Transition('deleted', 'up', None, service=c1),
                'c1 nova-compute: deleted',
            ),
            (
                Transition('backend', 'reachable', 'unreachable', reason='x'),
                'the backend: reachable -> unreachable (x)',
            ),
        ):
            lines = self.printed(as_json=False, changes=[change])
            self.assertEqual(f'2030-01-01T12:00:02Z {says}', lines[1])

    def test_objects_for_a_program(self):
        change = Transition('state', 'up', 'down', service=base.sighting())
        lines = self.printed(as_json=True, changes=[change])
        self.assertEqual(
            {
                'time': '2030-01-01T12:00:02.000000',
                'event': 'state',
                'from': 'up',
                'to': 'down',
                'id': 'uuid-c1',
                'host': 'c1',
                'binary': 'nova-compute',
                'zone': 'nova',
            },
            json.loads(lines[1]),
        )

    def test_a_program_is_told_why_a_service_is_down(self):
        change = Transition(
            'state', 'up', 'down', service=base.down('silent'), reason='silent'
        )
        [_begun, line] = self.printed(as_json=True, changes=[change])
        told = json.loads(line)
        noon = '2030-01-01T12:00:00.000000'
        self.assertEqual(
            ('silent', noon, noon),
            (told['reason'], told['since'], told['last_seen']),
        )

    def test_a_reason_cannot_steer_a_terminal_nor_add_a_line(self):
        change = Transition(
            'status',
            'enabled',
            'disabled',
            service=base.sighting(),
            reason='a\n\x1b[31mb',
        )
        lines = self.printed(as_json=False, changes=[change])
        self.assertTrue(lines[1].endswith('disabled (a [31mb)'), lines)
        lines = self.printed(as_json=True, changes=[change])
        self.assertEqual('a\n\x1b[31mb', json.loads(lines[1])['reason'])
