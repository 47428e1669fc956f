# SPDX-License-Identifier: Apache-2.0

"""nova's own table as a record store, with liveness elsewhere.

It is held to what every record store promises, but for what it cannot have
there: a marker of the deployment, and processes that have no nova.
"""

from typing import Any
from unittest import mock

from nova import objects
from nova import servicegroup
from nova.db.main import api as db
from nova.db.main import models
from nova.tests import fixtures as nova_fixtures
import sqlalchemy as sa
import testscenarios

from nova_sg.inventory import none
from nova_sg.nova_tree import cells
from nova_sg.nova_tree import owner
from nova_sg.nova_tree import records
from nova_sg.servicegroup import api
from nova_sg.servicegroup import loader
from nova_sg.servicegroup.testing import base as conformance
from nova_sg.servicegroup.testing import deployment
from nova_sg.servicegroup.testing import lookups
from nova_sg.servicegroup.testing import machine
from nova_sg.servicegroup.testing import records as promises
from nova_sg.servicegroup.testing import restore
from nova_sg.tests.fixtures import long
from nova_sg.tests.fixtures import statements
from nova_sg.tests.functional.servicegroup import memcached_deployments
from nova_sg.tests.nova_tree import base

load_tests = testscenarios.load_tests_apply_scenarios


class NovasTable(memcached_deployments.McSqlDeployment):
    """nova's cell database, on SQLite as nova's fixtures have it."""

    # As for servers: each call is one of nova, and takes its time.
    examples = long.times(8, 30)

    def make(self) -> deployment.Options:
        self.useFixture(nova_fixtures.ConfFixture())
        self.useFixture(nova_fixtures.Database())
        return {
            'servicegroup': {'driver': 'mc'},
            'memcached': {
                'servers': base.MEMCACHED,
                'key_prefix': base.old_memcached(),
            },
        }

    def _connect(self) -> Any:
        return db.get_engine().begin()


class NovasTableTest(conformance.ConformanceTest):
    deployment_class = NovasTable

    def new_api(self, options: deployment.Options | None = None) -> api.API:
        conf = self.deployment.load(options)
        store = records.NovaRecordStore(conf)
        return api.API(conf, loader.load(conf, store), none.NoInventory(conf))


class TestRecords(NovasTableTest, promises.RecordTests):
    # Another process of the suite has no nova; nova's database is asked each
    # time.
    test_an_update_shows_in_another_process = None


class TestLookups(NovasTableTest, lookups.LookupTests):
    def test_so_are_those_on_more_hosts_than_a_statement_names(self) -> None:
        with mock.patch.object(records, 'NAMED', 1):
            self.test_the_services_of_a_binary_on_some_hosts_are_found()


class TestRestore(NovasTableTest, restore.RestoreTests):
    pass


class TestModel(NovasTableTest, machine.ModelTests):
    pass


class TestBeside(base.TestCase):
    scenarios = base.BESIDE

    def setUp(self) -> None:
        super().setUp()
        self.compute = self.start_service('compute', host='one')
        self.cell = self.in_cell('cell1')
        self.group = servicegroup.API()

    def rows(self) -> list[Any]:
        """Return what nova without nova_sg finds in its table."""
        found: list[Any] = db.service_get_all.novas(self.cell)
        return found

    def service(self) -> Any:
        return objects.Service.get_by_compute_host(self.cell, 'one')

    def test_a_decision_is_in_the_row_that_nova_would_read(self):
        service = self.service()
        service.disabled, service.disabled_reason = True, 'broken fan'
        service.save()
        (row,) = self.rows()
        self.assertEqual(
            (service.id, service.uuid, 'one', True, 'broken fan'),
            (row.id, row.uuid, row.host, row.disabled, row.disabled_reason),
        )

    def test_a_beat_writes_nothing_to_the_table(self):
        # It may look whether the service is still there.
        with base.NamesServices() as named:
            owner.get().report_state(
                cells.Context(self.cell), self.compute.service_ref.uuid
            )
        self.assertEqual(
            [],
            [each for each in named.statements if each[:6] != 'SELECT'],
        )
        (row,) = self.rows()
        self.assertEqual((0, None), (row.report_count, row.last_seen_up))

    def test_liveness_is_not_in_the_row(self):
        self.assertTrue(self.group.service_is_up(self.service()))
        self.compute.stop()
        self.assertFalse(self.group.service_is_up(self.service()))
        self.assertEqual(1, len(self.rows()))

    def test_a_list_is_one_statement_whatever_its_length(self):
        for number in range(20):
            self.make_service(host=f'host{number}', context=self.cell)
        with statements.StatementCounter(own=True) as counted:
            services = objects.ServiceList.get_by_binary(
                self.cell, 'nova-compute'
            )
            up = {
                each.host
                for each in services
                if self.group.service_is_up(each)
            }
        self.assertEqual(21, len(services))
        # With memcached also those which have not had the time to join.
        self.assertIn(self.compute.host, up)
        self.assertEqual(1, len(counted), counted)

    def test_a_list_maps_no_row_to_an_object_of_novas(self):
        mapped = []
        watch = (models.Service, 'load', lambda *each: mapped.append(each))
        sa.event.listen(*watch)
        self.addCleanup(sa.event.remove, *watch)
        self.rows()
        self.assertEqual(1, len(mapped))
        mapped.clear()
        services = objects.ServiceList.get_all(self.cell)
        self.assertEqual(['one'], [each.host for each in services])
        self.assertEqual([], mapped)

    def test_what_an_old_row_leaves_empty_has_novas_defaults(self):
        row = models.Service.__table__
        empty = dict.fromkeys(('disabled', 'forced_down', 'version'))
        with db.get_engine(context=self.cell).begin() as connection:
            connection.execute(row.update().values(empty))
        (service,) = objects.ServiceList.get_all(self.cell)
        self.assertEqual(
            (False, False, 0),
            (service.disabled, service.forced_down, service.version),
        )
