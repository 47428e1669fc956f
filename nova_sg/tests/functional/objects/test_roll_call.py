# SPDX-License-Identifier: Apache-2.0

"""All services are up, but for these: in each database."""

import types
import uuid

import fixtures
import testscenarios

from nova_sg.db import beats
from nova_sg.db import engine
from nova_sg.db import models
from nova_sg.servicegroup import pace
from nova_sg.tests.fixtures import scenarios
from nova_sg.tests.fixtures import statements
from nova_sg.tests.functional.objects import base

load_tests = testscenarios.load_tests_apply_scenarios

SERVICES = models.services.c


class RollCallTestCase(base.ObjectsTestCase):
    scenarios = scenarios.SCHEMAS

    def setUp(self) -> None:
        super().setUp()
        self.membership = self.api.driver.membership
        self.database = engine.get(self.api.conf)
        self.services = [self.service(f'c{number}') for number in range(20)]
        self.uuids = [each.uuid for each in self.services]

    def change(self, uuids, **values):
        """Change rows, as another process does."""
        self.database.write(
            lambda c: c.execute(
                models.services.update()
                .where(SERVICES.uuid.in_(uuids))
                .values(**values)
            )
        )

    def silence(self, *uuids):
        self.database.write(
            lambda c: c.execute(beats.age(SERVICES.uuid.in_(uuids)))
        )

    def beat(self, *uuids):
        self.membership.report(self.context, uuids)

    def call(self, uuid=None):
        """Return all there are, those that are not up, and its statements."""
        with statements.StatementCounter() as counted:
            found = self.membership.all_but(
                self.context, uuid or self.uuids[0], []
            )
        services = {each for each in self.uuids if each in found.services}
        not_up = {each for each, known in found.but.items() if not known.up}
        return services, not_up, len(counted)


class TestRollCall(RollCallTestCase):
    def test_it_is_one_statement_with_a_row_for_each_that_is_not_up(self):
        never = self.service('never')
        self.change([never.uuid], created_at=None, last_seen_up=None)
        self.api.list(self.context)
        self.silence(*self.uuids[3:5])
        found = self.membership.all_but(self.context, self.uuids[0], [])
        self.assertEqual({*self.uuids[3:5], never.uuid}, found.but.keys())
        self.assertEqual(
            (set(self.uuids), {*self.uuids[3:5], never.uuid}, 1), self.call()
        )

    def test_all_may_be_up(self):
        self.api.list(self.context)
        self.assertEqual((set(self.uuids), set(), 1), self.call())

    def test_it_is_of_what_was_listed(self):
        console = self.service('c1', 'nova-console', None)
        self.silence(self.uuids[0], console.uuid)
        self.api.list(self.context, binary='nova-compute')
        self.assertEqual((set(self.uuids), {self.uuids[0]}, 1), self.call())
        # This one was not listed last.
        self.assertEqual(
            (set(self.uuids), {self.uuids[0], console.uuid}, 1),
            self.call(console.uuid),
        )

    def test_a_list_of_some_changes_nothing(self):
        self.api.list(self.context)
        self.change(self.uuids[:3], disabled=True)
        for filters in ({'host': 'c1'}, {'disabled': False}):
            self.api.list(self.context, **filters)
            self.assertEqual((set(self.uuids), set(), 1), self.call())

    def test_one_that_registered_meanwhile_is_among_them(self):
        self.api.list(self.context)
        self.uuids.append(self.service('new').uuid)
        self.assertEqual((set(self.uuids), set(), 2), self.call())
        self.assertEqual((set(self.uuids), set(), 1), self.call())

    def test_one_that_was_destroyed_meanwhile_is_not(self):
        self.api.list(self.context)
        self.services[7].destroy()
        left = set(self.uuids) - {self.uuids[7]}
        self.assertEqual((left, set(), 2), self.call())
        self.assertEqual((left, set(), 1), self.call())

    def test_a_service_that_another_replaced_is_not(self):
        self.api.list(self.context)
        self.services[7].destroy()
        new = self.service('c7').uuid
        left = {*self.uuids, new} - {self.uuids[7]}
        self.uuids.append(new)
        self.assertEqual((left, set(), 2), self.call())

    def test_a_service_that_was_purged_is_not(self):
        self.api.list(self.context)
        self.database.write(
            lambda c: c.execute(
                models.services.delete().where(SERVICES.uuid == self.uuids[-1])
            )
        )
        self.assertEqual((set(self.uuids[:-1]), set(), 2), self.call())

    def test_what_an_operator_changes_hides_none_that_is_down(self):
        # The sum of their ids is the same, and so is the highest id.
        disabled, enabled = self.uuids[1:5:3], self.uuids[2:4]
        self.change(enabled, disabled=True)
        self.api.list(self.context, disabled=False)
        self.change(enabled, disabled=False)
        self.change(disabled, disabled=True)
        self.silence(*disabled)
        self.assertEqual(
            (set(self.uuids), set(disabled), 1), self.call(disabled[0])
        )

    def test_one_that_nobody_knows_is_not_among_them(self):
        self.api.list(self.context)
        found = self.membership.all_but(self.context, str(uuid.uuid4()), [])
        self.assertEqual(set(self.uuids), set(found.services))

    def test_the_clock_of_the_database_is_looked_at(self):
        told = []
        self.membership.tell_of_doubt(told.append)
        self.api.list(self.context)
        self.call()
        self.assertEqual([], told)
        an_hour = types.SimpleNamespace(
            # Ours stood still: theirs was set forward.
            monotonic=lambda: -3600.0
        )
        self.membership._clock._asked_at = -7200.0
        with (
            fixtures.MonkeyPatch(
                'nova_sg.servicegroup.backends.sql.roll.time', an_hour
            ),
            fixtures.MonkeyPatch(
                'nova_sg.servicegroup.backends.sql.membership.time', an_hour
            ),
        ):
            self.call()
        self.assertEqual(1, len(told), told)
        self.assertIn('forward', told[0])


class TestOneByOne(RollCallTestCase):
    """What ``service_is_up`` makes of it, some seconds after a list."""

    def setUp(self) -> None:
        super().setUp()
        for name in ('ALONE', 'ALONE_OF_A_THOUSAND'):
            self.useFixture(fixtures.MockPatchObject(pace, name, 0))

    def are_up(self):
        """Return which are up, and the statements that it took."""
        with statements.StatementCounter() as counted:
            up = {
                uuid: known.up
                for uuid in self.uuids
                if (known := self.api.liveness_of({'uuid': uuid}))
            }
        return up, len(counted)

    def test_it_is_asked_once_for_all_of_them(self):
        self.list_long_ago()
        self.silence(self.uuids[3])
        expected = dict.fromkeys(self.uuids, True) | {self.uuids[3]: False}
        self.assertEqual((expected, 1), self.are_up())

    def test_one_that_is_back_is_asked_for_by_its_last_beat(self):
        self.silence(self.uuids[3], self.uuids[4])
        self.list_long_ago()
        self.beat(self.uuids[3])
        expected = dict.fromkeys(self.uuids, True) | {self.uuids[4]: False}
        self.assertEqual((expected, 2), self.are_up())

    def test_one_that_was_destroyed_is_asked_for_itself(self):
        self.list_long_ago()
        self.change(self.uuids[3:4], deleted=SERVICES.id)
        up, count = self.are_up()
        self.assertEqual(
            dict.fromkeys(set(self.uuids) - {self.uuids[3]}, True), up
        )
        # The roll, all verdicts, and this one.
        self.assertEqual(3, count)

    def test_one_that_came_meanwhile_is_up(self):
        self.list_long_ago()
        self.uuids.append(self.service('new').uuid)
        self.assertEqual((dict.fromkeys(self.uuids, True), 2), self.are_up())

    def test_forced_down_wins(self):
        self.list_long_ago()
        self.services[3].forced_down = True
        self.services[3].save()
        self.are_up()
        self.assertFalse(self.api.service_is_up(self.reload(self.services[3])))
