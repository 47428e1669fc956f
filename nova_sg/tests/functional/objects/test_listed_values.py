# SPDX-License-Identifier: Apache-2.0

"""What a list reads of a row, beside what one service reads of it."""

import datetime
import gc

import testscenarios

from nova_sg import objects
from nova_sg.db import engine
from nova_sg.db import models
from nova_sg.servicegroup import record
from nova_sg.tests.fixtures import rows
from nova_sg.tests.fixtures import scenarios
from nova_sg.tests.functional.objects import base

load_tests = testscenarios.load_tests_apply_scenarios

List = objects.ServiceGroupServiceList

#: A server tells no zeros at the end of a fraction, and some no fraction.
FRACTIONS = (0, 1, 120_000, 999_999)


class TestListedValues(base.ObjectsTestCase):
    scenarios = scenarios.SCHEMAS

    def write(self, uuid, **values):
        services = models.services
        engine.get(self.process.conf).write(
            lambda c: c.execute(
                services.update()
                .where(services.c.uuid == uuid)
                .values(**values)
            )
        )

    def test_times_are_those_of_the_record(self):
        for fraction in FRACTIONS:
            moment = datetime.datetime(
                *(2026, 3, 1, 8, 0, 5, fraction), tzinfo=datetime.UTC
            )
            made = self.service(f'c{fraction}')
            self.write(
                made.uuid,
                created_at=moment,
                updated_at=moment + datetime.timedelta(days=1),
                last_seen_up=moment + datetime.timedelta(days=2),
            )
        self.service('new')
        records, _alive = self.api.list(self.context)
        self.assertEqual(len(FRACTIONS) + 1, len(records))
        for each in records:
            alone = self.api.get_by_uuid(self.context, each.uuid)
            self.assertEqual(alone, each)
            self.assertIs(datetime.UTC, each.created_at.tzinfo)

    def test_records_end_with_the_list(self):
        rows.insert_computes(self.process.conf, [f'h{i}' for i in range(150)])
        listed = List.get_all(self.context)
        self.assertEqual(150, len(listed))
        kept = {each.uuid for each in listed}
        self.assertEqual(
            [],
            [
                each
                for each in gc.get_objects()
                if type(each) is record.Record and each.uuid in kept
            ],
        )
