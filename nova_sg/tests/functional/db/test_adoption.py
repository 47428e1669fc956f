# SPDX-License-Identifier: Apache-2.0

"""A cell database of nova's, which the driver is pointed at."""

import datetime

from oslo_utils import uuidutils
import sqlalchemy as sa
import testscenarios

from nova_sg import context
from nova_sg import exception
from nova_sg.db import schema
from nova_sg.servicegroup import api as servicegroup_api
from nova_sg.tests.fixtures import nova_cell
from nova_sg.tests.fixtures import scenarios
from nova_sg.tests.functional.db import base

load_tests = testscenarios.load_tests_apply_scenarios

THEN = nova_cell.THEN.replace(tzinfo=datetime.UTC)


class AdoptionTestCase(base.DatabaseTestCase):
    scenarios = scenarios.DATABASES

    def setUp(self) -> None:
        super().setUp()
        self.plain = self.administrator()
        with self.plain.begin() as connection:
            nova_cell.build(connection)


class TestAdoption(AdoptionTestCase):
    def test_the_table_is_not_altered_and_no_row_is_touched(self):
        definition = nova_cell.definition(self.plain)
        rows = nova_cell.rows(self.plain)
        self.db.upgrade()
        self.assertEqual(definition, nova_cell.definition(self.plain))
        self.assertEqual(rows, nova_cell.rows(self.plain))

    def test_the_revision_of_nova_is_left_alone(self):
        self.db.upgrade()
        with self.plain.connect() as connection:
            theirs, ours = (
                connection.exec_driver_sql(f'SELECT version_num FROM {table}')
                .scalars()
                .all()
                for table in ('alembic_version', schema.VERSION_TABLE)
            )
        self.assertEqual([nova_cell.NOVA_REVISION], theirs)
        self.assertEqual([schema.head()], ours)

    def test_a_service_without_a_uuid_is_given_one(self):
        rows = nova_cell.rows(self.plain)
        with self.plain.begin() as connection:
            connection.exec_driver_sql('UPDATE services SET uuid = NULL')
        self.db.upgrade()
        found = nova_cell.rows(self.plain)
        place = rows[0]._fields.index('uuid')
        self.assertEqual(
            [row[:place] + row[place + 1 :] for row in rows],
            [row[:place] + row[place + 1 :] for row in found],
        )
        uuids = {row[place] for row in found}
        self.assertEqual(len(rows), len(uuids))
        for each in uuids:
            self.assertTrue(uuidutils.is_uuid_like(each), each)
        self.db.upgrade()
        self.assertEqual(found, nova_cell.rows(self.plain))

    def test_before_the_sync_the_database_is_refused_and_left_alone(self):
        tables = sa.inspect(self.plain).get_table_names()
        error = self.assertRaises(
            exception.SchemaNotReady, self.db.read, lambda c: None
        )
        self.assertIn('nova-sg-manage db sync', str(error))
        self.assertEqual(tables, sa.inspect(self.plain).get_table_names())


class TestOlderTables(AdoptionTestCase):
    """Of a nova before it had all the columns of today."""

    def test_one_is_refused_naming_what_it_lacks(self):
        with self.plain.begin() as connection:
            for name in ('forced_down', 'version'):
                connection.exec_driver_sql(
                    f'ALTER TABLE services DROP COLUMN {name}'
                )
        definition = nova_cell.definition(self.plain)
        tables = sa.inspect(self.plain).get_table_names()
        error = self.assertRaises(exception.Conflict, self.db.upgrade)
        self.assertIn('lacks forced_down, version', str(error))
        self.assertEqual(definition, nova_cell.definition(self.plain))
        self.assertEqual(tables, sa.inspect(self.plain).get_table_names())


class ServingTestCase(AdoptionTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.db.upgrade()
        self.api = servicegroup_api.API(self.conf)
        self.context = context.get_admin_context()


class TestServing(ServingTestCase):
    def test_its_live_services_are_listed_as_they_are(self):
        records, alive = self.api.list(self.context)
        self.assertEqual([3, 4], [each.id for each in records])
        first = records[0]
        self.assertEqual(
            ('cmp1', 'nova-compute', 'compute', 1200, 66),
            (
                first.host,
                first.binary,
                first.topic,
                first.report_count,
                first.version,
            ),
        )
        self.assertEqual(
            (True, 'Wartung'),
            (
                first.disabled,
                first.disabled_reason,
            ),
        )
        for each in (first.last_seen_up, first.created_at, first.updated_at):
            self.assertEqual(THEN, each)
            self.assertEqual(datetime.timedelta(0), each.utcoffset())
        self.assertFalse(alive[first.uuid].up)

    def test_what_is_null_is_what_nova_takes_it_for(self):
        record = self.api.get_by_id(self.context, 4)
        self.assertIs(False, record.disabled)
        self.assertIs(False, record.forced_down)
        self.assertEqual(0, record.version)
        self.assertIsNone(record.last_seen_up)
        self.assertEqual(0, record.deleted)

    def test_a_null_is_an_enabled_service_to_every_filter(self):
        for disabled, ids in ((True, [3]), (False, [4]), (None, [3, 4])):
            records, _alive = self.api.list(self.context, disabled=disabled)
            self.assertEqual(ids, [each.id for each in records])
        found = self.api.get_by_host_and_topic(self.context, 'cmp2', 'compute')
        self.assertEqual(4, found.id)

    def test_a_null_is_not_forced_down_to_the_minimum_version(self):
        self.api.update(
            self.context, nova_cell.ROWS[0]['uuid'], {'forced_down': True}
        )
        self.api.update(
            self.context, nova_cell.ROWS[1]['uuid'], {'version': 5}
        )
        self.assertEqual(
            5, self.api.minimum_version(self.context, ['nova-compute'])
        )

    def test_its_services_beat_and_are_decided_about(self):
        uuid = nova_cell.ROWS[0]['uuid']
        self.api.report_state(self.context, uuid)
        self.api.update(self.context, uuid, {'disabled': False})
        record = self.api.get_by_uuid(self.context, uuid)
        self.assertEqual(1201, record.report_count)
        self.assertIs(False, record.disabled)
        self.assertEqual('Wartung', record.disabled_reason)
        self.assertGreater(record.last_seen_up, THEN)
        self.assertTrue(self.api.service_is_up(record))

    def test_new_services_are_numbered_behind_those_there(self):
        made = self.api.create(
            self.context,
            {'host': 'cmp3', 'binary': 'nova-compute', 'topic': 'compute'},
        )
        self.assertEqual(5, made.id)
        self.assertRaises(
            exception.ServiceBinaryExists,
            self.api.create,
            self.context,
            {'host': 'cmp1', 'binary': 'nova-compute', 'topic': 'compute'},
        )

    def test_a_destroyed_service_is_left_as_nova_leaves_one(self):
        self.api.destroy(self.context, nova_cell.ROWS[0]['uuid'])
        with self.plain.connect() as connection:
            deleted, deleted_at, host = connection.exec_driver_sql(
                'SELECT deleted, deleted_at, host FROM services WHERE id = 3'
            ).one()
        self.assertEqual((3, 'cmp1'), (deleted, host))
        self.assertIsNotNone(deleted_at)


class TestServingOnMariadb(ServingTestCase):
    """nova's table has three bytes for a character."""

    scenarios = [scenarios.MARIADB]

    def test_a_character_it_cannot_keep_is_bad_input(self):
        uuid = nova_cell.ROWS[0]['uuid']
        error = self.assertRaises(
            exception.InvalidInput,
            self.api.update,
            self.context,
            uuid,
            {'disabled_reason': 'broken 🔥'},
        )
        self.assertIn('the database refuses a value', str(error))
        self.assertIn('disabled_reason', str(error))
        # Nor does REST tell whoever asked of tables and columns.
        self.assertNotIn('disabled_reason', error.public_message)
        record = self.api.get_by_uuid(self.context, uuid)
        self.assertEqual('Wartung', record.disabled_reason)

    def test_a_host_it_cannot_keep_is_bad_input(self):
        error = self.assertRaises(
            exception.InvalidInput,
            self.api.get_by_host_and_binary,
            self.context,
            'cmp🔥',
            'nova-compute',
        )
        self.assertIn('the database refuses a value', str(error))

    def test_host_and_binary_compare_as_the_table_does(self):
        found = self.api.get_by_host_and_binary(
            self.context, 'CMP1', 'Nova-Compute'
        )
        self.assertEqual(3, found.id)
