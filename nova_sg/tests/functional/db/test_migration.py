# SPDX-License-Identifier: Apache-2.0

"""The tables that the migrations make."""

from alembic import autogenerate
from alembic import migration
import sqlalchemy as sa
from sqlalchemy import types as sa_types
import testscenarios

from nova_sg.db import models
from nova_sg.db import schema
from nova_sg.tests.fixtures import scenarios
from nova_sg.tests.functional.db import base

load_tests = testscenarios.load_tests_apply_scenarios

#: nova 34's services, as its own migrations leave it: name, type, nullable.
COLUMNS = {
    'created_at': ('DATETIME', True),
    'updated_at': ('DATETIME', True),
    'deleted_at': ('DATETIME', True),
    'deleted': ('INTEGER', True),
    'id': ('INTEGER', False),
    'uuid': ('VARCHAR(36)', True),
    'host': ('VARCHAR(255)', True),
    'binary': ('VARCHAR(255)', True),
    'topic': ('VARCHAR(255)', True),
    'report_count': ('INTEGER', False),
    'disabled': ('BOOLEAN', True),
    'disabled_reason': ('VARCHAR(255)', True),
    'last_seen_up': ('DATETIME', True),
    'forced_down': ('BOOLEAN', True),
    'version': ('INTEGER', True),
}

#: What is unique in it, constraint or index: name and columns.
UNIQUE = {
    'uniq_services0host0topic0deleted': ('host', 'topic', 'deleted'),
    'uniq_services0host0binary0deleted': ('host', 'binary', 'deleted'),
    'services_uuid_idx': ('uuid',),
}


def type_name(column_type: sa_types.TypeEngine) -> str:
    """Return the name of a reflected type, the same on each database."""
    match column_type:
        case sa_types.Boolean():
            return 'BOOLEAN'
        case sa_types.Integer() if (
            getattr(column_type, 'display_width', None) == 1
        ):
            # What MySQL makes of a boolean.
            return 'BOOLEAN'
        case sa_types.Integer():
            return 'INTEGER'
        case sa_types.DateTime():
            return f'DATETIME{" WITH ZONE" * column_type.timezone}'
        case sa_types.String():
            return f'VARCHAR({column_type.length})'
    return str(column_type)


class MigrationTestCase(base.DatabaseTestCase):
    scenarios = scenarios.SCHEMAS

    def setUp(self) -> None:
        super().setUp()
        self.inspector = sa.inspect(self.db.engine)


class TestServicesTable(MigrationTestCase):
    def test_it_has_novas_columns_and_no_other(self):
        self.assertEqual(
            COLUMNS,
            {
                column['name']: (type_name(column['type']), column['nullable'])
                for column in self.inspector.get_columns('services')
            },
        )

    def test_its_primary_key_is_the_id(self):
        key = self.inspector.get_pk_constraint('services')
        self.assertEqual(['id'], key['constrained_columns'])

    def test_it_has_novas_unique_keys_and_no_other(self):
        # Some databases report a constraint as an index, or both ways.
        constraints = self.inspector.get_unique_constraints('services')
        indexes = self.inspector.get_indexes('services')
        unique = [*constraints, *(i for i in indexes if i['unique'])]
        self.assertEqual(
            UNIQUE,
            {key['name']: tuple(key['column_names']) for key in unique},
        )

    def test_it_has_no_other_index(self):
        self.assertEqual(
            [],
            [
                index
                for index in self.inspector.get_indexes('services')
                if not index['unique']
            ],
        )

    def test_it_refers_to_no_other_table_and_checks_nothing(self):
        self.assertEqual([], self.inspector.get_foreign_keys('services'))
        self.assertEqual([], self.inspector.get_check_constraints('services'))

    def test_defaults_are_left_to_the_writer(self):
        self.assertEqual(
            {},
            {
                column['name']: column['default']
                for column in self.inspector.get_columns('services')
                if column['default'] is not None and column['name'] != 'id'
            },
        )

    def test_the_id_is_given_by_the_database(self):
        statement = models.services.insert().values(report_count=0)
        first, second = [
            self.db.write(
                lambda c: c.execute(statement).inserted_primary_key[0]
            )
            for _ in range(2)
        ]
        self.assertGreater(first, 0)
        self.assertEqual(first + 1, second)


class TestModels(MigrationTestCase):
    def test_models_and_migrations_agree(self):
        with self.db.engine.connect() as connection:
            context = migration.MigrationContext.configure(
                connection,
                opts={
                    'version_table': schema.VERSION_TABLE,
                    'compare_type': True,
                    'compare_server_default': True,
                },
            )
            differences = autogenerate.compare_metadata(
                context, models.metadata
            )
        self.assertEqual([], differences)

    def test_every_other_table_bears_our_prefix(self):
        self.assertEqual(
            ['services'],
            [
                name
                for name in self.inspector.get_table_names()
                if not name.startswith('nova_sg_')
            ],
        )


class TestTextOnMariadb(MigrationTestCase):
    scenarios = [scenarios.MARIADB_SCHEMA]

    def test_all_text_is_compared_exactly_and_may_be_any(self):
        tables = self.db.read(
            lambda c: c.exec_driver_sql(
                'SELECT table_collation, engine'
                ' FROM information_schema.tables'
                ' WHERE table_schema = DATABASE() AND table_name != %s',
                (schema.VERSION_TABLE,),
            ).all()
        )
        self.assertEqual({('utf8mb4_bin', 'InnoDB')}, set(tables))
