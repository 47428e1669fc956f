# SPDX-License-Identifier: Apache-2.0

"""The thread in which a process records transitions."""

import logging
from unittest import mock

import fixtures
from oslotest import base

from nova_sg import exception
from nova_sg.servicegroup.history import recording

INTERVAL = 10.0

AWAY = exception.ServiceGroupUnavailable(backend='b', reason='away')


class TestRecording(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        self.recorder = mock.Mock()
        self.may = True
        self.log = self.useFixture(
            fixtures.FakeLogger(recording.__name__, level=logging.INFO)
        )
        self.made = recording.Recording(
            self.recorder, INTERVAL, lambda: self.may
        )
        self.first = self.made._turn()

    def warnings(self):
        return self.log.output.count('until this is over')

    def test_watchers_that_start_together_look_at_different_times(self):
        self.assertLessEqual(self.first, INTERVAL)
        self.recorder.look.assert_not_called()

    def test_it_looks_once_per_interval(self):
        self.assertLessEqual(INTERVAL, self.made._turn())
        self.assertLessEqual(INTERVAL, self.made._turn())
        self.assertEqual(2, self.recorder.look.call_count)
        self.assertEqual(1, self.log.output.count('Recording the'))

    def test_it_does_not_while_another_process_does(self):
        self.may = False
        self.assertLessEqual(INTERVAL, self.made._turn())
        self.recorder.look.assert_not_called()
        self.may = True
        self.made._turn()
        self.recorder.look.assert_called_once()

    def test_what_takes_long_is_done_less_often(self):
        clock = iter((100.0, 130.0))
        with mock.patch('time.monotonic', lambda: next(clock)):
            self.assertAlmostEqual(270.0, self.made._turn())

    def test_an_outage_is_logged_once_and_a_new_one_again(self):
        self.recorder.look.side_effect = [AWAY, AWAY, None, AWAY]
        for expected in (1, 1, 1, 2):
            self.assertLessEqual(INTERVAL, self.made._turn())
            self.assertEqual(expected, self.warnings())

    def test_an_unexpected_error_does_not_fill_the_log(self):
        self.recorder.look.side_effect = ZeroDivisionError
        for _ in range(3):
            self.made._turn()
        self.assertEqual(1, self.log.output.count('Traceback'))
