# SPDX-License-Identifier: Apache-2.0

"""What has changed between two lists of services."""

import types

from oslotest import base as test_base

from nova_sg.cmd.watch import transitions
from nova_sg.servicegroup import reasons
from nova_sg.tests.unit.cmd.watch import base


class TestCompare(test_base.BaseTestCase):
    def compare(self, before, after):
        return [
            (each.event, each.service.host, each.before, each.after)
            for each in transitions.compare(
                base.by_uuid(*before), base.by_uuid(*after)
            )
        ]

    def test_the_same_is_no_change(self):
        self.assertEqual(
            [], self.compare([base.sighting()], [base.sighting()])
        )

    def test_each_attribute_that_is_followed(self):
        for name, before, after in (
            ('state', 'up', 'down'),
            ('state', 'up', 'unknown'),
            ('status', 'enabled', 'disabled'),
            ('forced_down', False, True),
            ('zone', 'nova', 'az1'),
        ):
            self.assertEqual(
                [(name, 'c1', before, after)],
                self.compare(
                    [base.sighting(**{name: before})],
                    [base.sighting(**{name: after})],
                ),
            )

    def test_a_reason_alone_is_no_transition(self):
        disabled = base.sighting(status='disabled')
        why = base.sighting(status='disabled', disabled_reason='disk')
        self.assertEqual([], self.compare([disabled], [why]))

    def test_the_reason_of_what_an_operator_disabled(self):
        why = base.sighting(status='disabled', disabled_reason='disk')
        [change] = transitions.compare(
            base.by_uuid(base.sighting()), base.by_uuid(why)
        )
        self.assertEqual('disk', change.reason)

    def changes(self, before, after):
        return transitions.compare(base.by_uuid(before), base.by_uuid(after))

    def test_the_reason_of_a_service_that_is_down(self):
        down = base.down('silent')
        for before in (base.sighting(), base.sighting(state='unknown')):
            [change] = self.changes(before, down)
            self.assertEqual(
                ('state', 'silent'), (change.event, change.reason)
            )
        [change] = transitions.compare({}, base.by_uuid(down))
        self.assertEqual(('added', 'silent'), (change.event, change.reason))

    def test_another_reason_than_before_is_a_transition_of_its_own(self):
        unknown, silent = base.down('unknown'), base.down('silent')
        [change] = self.changes(unknown, silent)
        self.assertEqual(
            ('reason', 'unknown', 'silent'),
            (change.event, change.before, change.after),
        )
        # A later sign of life of the same silence.
        later = base.down('silent', minutes=1)
        self.assertEqual([], self.changes(silent, later))
        # What an operator forced is told as that.
        forced = base.down('forced', forced_down=True)
        for before, after in ((silent, forced), (forced, silent)):
            [change] = self.changes(before, after)
            self.assertEqual('forced_down', change.event)

    def test_only_what_is_down_has_a_reason(self):
        why = base.down('silent').why
        for state, reason in (
            ('down', 'silent'),
            ('up', None),
            ('unknown', None),
        ):
            service = types.SimpleNamespace(
                **dict.fromkeys(('uuid', 'host', 'binary'), 'c1'),
                availability_zone='nova',
                state=state,
                disabled=False,
                disabled_reason=None,
                forced_down=False,
            )
            found = transitions.Sighting.of(service, why)
            self.assertEqual(reason, found.reason)
        # It came back after the list was read.
        back = reasons.Departure(reasons.UP)
        service.state = 'down'
        self.assertIsNone(transitions.Sighting.of(service, back).reason)

    def test_services_that_come_and_go_by_host(self):
        self.assertEqual(
            [
                ('deleted', 'a', 'up', None),
                ('state', 'b', 'up', 'down'),
                ('added', 'c', None, 'down'),
            ],
            self.compare(
                [base.sighting('b'), base.sighting('a')],
                [
                    base.sighting('c', state='down'),
                    base.sighting('b', state='down'),
                ],
            ),
        )

    def test_only_an_enabled_service_that_is_up_is_fine(self):
        self.assertTrue(base.sighting().is_fine)
        for changes in (
            {'state': 'down'},
            {'state': 'unknown'},
            {'status': 'disabled'},
        ):
            self.assertFalse(base.sighting(**changes).is_fine)

    def test_a_service_of_which_only_the_names_were_known(self):
        named = base.sighting(uuid='nova-compute@c1', zone='', state='unknown')
        disabled = base.sighting(status='disabled', zone='az1')
        self.assertEqual(
            [('state', 'c1', 'unknown', 'up')],
            self.compare([named], [disabled]),
        )
