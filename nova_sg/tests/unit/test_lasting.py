# SPDX-License-Identifier: Apache-2.0

"""What is logged of an error that lasts."""

import logging
from unittest import mock

import fixtures
from oslotest import base

from nova_sg import exception
from nova_sg import lasting

AWAY = exception.ServiceGroupUnavailable(backend='zk', reason='gone')


class TestTrouble(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        self.log = self.useFixture(
            fixtures.FakeLogger(level=logging.INFO, format='%(levelname)s')
        )

    def trouble(self, recovered=None):
        log = logging.getLogger(__name__)
        return lasting.Trouble(log, 'Cannot: %s', 'Unexpected', recovered)

    def told(self):
        return [each for each in self.log.output.split() if each.isupper()]

    def test_each_kind_is_logged_once_until_it_is_over(self):
        trouble = self.trouble()
        for error in (AWAY, AWAY, ValueError(), ValueError(), AWAY):
            trouble.failed(error)
        trouble.over()
        trouble.failed(AWAY)
        self.assertEqual(
            ['WARNING', 'ERROR', 'WARNING', 'WARNING'], self.told()
        )
        self.assertIn('ValueError', self.log.output)

    def test_an_error_of_ours_is_one_line(self):
        log = self.useFixture(fixtures.FakeLogger())
        self.trouble().failed(
            exception.ServiceGroupUnavailable(backend='db', reason='a\nb')
        )
        self.assertEqual(1, len(log.output.splitlines()), log.output)

    def test_its_end_is_logged_once(self):
        trouble = self.trouble('Recovered')
        trouble.over()
        trouble.failed(AWAY)
        trouble.over()
        trouble.over()
        self.assertEqual(['WARNING', 'INFO'], self.told())

    def test_an_error_of_ours_may_be_no_warning(self):
        trouble = self.trouble()
        for error in (AWAY, ValueError()):
            trouble.failed(error, logging.INFO)
        self.assertEqual(['INFO', 'ERROR'], self.told())

    def test_what_fails_while_it_is_logged_is_not_logged_again(self):
        log = mock.Mock()
        trouble = lasting.Trouble(log, 'Cannot: %s', 'Unexpected')
        log.log.side_effect = lambda *_: trouble.failed(AWAY)
        trouble.failed(AWAY)
        self.assertEqual(1, log.log.call_count)
