# SPDX-License-Identifier: Apache-2.0

"""Whether hosts are up to nova's scheduler, which hands over dictionaries."""

from typing import Any

from nova import context as nova_context
from nova.db.main import api as db
from nova.scheduler import host_manager
from nova.scheduler.filters import compute_filter
import testscenarios

from nova_sg.nova_tree.grouped import written
from nova_sg.tests.nova_tree import base
from nova_sg.tests.nova_tree import grouped
from nova_sg.tests.nova_tree import grouped_clock
from nova_sg.tests.nova_tree import outages

load_tests = testscenarios.load_tests_apply_scenarios


class Scheduler:
    """A scheduler of nova that has started."""

    def __init__(self) -> None:
        self._hosts = host_manager.HostManager()
        self._filter = compute_filter.ComputeFilter()

    def passing(self) -> dict[str, bool]:
        """Return whether each host passes the filter of those that are up."""
        states = self._hosts.get_host_states_by_uuids(
            nova_context.get_admin_context(), None, None
        )
        return {
            each.host: self._filter.host_passes(each, None) for each in states
        }


class TestGrouped(grouped_clock.TestCase):
    """One host is in the cell that the scheduler leads to, one elsewhere."""

    def setUp(self) -> None:
        super().setUp()
        self.flags(track_instance_changes=False, group='filter_scheduler')
        self.elsewhere = self.in_cell('cell2')
        self.one = self.made
        self.two = self.make_service('two', context=self.elsewhere)
        for each in (self.one, self.two):
            self.make_compute_node(each.host, context=each._context)
            self.beat(each)
        self.scheduler = Scheduler()

    def assert_passing(self, **expected: bool) -> None:
        self.assertEqual(expected, self.scheduler.passing())

    def test_after_an_outage_of_its_cell_a_host_has_time_to_beat(self):
        self.assert_passing(one=True, two=True)
        engine = db.get_engine(context=self.elsewhere)
        with outages.Out(outages.DATABASE_ERRORS[0], engine):
            self.assert_passing(one=True)
            self.let_pass(grouped.DOWN_TIME + 10)
        self.beat(self.one)
        self.assert_passing(one=True, two=True)
        self.let_pass(grouped_clock.SETTLED)
        self.beat(self.one)
        self.assert_passing(one=True, two=False)

    def test_a_host_is_judged_by_the_clock_of_its_cell(self):
        asked = written.database_time
        ahead = self.cell_mappings['cell2'].uuid

        def database_time(context: Any) -> float:
            wrong = grouped_clock.HOUR if context.cell_uuid == ahead else 0
            return asked(context) + wrong

        self.stub_out(
            'nova_sg.nova_tree.grouped.written.database_time', database_time
        )
        self.set_clock(grouped_clock.HOUR)
        self.beat(self.two)
        self.set_clock(-grouped_clock.HOUR)
        self.assert_passing(one=True, two=True)

    def test_a_host_whose_cell_nova_does_not_tell_is_judged_all_the_same(self):
        self.stub_out(
            'nova.scheduler.host_manager.HostManager.host_state_cls',
            lambda _self, host, node, _cell, **_more: host_manager.HostState(
                host, node, None
            ),
        )
        self.assert_passing(one=True, two=True)


class TestElsewhere(base.TestCase):
    scenarios = [*base.ELSEWHERE, *base.BESIDE]

    def test_a_host_whose_service_was_stopped_gets_no_instances(self):
        self.flags(track_instance_changes=False, group='filter_scheduler')
        # As where the scheduler looks at very many hosts.
        self.stub_out('nova_sg.servicegroup.knowledge.FRESH', -1.0)
        compute = self.start_service('compute', host='two', cell_name='cell2')
        scheduler = Scheduler()
        self.assertEqual({'two': True}, scheduler.passing())
        compute.stop()
        self.assertEqual({'two': False}, scheduler.passing())
