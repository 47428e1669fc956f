# SPDX-License-Identifier: Apache-2.0

"""Service objects in a process without a database."""

import datetime

from oslo_versionedobjects import exception as ovo_exc
import testtools

from nova_sg import context
from nova_sg import exception
from nova_sg import objects
from nova_sg import servicegroup
from nova_sg.tests.fixtures import conductor
from nova_sg.tests.fixtures import rows
from nova_sg.tests.functional.objects import base

Service = objects.ServiceGroupService
List = objects.ServiceGroupServiceList


class RemotingTestCase(base.ObjectsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.conductor = self.useFixture(
            conductor.InProcessConductor(self.api)
        )

    def stored(self, service):
        """Return the record behind a service."""
        return self.api.get_by_uuid(self.context, service.uuid)


class TestGetters(RemotingTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.mine = self.service(version=3)

    def test_the_caller_itself_has_no_backend(self):
        self.assertRaises(RuntimeError, servicegroup.get)

    def test_every_getter_of_one_service(self):
        for found in (
            Service.get_by_id(self.context, self.mine.id),
            Service.get_by_uuid(self.context, self.mine.uuid),
            Service.get_by_host_and_topic(self.context, 'c1', 'compute'),
            Service.get_by_host_and_binary(self.context, 'c1', 'nova-compute'),
            Service.get_by_args(self.context, 'c1', 'nova-compute'),
            Service.get_by_compute_host(self.context, 'c1'),
        ):
            self.assertIsInstance(found, Service)
            self.assertEqual(self.mine.uuid, found.uuid)
            self.assertEqual(set(), found.obj_what_changed())
            self.assertIs(self.context, found._context)
        self.assertEqual(
            [
                'create',
                'get_by_id',
                'get_by_uuid',
                'get_by_host_and_topic',
                'get_by_host_and_binary',
                'get_by_args',
                'get_by_compute_host',
            ],
            self.conductor.calls,
        )

    def test_no_service_is_none_here_too(self):
        self.assertIsNone(
            Service.get_by_host_and_topic(self.context, 'c9', 'compute')
        )
        self.assertIsNone(
            Service.get_by_host_and_binary(self.context, 'c9', 'nova-compute')
        )

    def test_minimum_versions(self):
        self.assertEqual(
            3, Service.get_minimum_version(self.context, 'nova-compute')
        )
        self.assertEqual(
            3,
            Service.get_minimum_version_multi(
                self.context, ['nova-compute', 'nova-scheduler']
            ),
        )

    def test_errors_arrive_as_what_they_are(self):
        for error, getter, arguments in (
            (exception.ServiceNotFound, Service.get_by_id, (4711,)),
            (exception.ServiceNotFound, Service.get_by_uuid, ('no-such',)),
            (exception.HostBinaryNotFound, Service.get_by_args, ('h', 'b')),
            (
                exception.ComputeHostNotFound,
                Service.get_by_compute_host,
                ('c9',),
            ),
            (
                exception.ObjectActionError,
                Service.get_minimum_version,
                ('cinder',),
            ),
        ):
            raised = self.assertRaises(error, getter, self.context, *arguments)
            self.assertIs(error, type(raised))
            self.assertEqual(error(**raised.kwargs).args, raised.args)

    def test_the_context_of_the_caller_arrives(self):
        theirs = []
        records = self.api.driver.records
        original = records.get_by_uuid

        def get_by_uuid(context, uuid):
            theirs.append(context)
            return original(context, uuid)

        self.addCleanup(setattr, records, 'get_by_uuid', original)
        records.get_by_uuid = get_by_uuid
        mine = context.RequestContext(cell_uuid='a-cell', user_id='somebody')
        Service.get_by_uuid(mine, self.mine.uuid)
        self.assertIsNot(mine, theirs[0])
        self.assertEqual(
            ('a-cell', 'somebody', mine.request_id),
            (theirs[0].cell_uuid, theirs[0].user_id, theirs[0].request_id),
        )


class TestLists(RemotingTestCase):
    def test_every_list_arrives_with_its_services_and_their_state(self):
        mine = self.service()
        self.service('ctl', 'nova-scheduler', 'scheduler', forced_down=True)
        mine.report_state()
        self.api.inventory.report([rows.node('c1')])
        everything = List.get_all(self.context)
        self.assertEqual([True, False], [each.is_up for each in everything])
        for found in (
            List.get_all(self.context, disabled=False, set_zones=True)[:1],
            List.get_by_topic(self.context, 'compute'),
            List.get_by_binary(
                self.context, 'nova-compute', include_disabled=True
            ),
            List.get_by_host(self.context, 'c1'),
            List.get_all_computes_by_hv_type(self.context, 'QEMU'),
        ):
            self.assertEqual([mine.uuid], [each.uuid for each in found])
            self.assertEqual(set(), found[0].obj_what_changed())
            self.assertIsNotNone(found[0].last_seen_up)
        self.assertEqual(
            ['nova', 'internal'],
            [
                each.availability_zone
                for each in List.get_all(self.context, set_zones=True)
            ],
        )

    def test_a_service_out_of_a_list_can_be_changed(self):
        self.service()
        mine = List.get_all(self.context)[0]
        mine.disabled = True
        mine.save()
        self.assertTrue(self.stored(mine).disabled)


class TestWrites(RemotingTestCase):
    def test_create_fills_what_the_store_gives(self):
        made = self.service(disabled_reason='Wartung ☕')
        there = self.stored(made)
        self.assertEqual(
            (there.id, there.uuid, 'Wartung ☕'),
            (made.id, made.uuid, made.disabled_reason),
        )
        self.assertEqual(
            there.created_at.replace(microsecond=0), made.created_at
        )
        self.assertEqual(datetime.timedelta(0), made.created_at.utcoffset())
        self.assertEqual(set(), made.obj_what_changed())
        with testtools.ExpectedException(ovo_exc.ReadOnlyFieldError):
            made.id = 5

    def test_a_conflict_arrives_as_one(self):
        self.service()
        error = self.assertRaises(exception.ServiceBinaryExists, self.service)
        self.assertEqual(
            {'host': 'c1', 'binary': 'nova-compute'}, error.kwargs
        )

    def test_save_writes_what_changed_and_nothing_else(self):
        mine = self.service()
        self.api.update(self.context, mine.uuid, {'disabled_reason': 'disk'})
        mine.forced_down = True
        mine.save()
        there = self.stored(mine)
        self.assertEqual(
            (True, 'disk'), (there.forced_down, there.disabled_reason)
        )
        self.assertEqual('disk', mine.disabled_reason)
        self.assertIsNotNone(mine.updated_at)
        self.assertEqual(set(), mine.obj_what_changed())

    def test_a_save_that_was_refused_stays_pending(self):
        mine = self.service(version=5)
        mine.version = 4
        self.assertRaises(exception.ServiceTooOld, mine.save)
        self.assertEqual({'version'}, mine.obj_what_changed())

    def test_forced_down_shows_in_the_state_at_once(self):
        self.service().report_state()
        mine = List.get_all(self.context)[0]
        self.assertIs(True, mine.is_up)
        mine.forced_down = True
        mine.save()
        self.assertIs(False, mine.is_up)
        mine.forced_down = False
        mine.save()
        self.assertIs(True, mine.is_up)

    def test_report_state_and_a_save_of_the_count_are_beats(self):
        mine = self.service()
        mine.report_state()
        self.assertEqual(1, self.stored(mine).report_count)
        mine.report_count = 1
        mine.save()
        there = self.stored(mine)
        self.assertEqual(2, there.report_count)
        self.assertIsNotNone(there.last_seen_up)
        self.assertIsNone(there.updated_at)

    def test_destroy(self):
        mine = self.service()
        mine.destroy()
        self.assertRaises(exception.ServiceNotFound, self.stored, mine)
        self.assertRaises(exception.ServiceNotFound, mine.destroy)
        self.assertRaises(exception.ServiceNotFound, mine.report_state)

    def test_pending_changes_survive_a_beat(self):
        mine = self.service()
        mine.disabled = True
        mine.report_state()
        self.assertEqual({'disabled'}, mine.obj_what_changed())
        self.assertFalse(self.stored(mine).disabled)


class TestLazyLoading(RemotingTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.mine = self.service()
        self.mine.report_state()
        self.api.inventory.set_zone('c1', 'az1')

    def test_state_and_zone_are_loaded_over_there(self):
        self.assertFalse(self.mine.obj_attr_is_set('is_up'))
        self.assertIs(True, self.mine.is_up)
        self.assertEqual('az1', self.mine.availability_zone)
        self.assertEqual(
            ['create', 'report_state', 'obj_load_attr', 'obj_load_attr'],
            self.conductor.calls,
        )
        self.assertEqual(set(), self.mine.obj_what_changed())

    def test_loading_keeps_what_is_pending(self):
        self.mine.disabled = True
        self.assertIs(True, self.mine.is_up)
        self.assertEqual({'disabled'}, self.mine.obj_what_changed())

    def test_it_is_loaded_once(self):
        before = len(self.conductor.calls)
        for _again in range(3):
            self.assertIs(True, self.mine.is_up)
        self.assertEqual(before + 1, len(self.conductor.calls))


class TestOrphans(base.ObjectsTestCase):
    def test_a_service_without_context_does_nothing(self):
        orphan = Service(host='c1', binary='nova-compute')
        for method in (
            orphan.create,
            orphan.save,
            orphan.destroy,
            orphan.report_state,
        ):
            self.assertRaises(ovo_exc.OrphanedObjectError, method)
