# SPDX-License-Identifier: Apache-2.0

"""nova's own table as a record store, with liveness elsewhere.

It is held to what every record store promises, but for what it cannot have
there: a marker of the deployment, and processes that have no nova.
"""

import inspect
from typing import Any
from unittest import mock

from kombu import exceptions as kombu_exc
from nova import objects
from nova import servicegroup
from nova.db.main import api as db
from nova.tests import fixtures as nova_fixtures
from oslo_db import exception as db_exc
import oslo_messaging as messaging
import sqlalchemy as sa
import testscenarios

from nova_sg import exception
from nova_sg.inventory import none
from nova_sg.nova_tree import cells
from nova_sg.nova_tree import owner
from nova_sg.nova_tree import records
from nova_sg.servicegroup import api
from nova_sg.servicegroup import loader
from nova_sg.servicegroup import record as sg_record
from nova_sg.servicegroup.backends.zookeeper import members
from nova_sg.servicegroup.records import base as records_base
from nova_sg.servicegroup.testing import base as conformance
from nova_sg.servicegroup.testing import deployment
from nova_sg.servicegroup.testing import lookups
from nova_sg.servicegroup.testing import machine
from nova_sg.servicegroup.testing import records as promises
from nova_sg.servicegroup.testing import restore
from nova_sg.tests.fixtures import statements
from nova_sg.tests.functional.servicegroup import memcached_deployments
from nova_sg.tests.nova_tree import base

load_tests = testscenarios.load_tests_apply_scenarios


class NovasTable(memcached_deployments.McSqlDeployment):
    """nova's cell database, on SQLite as nova's fixtures have it."""

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
        with statements.StatementCounter() as counted:
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


#: What a call of each method takes, behind the context.
CALLS: dict[str, tuple[Any, ...]] = {
    'create': ({'host': 'two', 'binary': 'nova-compute'},),
    'get_by_uuid': (base.UUID,),
    'get_by_id': (1,),
    'get_by_host_and_binary': ('one', 'nova-compute'),
    'get_by_host_and_topic': ('one', 'compute'),
    'list': (),
    'of_hosts': ('nova-compute', ['one']),
    'known': ([base.UUID],),
    'traces': (),
    'update': (base.UUID, {'disabled': True}),
    'destroy': (base.UUID,),
    'minimum_versions': (['nova-compute'],),
    'restore': (
        sg_record.Record(
            7, base.UUID, host='one', binary='nova-compute', topic='compute'
        ),
    ),
    'purge': ([base.UUID],),
}


class Out:
    """Lets no statement reach a database."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __enter__(self) -> None:
        sa.event.listen(sa.Engine, 'before_cursor_execute', self._refuse)

    def __exit__(self, *_error: object) -> None:
        sa.event.remove(sa.Engine, 'before_cursor_execute', self._refuse)

    def _refuse(self, *_arguments: Any) -> None:
        raise self.error


class Silent:
    """Stands for a conductor which is called in vain."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def object_class_action_versions(self, *_arguments: Any) -> None:
        raise self.error


def _operational_error(says: str) -> Exception:
    return sa.exc.OperationalError(
        'SELECT 1', {'secret': 'sesame'}, Exception(says)
    )


DATABASE_ERRORS = [
    db_exc.DBConnectionError(_operational_error('gone away')),
    db_exc.DBDeadlock(_operational_error('try again')),
    _operational_error('too many connections'),
    sa.exc.TimeoutError('the pool is used up'),
]

CONDUCTOR_ERRORS = [
    messaging.MessagingTimeout('no reply'),
    messaging.MessageDeliveryFailure('no broker'),
    messaging.MessageUndeliverable(
        Exception('NO_ROUTE'), 'nova', 'conductor', 'a message'
    ),
    kombu_exc.OperationalError('no broker'),
    ConnectionRefusedError('no broker'),
    *(
        messaging.RemoteError(name, 'gone away', ['a traceback'])
        for name in (
            'DBConnectionError',
            'MessagingTimeout',
            'OperationalError',
            'ServiceGroupUnavailable',
        )
    ),
]


class OutageTestCase(base.TestCase):
    """Neither nova's conductor nor its database can be asked."""

    def setUp(self) -> None:
        super().setUp()
        self.compute = self.start_service('compute', host='one')
        self.cell = self.in_cell('cell1')
        self.ours = cells.Context(self.cell)
        self.owner = owner.get()
        self.records = self.owner.driver.records

    def ask_conductor(self, error: Exception) -> None:
        """Have nova's objects call a conductor, which fails."""
        self.stub_out(
            'nova.objects.base.NovaObject.indirection_api', Silent(error)
        )

    def is_up(self) -> bool:
        uuid = self.compute.service_ref.uuid
        return bool(self.owner.liveness(self.ours, [uuid])[uuid].up)


class TestOutage(OutageTestCase):
    scenarios = base.BESIDE

    def assert_unavailable(self, name: str) -> str:
        """Return what a call of a method says of why it failed."""
        error = self.assertRaises(
            exception.ServiceGroupUnavailable,
            getattr(self.records, name),
            self.ours,
            *CALLS[name],
        )
        return str(error)

    def test_all_that_a_record_store_can_do_is_called_here(self):
        self.assertEqual(
            {
                name
                for name, _ in inspect.getmembers(
                    records_base.RecordStore, inspect.isfunction
                )
                if not name.startswith('_')
            },
            # What cannot be asked for is not missing. Nothing is asked by
            # the others here: a move does not come from a nova, nova's own
            # functions look for tokens, and its table is no store that keeps
            # records of its own accord, or that can be watched.
            {
                *CALLS,
                *('check_kept', 'guard', 'keep', 'made', 'mirror_over'),
                *('missing', 'settle', 'view', 'watch'),
            },
        )

    def test_a_database_that_is_out_is_unavailable_whatever_is_asked(self):
        for error in DATABASE_ERRORS:
            with Out(error):
                for name in CALLS:
                    says = self.assert_unavailable(name)
                    self.assertIn("nova's database", says)
                    self.assertNotIn('sesame', says)

    def test_what_a_database_refuses_is_not_an_outage(self):
        refused = db_exc.DBDataError(_operational_error('too long'))
        with Out(refused):
            self.assertRaises(db_exc.DBDataError, self.records.list, self.ours)

    def test_a_conductor_without_an_answer_is_unavailable(self):
        for error in CONDUCTOR_ERRORS:
            self.ask_conductor(error)
            for name in ('get_by_uuid', 'list', 'known'):
                says = self.assert_unavailable(name)
                self.assertIn("nova's conductor", says)
                self.assertEqual(1, len(says.splitlines()))

    def test_what_a_conductor_refuses_is_not_an_outage(self):
        self.ask_conductor(messaging.RemoteError('ValueError', 'what', []))
        self.assertRaises(messaging.RemoteError, self.records.list, self.ours)

    def test_a_service_beats_on_and_is_up(self):
        service = self.compute.service_ref
        for error in DATABASE_ERRORS:
            self.forget_the_member()
            with Out(error):
                self.owner.report_state(self.ours, service.uuid)
            self.assertTrue(self.is_up())
        for error in CONDUCTOR_ERRORS:
            self.forget_the_member()
            self.ask_conductor(error)
            self.owner.report_state(self.ours, service.uuid)
            self.assertTrue(self.is_up())

    def forget_the_member(self) -> None:
        """Have the backend lose what it holds of the service's worker."""
        if self.driver == 'zk':
            membership: Any = self.owner.driver.membership
            (handle,) = membership._handles
            members.delete(membership.session, [handle.key])


class TestVerdictsInAnOutage(OutageTestCase):
    # Its own servers tell who is up and who is not.
    scenarios = [base.MC_SQL]

    def test_who_is_down_is_down(self):
        self.compute.stop()
        with Out(DATABASE_ERRORS[0]):
            self.assertFalse(self.is_up())
