# SPDX-License-Identifier: Apache-2.0

"""``nova-sg-manage service history``."""

from nova_sg.servicegroup.history import recorder
from nova_sg.tests.functional.cmd import base

COLUMNS = ['Time', 'Host', 'Binary', 'From', 'To', 'Reason', 'Observer']


class TestServiceHistory(base.CommandTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.compute = self.service('c1')
        self.other = self.service('c2')
        self.watcher = recorder.Recorder(
            self.api, self.api.driver.history, 'a watcher'
        )
        self.watcher.look()

    def change(self, service, **values):
        for name, value in values.items():
            setattr(service, name, value)
        service.save()
        self.watcher.look()

    def rows(self, *words: str) -> list[dict[str, object]]:
        return self.done('service', 'history', '-f', 'json', *words).json

    def test_transitions_are_shown_the_newest_last(self):
        self.change(self.compute, disabled=True, disabled_reason='new disk')
        self.change(self.other, forced_down=True)
        first, second = self.rows()
        self.assertEqual(COLUMNS, list(first))
        self.assertRegex(str(first.pop('Time')), r'^20\d\d-\d\d-\d\dT')
        self.assertEqual(
            {
                'Host': 'c1',
                'Binary': 'nova-compute',
                'From': 'up',
                'To': 'up, disabled',
                'Reason': 'new disk',
                'Observer': 'a watcher',
            },
            first,
        )
        self.assertEqual(
            ('down, forced down', 'forced'), (second['To'], second['Reason'])
        )

    def test_they_are_limited_to_a_host_a_time_and_a_number(self):
        for disabled in (True, False, True):
            self.change(self.compute, disabled=disabled)
        self.assertEqual(3, len(self.rows('c1')))
        self.assertEqual([], self.rows('c2'))
        self.assertEqual(3, len(self.rows('--since', '2d')))
        self.assertEqual([], self.rows('--since', '2999-01-01T00:00'))
        (newest,) = self.rows('--last', '1')
        self.assertEqual('up, disabled', newest['To'])

    def test_a_service_that_was_deleted_keeps_its_history(self):
        self.change(self.compute, disabled=True)
        self.compute.destroy()
        self.assertEqual(1, len(self.rows('c1')))

    def test_what_cannot_be_a_time_or_a_number_is_refused(self):
        for option, value in (
            ('--since', 'yesterday'),
            ('--since', '999999999d'),
            ('--since', '3 d'),
            ('--last', '0'),
            ('--last', 'all'),
            ('--last', '10001'),
        ):
            result = self.manage('service', 'history', option, value)
            self.assert_error(2, f'argument {option}: ', result)

    def test_a_reason_cannot_steer_the_terminal(self):
        self.change(self.compute, disabled=True, disabled_reason='\x1b[2Jx')
        self.assertNotIn('\x1b', self.done('service', 'history').out)
