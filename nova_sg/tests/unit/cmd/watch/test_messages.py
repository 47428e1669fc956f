# SPDX-License-Identifier: Apache-2.0

"""What a screen keeps away from the terminal while it is shown."""

import io
import logging

import fixtures
from oslotest import base as test_base

from nova_sg.cmd.watch import messages


class TestMessages(test_base.BaseTestCase):
    def setUp(self):
        super().setUp()
        root = logging.getLogger()
        self.addCleanup(setattr, root, 'handlers', root.handlers[:])
        self.stderr = io.StringIO()
        self.useFixture(fixtures.MonkeyPatch('sys.stderr', self.stderr))
        handler = logging.StreamHandler(self.stderr)
        handler.addFilter(lambda record: record.name != 'shown.elsewhere')
        root.handlers[:] = [handler]

    def said(self):
        """Return what is handed over of three messages."""
        said = []
        with messages.handed_over(said.append):
            logging.getLogger('shown').warning('lost %s', 'it')
            logging.getLogger('shown.elsewhere').warning('lost it')
        logging.getLogger('shown').warning('later')
        return said

    def test_what_is_logged_is_handed_over_and_nowhere_else(self):
        self.stderr.isatty = lambda: True
        self.assertEqual(['warning: lost it'], self.said())
        self.assertEqual('later\n', self.stderr.getvalue())

    def test_a_file_is_told_as_well(self):
        self.assertEqual(['warning: lost it'], self.said())
        self.assertEqual('lost it\nlater\n', self.stderr.getvalue())
