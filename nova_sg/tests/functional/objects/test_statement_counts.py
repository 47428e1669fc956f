# SPDX-License-Identifier: Apache-2.0

"""What each operation costs, in statements, on each database."""

import fixtures
import testscenarios

from nova_sg import objects
from nova_sg.db import beats
from nova_sg.db import engine
from nova_sg.servicegroup import pace
from nova_sg.tests.fixtures import conductor
from nova_sg.tests.fixtures import rows
from nova_sg.tests.fixtures import scenarios
from nova_sg.tests.fixtures import statements
from nova_sg.tests.functional.objects import base

load_tests = testscenarios.load_tests_apply_scenarios

Service = objects.ServiceGroupService
List = objects.ServiceGroupServiceList


class TestStatementCounts(base.ObjectsTestCase):
    scenarios = scenarios.SCHEMAS

    def setUp(self) -> None:
        super().setUp()
        # However slow the test is, a write does not look at it again.
        self.useFixture(
            fixtures.MonkeyPatch('nova_sg.servicegroup.marker.TRUSTED', 3600)
        )
        # What a process does once: the marker, and the connection.
        List.get_all(self.context)
        self.mine = self.service()

    def populate(self, numbers):
        """Write services past the objects, and return their uuids."""
        return rows.insert_computes(
            self.process.conf, [f'h{number}' for number in numbers]
        )

    def join(self, uuids):
        """Join for some of the services there are."""
        records, _alive = self.api.list(self.context)
        return self.api.join_many(
            self.context, [each for each in records if each.uuid in uuids]
        )

    def cost(self, work, *arguments, **kwargs):
        with statements.StatementCounter() as counted:
            work(*arguments, **kwargs)
        return len(counted), str(counted)

    def assert_costs(self, expected, work, *arguments, **kwargs):
        count, text = self.cost(work, *arguments, **kwargs)
        self.assertEqual(expected, count, text)

    def test_the_counter_counts(self):
        database = engine.get(self.process.conf)
        self.assert_costs(
            3,
            database.read,
            lambda c: [c.exec_driver_sql('SELECT 1') for _ in range(3)],
        )

    def test_a_beat_costs_one(self):
        (handle,) = self.join([self.mine.uuid])
        self.assert_costs(1, handle.beat, self.context)
        self.assert_costs(1, self.mine.report_state)
        self.mine.report_count += 1
        self.assert_costs(1, self.mine.save)

    def test_a_list_with_state_and_zone_costs_the_same_for_any_number(self):
        def listed():
            for each in List.get_all(self.context, set_zones=True):
                self.assertIsNotNone(each.is_up)
                self.assertIsNotNone(each.availability_zone)

        self.populate(range(9))
        ten, text = self.cost(listed)
        self.assertLessEqual(ten, 3, text)
        self.populate(range(9, 999))
        self.assertEqual(1000, len(List.get_all(self.context)))
        self.assert_costs(ten, listed)

    def test_a_list_of_one_host_asks_for_the_zones_of_that_host(self):
        count, text = self.cost(
            List.get_by_host, self.context, 'c1', set_zones=True
        )
        self.assertEqual(2, count, text)
        self.assertRegex(text, r'aggregate_hosts\.host IN')

    def test_a_beat_of_500_members_costs_one_and_two_where_some_are_gone(self):
        uuids = self.populate(range(500))
        handles = self.join(uuids)
        membership = self.api.driver.membership
        self.assert_costs(1, membership.beat_many, self.context, handles)
        gone = set(uuids[3:7])
        for each in gone:
            self.api.driver.records.destroy(self.context, each)
        named = []
        self.assert_costs(
            2,
            lambda: named.extend(membership.beat_many(self.context, handles)),
        )
        self.assertEqual(gone, {handle.uuid for handle in named})

    def test_a_conductor_pays_no_more_for_the_beats_of_500(self):
        uuids = self.populate(range(500))
        called = self.useFixture(
            conductor.InProcessConductor(self.api)
        ).conductor
        self.assert_costs(2 + 2 + 1, called.join, self.context, uuids)
        count, text = self.cost(called.report_state, self.context, uuids)
        self.assertEqual(1, count, text)
        self.assertRegex(text, r'^UPDATE services')
        self.assert_costs(1, self.mine.report_state)

    def test_joining_500_costs_two_two_for_their_invocation_and_a_trace(self):
        self.populate(range(499))
        records, _alive = self.api.list(self.context)
        self.assertEqual(500, len(records))
        self.assert_costs(2 + 2 + 1, self.api.join_many, self.context, records)

    def test_one_service_costs_one(self):
        self.assert_costs(
            1,
            Service.get_by_host_and_binary,
            self.context,
            'c1',
            'nova-compute',
        )
        self.assert_costs(1, Service.get_by_uuid, self.context, self.mine.uuid)
        self.assert_costs(1, Service.get_by_id, self.context, self.mine.id)

    def test_its_state_and_zone_cost_one_more_each(self):
        found = Service.get_by_uuid(self.context, self.mine.uuid)
        self.assert_costs(1, getattr, found, 'availability_zone')
        self.assert_costs(1, getattr, found, 'is_up')
        self.assert_costs(0, getattr, found, 'is_up')

    def test_a_change_costs_two_more_for_its_token_and_the_fence(self):
        self.mine.disabled = True
        self.mine.disabled_reason = 'disk'
        self.assert_costs(2 + 2, self.mine.save)
        records = self.api.driver.records
        self.assert_costs(1 + 2, records.destroy, self.context, self.mine.uuid)
        values = {'host': 'c2', 'binary': 'nova-compute'}
        self.assert_costs(2 + 2, records.create, self.context, values)

    def test_liveness_costs_the_same_for_any_number(self):
        uuids = self.populate(range(1000))
        alive = self.api.driver.membership.alive
        for asked in ([self.mine.uuid], uuids[:500], uuids):
            self.assert_costs(1, alive, self.context, asked)
        self.assertEqual(set(uuids), set(alive(self.context, uuids)))

    def test_liveness_one_by_one_is_asked_for_all_at_once(self):
        # What a scheduler does with what it listed more than a second ago.
        self.populate(range(499))
        records, _alive = self.list_long_ago()
        count, text = self.cost(
            lambda: [self.api.service_is_up(each) for each in records]
        )
        # A few, each by itself, and all at once.
        self.assertEqual(pace.ALONE + 1, count, text)

    def test_a_long_list_makes_verdicts_of_those_that_are_not_up(self):
        uuids = self.populate(range(150))
        down = set(uuids[3:5])
        database = engine.get(self.process.conf)
        database.write(
            lambda c: c.execute(beats.age(beats.SERVICES.uuid.in_(down)))
        )
        records, alive = self.api.list(self.context)
        self.assertEqual(down, set(alive.but))
        self.assertEqual({each.uuid for each in records}, set(alive))
        listed = List.get_all(self.context)
        self.assertEqual(
            down, {each.uuid for each in listed if not each.is_up}
        )
        # Which are up is fresh for a second, as it is after a short one.
        self.useFixture(
            fixtures.MonkeyPatch('nova_sg.servicegroup.knowledge.FRESH', 3600)
        )
        self.assert_costs(
            0, lambda: [self.api.service_is_up(each) for each in records]
        )
