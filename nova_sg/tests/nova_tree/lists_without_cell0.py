# SPDX-License-Identifier: Apache-2.0

"""Hypervisors are listed without cell0, which has none."""

import json

from nova import context as nova_context
import testscenarios

from nova_sg.nova_tree.lists import reading
from nova_sg.tests.nova_tree import base
from nova_sg.tests.nova_tree import lists

load_tests = testscenarios.load_tests_apply_scenarios


class TestWithoutCell0(lists.TestCase):
    scenarios = lists.EACH

    def test_cell0_is_not_asked(self):
        cell0 = self.in_cell('cell0').db_connection
        counted = reading.Reading.read

        def read(mine, context):
            if context.db_connection is cell0:
                raise base.OUT
            return counted(mine, context)

        self.stub_out('nova_sg.nova_tree.lists.reading.Reading.read', read)
        self.assert_as_novas('/os-hypervisors/detail')

    def test_nor_is_it_asked_where_nova_makes_the_list(self):
        with self.replaced(nova_context, 'scatter_gather_all_cells') as asked:
            listed = json.loads(self.text('/os-hypervisors'))
        self.assertEqual(14, len(listed['hypervisors']))
        self.assertEqual(([], 0), (asked, self.read))

    def test_what_others_put_in_the_place_of_novas_is_called(self):
        where, name = nova_context, 'scatter_gather_skip_cell0'
        with self.replaced(where, name) as calls:
            self.text('/os-hypervisors')
        self.assertNotEqual([], calls)
        self.assertEqual(0, self.read)
