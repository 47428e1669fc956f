# SPDX-License-Identifier: Apache-2.0

"""nova's own table as a record store, while it cannot be asked."""

import inspect
from typing import Any

from kombu import exceptions as kombu_exc
from oslo_db import exception as db_exc
import oslo_messaging as messaging
import sqlalchemy as sa
import testscenarios

from nova_sg import exception
from nova_sg.nova_tree import cells
from nova_sg.nova_tree import owner
from nova_sg.servicegroup import record as sg_record
from nova_sg.servicegroup.backends.zookeeper import members
from nova_sg.servicegroup.records import base as records_base
from nova_sg.tests.nova_tree import base

load_tests = testscenarios.load_tests_apply_scenarios

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
    """Lets no statement reach a database.

    :param error: what is raised instead
    :param engine: of the only database that is out
    """

    def __init__(self, error: Exception, engine: Any = sa.Engine) -> None:
        self.error = error
        self.engine = engine

    def __enter__(self) -> None:
        sa.event.listen(self.engine, 'before_cursor_execute', self._refuse)

    def __exit__(self, *_error: object) -> None:
        sa.event.remove(self.engine, 'before_cursor_execute', self._refuse)

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
    # memcached tells which services are up.
    scenarios = [base.MC_SQL]

    def test_who_is_down_is_down(self):
        self.compute.stop()
        with Out(DATABASE_ERRORS[0]):
            self.assertFalse(self.is_up())
