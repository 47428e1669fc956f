# SPDX-License-Identifier: Apache-2.0

"""What a command keeps from its standard error."""

import importlib

from oslotest import base

from nova_sg.cmd import streams


class TestStreams(base.BaseTestCase):
    def test_what_is_reported_anyway_is_logged_by_modules_there_are(self):
        ours = [n for n in streams._REPORTED_ANYWAY if n.startswith('nova_sg')]
        self.assertTrue(ours)
        for name in ours:
            source = importlib.import_module(name).__file__
            with open(source, encoding='utf-8') as file:
                self.assertTrue('LOG.warning(' in file.read(), name)
