# SPDX-License-Identifier: Apache-2.0

"""Metrics as a file for node_exporter."""

from oslotest import base

from nova_sg.metrics import textfile


class TestWithLabel(base.BaseTestCase):
    def test_each_sample_has_it(self):
        text = (
            '# HELP a What it is {not a label}.\n'
            'a 1\n'
            'a{} 2.5\n'
            'a{b="}{, \\" d"} 1e+06\n'
        )
        self.assertEqual(
            '# HELP a What it is {not a label}.\n'
            'a{process="x"} 1\n'
            'a{process="x"} 2.5\n'
            'a{process="x",b="}{, \\" d"} 1e+06\n',
            textfile.with_label(text, 'process', 'x'),
        )

    def test_nothing_in_a_label_ends_a_line(self):
        text = 'a{b="\x0b\x0c\x1c\x85\u2028\u2029\r"} 1\n'
        self.assertEqual(
            text.replace('{', '{process="x",'),
            textfile.with_label(text, 'process', 'x'),
        )
