# SPDX-License-Identifier: Apache-2.0

"""What is logged of an error that lasts."""

import logging

import fixtures
from oslotest import base

from nova_sg import exception
from nova_sg import lasting

AWAY = exception.ServiceGroupUnavailable(backend='zk', reason='gone')


class TestTrouble(base.BaseTestCase):
    def test_each_kind_is_logged_once_until_it_is_over(self):
        log = self.useFixture(fixtures.FakeLogger(format='%(levelname)s'))
        trouble = lasting.Trouble(
            logging.getLogger(__name__), 'Cannot: %s', 'Unexpected'
        )
        for error in (AWAY, AWAY, ValueError(), ValueError(), AWAY):
            trouble.failed(error)
        trouble.over()
        trouble.failed(AWAY)
        told = [each for each in log.output.split() if each.isupper()]
        self.assertEqual(['WARNING', 'ERROR', 'WARNING', 'WARNING'], told)
        self.assertIn('ValueError', log.output)
