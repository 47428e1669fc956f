# SPDX-License-Identifier: Apache-2.0

"""What the screen keeps away from the terminal while it is shown."""

import logging

from oslotest import base as test_base

from nova_sg.cmd.watch import terminal


class TestMessages(test_base.BaseTestCase):
    def setUp(self):
        super().setUp()
        root = logging.getLogger()
        self.before = root.handlers[:]
        self.addCleanup(setattr, root, 'handlers', self.before)
        handler = logging.NullHandler()
        handler.addFilter(lambda record: record.name != 'shown.elsewhere')
        root.handlers[:] = [handler]

    def test_what_is_logged_is_handed_over_and_nowhere_else(self):
        said = []
        with terminal._messages(said.append):
            logging.getLogger('shown').warning('lost %s', 'it')
            logging.getLogger('shown.elsewhere').warning('lost it')
        logging.getLogger('shown').warning('later')
        self.assertEqual(['warning: lost it'], said)
