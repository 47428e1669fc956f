# SPDX-License-Identifier: Apache-2.0

"""Services through nova's objects, whatever keeps them."""

from unittest import mock

from nova import exception as nova_exception
from nova import objects
from nova import servicegroup
from nova.db.main import api as db
from nova.objects import service as nova_service
import testscenarios

from nova_sg.tests.nova_tree import base

load_tests = testscenarios.load_tests_apply_scenarios

#: The version of a service of an earlier nova.
OLDER = nova_service.SERVICE_VERSION - 1


class TestObjects(base.TestCase):
    scenarios = base.DRIVERS

    def test_a_service_is_found_by_all_it_is_known_by(self):
        made = self.make_service()
        for found in (
            objects.Service.get_by_id(self.context, made.id),
            objects.Service.get_by_id(self.context, str(made.id)),
            objects.Service.get_by_uuid(self.context, made.uuid),
            objects.Service.get_by_args(self.context, 'one', 'nova-compute'),
            objects.Service.get_by_compute_host(self.context, 'one'),
            objects.Service.get_by_host_and_binary(
                self.context, 'one', 'nova-compute'
            ),
            objects.Service.get_by_host_and_topic(
                self.context, 'one', 'compute'
            ),
            *objects.ServiceList.get_all(self.context),
            *objects.ServiceList.get_by_host(self.context, 'one'),
            *objects.ServiceList.get_by_topic(self.context, 'compute'),
            *objects.ServiceList.get_by_binary(self.context, 'nova-compute'),
        ):
            self.assertEqual(
                (made.id, made.uuid, 'one'), (found.id, found.uuid, found.host)
            )
            self.assertEqual({}, found.obj_get_changes())

    def test_what_is_not_there_is_not_found_as_in_nova(self):
        get = objects.Service
        for error, find, *arguments in (
            (nova_exception.ServiceNotFound, get.get_by_id, 4711),
            (nova_exception.ServiceNotFound, get.get_by_uuid, base.DB[0]),
            (nova_exception.HostBinaryNotFound, get.get_by_args, 'x', 'y'),
            (
                nova_exception.ComputeHostNotFound,
                get.get_by_compute_host,
                'x',
            ),
        ):
            self.assertRaises(error, find, self.context, *arguments)
        self.assertIsNone(
            get.get_by_host_and_binary(self.context, 'x', 'nova-compute')
        )

    def test_a_name_that_is_taken_is_refused_as_in_nova(self):
        self.make_service()
        self.assertRaises(
            nova_exception.ServiceBinaryExists, self.make_service, topic='x'
        )
        self.assertRaises(
            nova_exception.ServiceTopicExists,
            self.make_service,
            binary='nova-x',
        )

    def test_services_without_a_host_are_taken_as_in_nova(self):
        # Past the objects, whose notifications need one.
        values = {'host': None, 'binary': 'nova-compute', 'topic': 'compute'}
        made = [
            db.service_create(self.context, {**values, 'uuid': uuid})
            for uuid in (base.UUID, base.OTHER_UUID)
        ]
        listed = objects.ServiceList.get_all(self.context)
        self.assertEqual(
            {(None, each.uuid) for each in made},
            {(each.host, each.uuid) for each in listed},
        )
        db.service_destroy(self.context, made[0].id)
        (left,) = objects.ServiceList.get_all(self.context)
        self.assertEqual(made[1].uuid, left.uuid)

    def test_a_decision_is_written_and_seen_by_others(self):
        made = self.make_service()
        made.disabled, made.disabled_reason = True, 'broken fan'
        made.save()
        found = self.read(made)
        self.assertTrue(found.disabled)
        self.assertEqual('broken fan', found.disabled_reason)
        self.assertEqual(
            [], list(objects.ServiceList.get_by_topic(self.context, 'compute'))
        )

    def test_a_new_version_is_written_and_raises_the_minimum(self):
        with mock.patch.object(nova_service, 'SERVICE_VERSION', OLDER):
            made = self.make_service()
        made.version = nova_service.SERVICE_VERSION
        made.save()
        self.assertEqual(
            nova_service.SERVICE_VERSION,
            objects.Service.get_minimum_version(self.context, 'nova-compute'),
        )

    def test_what_is_older_than_the_rest_cannot_register(self):
        self.make_service()
        with mock.patch.object(nova_service, 'SERVICE_VERSION', OLDER):
            self.assertRaises(
                nova_exception.ServiceTooOld, self.make_service, host='two'
            )

    def test_an_old_service_that_is_forced_down_may_come_back(self):
        with mock.patch.object(nova_service, 'SERVICE_VERSION', OLDER):
            old = self.make_service(forced_down=True)
        self.make_service(host='two')
        old = self.read(old)
        old.forced_down = False
        old.save()
        self.assertFalse(self.read(old).forced_down)

    def test_a_compute_goes_with_its_nodes_and_they_are_not_mapped(self):
        made = self.make_service()
        node = self.make_compute_node('one', mapped=1)
        made.destroy()
        self.assertRaises(nova_exception.ServiceNotFound, self.read, made)
        everything = self.context.elevated(read_deleted='yes')
        (row,) = db.compute_node_get_all(everything)
        self.assertEqual((node.id, 0), (row['deleted'], row['mapped']))

    def test_hosts_of_a_hypervisor_type_are_found(self):
        for host, kind in (('one', 'fake'), ('two', 'ironic')):
            self.make_service(host=host)
            self.make_compute_node(host, hypervisor_type=kind)
        found = objects.ServiceList.get_all_computes_by_hv_type(
            self.context, 'ironic'
        )
        self.assertEqual(['two'], [each.host for each in found])

    def test_cells_with_the_same_host_do_not_meet(self):
        contexts = [self.in_cell('cell1'), self.in_cell('cell2')]
        made = [self.make_service(context=each) for each in contexts]
        self.assertNotEqual(made[0].uuid, made[1].uuid)
        made[0].disabled = True
        made[0].save()
        for context, mine in zip(contexts, made, strict=True):
            (found,) = objects.ServiceList.get_all(context)
            self.assertEqual(mine.uuid, found.uuid)
        self.assertFalse(
            objects.Service.get_by_host_and_binary(
                contexts[1], 'one', 'nova-compute'
            ).disabled
        )

    def test_zones_are_those_of_the_aggregates(self):
        for host in ('one', 'two'):
            self.make_service(host=host)
        self.make_service('three', 'nova-scheduler', 'scheduler')
        self.make_zone('north', 'one')
        services = objects.ServiceList.get_all(self.context, set_zones=True)
        self.assertEqual(
            {'one': 'north', 'two': 'nova', 'three': 'internal'},
            {each.host: each.availability_zone for each in services},
        )

    def test_a_service_that_is_stopped_is_down_at_once(self):
        compute = self.start_service('compute', host='one')
        group = servicegroup.API()

        def is_up():
            context = self.in_cell('cell1')
            return group.service_is_up(
                objects.Service.get_by_compute_host(context, 'one')
            )

        self.assertTrue(is_up())
        compute.stop()
        self.assertFalse(is_up())

    def test_a_service_stops_though_nobody_can_be_told(self):
        compute = self.start_service('compute', host='one')
        out = mock.Mock(side_effect=base.OUT)
        self.stub_out('nova_sg.servicegroup.api.API.leave', out)
        with mock.patch.object(objects.Service, 'get_by_uuid', out):
            # Stops it, and then destroys it.
            compute.kill()
        self.assertRaises(
            nova_exception.ComputeHostNotFound,
            objects.Service.get_by_compute_host,
            self.in_cell('cell1'),
            'one',
        )
        self.assertIn(
            'nova-compute on host one has stopped, it will be down',
            self.stdlog.logger.output,
        )
