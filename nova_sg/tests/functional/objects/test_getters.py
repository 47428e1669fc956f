# SPDX-License-Identifier: Apache-2.0

"""How one service is found, with nova's rules."""

import fixtures

from nova_sg import exception
from nova_sg import objects
from nova_sg.tests.functional.objects import base

Service = objects.ServiceGroupService


class TestGetters(base.ObjectsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.compute = self.service()
        self.disabled = self.service('c2', disabled=True)
        self.scheduler = self.service('ctl', 'nova-scheduler', 'scheduler')

    def test_by_id_and_by_uuid_disabled_or_not(self):
        for each in (self.compute, self.disabled):
            by_id = Service.get_by_id(self.context, each.id)
            by_uuid = Service.get_by_uuid(self.context, each.uuid)
            self.assertEqual(each.uuid, by_id.uuid)
            self.assertEqual(each.id, by_uuid.id)

    def test_an_unknown_id_or_uuid_is_not_found(self):
        for getter, unknown in (
            (Service.get_by_id, 4711),
            (Service.get_by_id, 2**80),
            (Service.get_by_id, -1),
            (Service.get_by_uuid, 'no-such-uuid'),
        ):
            error = self.assertRaises(
                exception.ServiceNotFound, getter, self.context, unknown
            )
            self.assertIn(str(unknown), str(error))

    def test_host_and_topic_skips_the_disabled(self):
        found = Service.get_by_host_and_topic(self.context, 'c1', 'compute')
        self.assertEqual(self.compute.uuid, found.uuid)
        self.assertIsNone(
            Service.get_by_host_and_topic(self.context, 'c2', 'compute')
        )
        self.assertIsNone(
            Service.get_by_host_and_topic(self.context, 'c1', 'scheduler')
        )

    def test_host_and_binary_finds_the_disabled_too(self):
        for each in (self.compute, self.disabled):
            found = Service.get_by_host_and_binary(
                self.context, each.host, 'nova-compute'
            )
            self.assertEqual(each.uuid, found.uuid)
        self.assertIsNone(
            Service.get_by_host_and_binary(self.context, 'c9', 'nova-compute')
        )

    def test_args_raises_where_there_is_none(self):
        found = Service.get_by_args(self.context, 'ctl', 'nova-scheduler')
        self.assertEqual(self.scheduler.uuid, found.uuid)
        error = self.assertRaises(
            exception.HostBinaryNotFound,
            Service.get_by_args,
            self.context,
            'ctl',
            'nova-compute',
        )
        self.assertEqual(
            'Could not find binary nova-compute on host ctl.', str(error)
        )

    def test_compute_host_finds_the_compute_and_nothing_else(self):
        found = Service.get_by_compute_host(self.context, 'c2')
        self.assertEqual(self.disabled.uuid, found.uuid)
        error = self.assertRaises(
            exception.ComputeHostNotFound,
            Service.get_by_compute_host,
            self.context,
            'ctl',
        )
        self.assertEqual('Compute host ctl could not be found.', str(error))

    def test_no_getter_finds_the_destroyed(self):
        self.compute.destroy()
        self.assertIsNone(
            Service.get_by_host_and_binary(self.context, 'c1', 'nova-compute')
        )
        self.assertIsNone(
            Service.get_by_host_and_topic(self.context, 'c1', 'compute')
        )
        for getter, key in (
            (Service.get_by_id, self.compute.id),
            (Service.get_by_uuid, self.compute.uuid),
        ):
            self.assertRaises(
                exception.ServiceNotFound, getter, self.context, key
            )

    def test_a_found_service_has_nothing_pending(self):
        found = Service.get_by_args(self.context, 'c1', 'nova-compute')
        self.assertEqual(set(), found.obj_what_changed())


class TestMinimumVersion(base.ObjectsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.old = self.service('c1', version=4)
        self.service('c2', version=6)
        self.service('ctl', 'nova-scheduler', 'scheduler', version=5)

    def minimum(self, *binaries):
        return Service.get_minimum_version_multi(self.context, list(binaries))

    def test_it_is_the_lowest_of_the_binaries_that_have_a_service(self):
        self.assertEqual(
            4, Service.get_minimum_version(self.context, 'nova-compute')
        )
        self.assertEqual(4, self.minimum('nova-compute', 'nova-scheduler'))
        self.assertEqual(5, self.minimum('nova-scheduler', 'nova-conductor'))
        self.assertEqual(0, self.minimum('nova-conductor'))

    def test_a_service_counts_unless_it_is_forced_down_or_destroyed(self):
        self.old.disabled = True
        self.old.save()
        self.assertEqual(4, self.minimum('nova-compute'))
        self.old.forced_down = True
        self.old.save()
        self.assertEqual(6, self.minimum('nova-compute'))
        self.old.forced_down = False
        self.old.save()
        self.assertEqual(4, self.minimum('nova-compute'))
        self.old.destroy()
        self.assertEqual(6, self.minimum('nova-compute'))

    def test_a_binary_that_is_not_novas_is_refused(self):
        error = self.assertRaises(
            exception.ObjectActionError, self.minimum, 'nova-compute', 'cinder'
        )
        self.assertIn('Invalid binary prefix', str(error))


class TestLazyLoading(base.ObjectsTestCase):
    def test_the_state_is_loaded_when_looked_at(self):
        living, dead = self.service('c1'), self.service('c2')
        living.report_state()
        self.api.join_many(
            self.context, [self.api.get_by_uuid(self.context, dead.uuid)]
        )
        self.api.leave_all(self.context)
        living, dead = self.reload(living), self.reload(dead)
        self.assertFalse(living.obj_attr_is_set('is_up'))
        self.assertEqual((True, False), (living.is_up, dead.is_up))
        self.assertTrue(living.obj_attr_is_set('is_up'))
        self.assertEqual(set(), living.obj_what_changed())

    def test_a_service_that_leaves_is_down_at_once_though_just_seen_up(self):
        service = self.service()
        self.api.join_many(
            self.context, [self.api.get_by_uuid(self.context, service.uuid)]
        )
        self.assertIs(True, self.reload(service).is_up)
        self.api.leave_all(self.context)
        self.assertIs(False, self.reload(service).is_up)

    def test_a_service_forced_down_is_loaded_as_down(self):
        service = self.service()
        service.report_state()
        service.forced_down = True
        service.save()
        self.assertIs(False, self.reload(service).is_up)

    def test_a_state_that_cannot_be_told_fails_no_change(self):
        service = self.service()
        # It shows its state, and so will show the one after the change.
        self.assertEqual('up', service.load_state())
        self.useFixture(
            fixtures.MockPatchObject(
                self.api, 'service_is_up', side_effect=ValueError('bad\nluck')
            )
        )
        log = self.useFixture(fixtures.FakeLogger(format='%(message)s'))
        service.forced_down = True
        service.save()
        self.assertIs(True, self.reload(service).forced_down)
        self.assertEqual('unknown', self.reload(service).load_state())
        self.assertEqual(
            2 * ['The state of a service cannot be told: bad luck'],
            log.output.splitlines(),
        )

    def test_the_zone_is_loaded_when_looked_at(self):
        scheduler = self.service('ctl', 'nova-scheduler', 'scheduler')
        self.api.inventory.set_zone('c1', 'az1')
        for service, zone in (
            (self.service('c1'), 'az1'),
            # In no aggregate.
            (self.service('c2'), 'nova'),
            (scheduler, 'internal'),
        ):
            self.assertFalse(service.obj_attr_is_set('availability_zone'))
            self.assertEqual(zone, service.availability_zone)
            self.assertEqual(set(), service.obj_what_changed())

    def test_what_was_loaded_is_never_written(self):
        service = self.service()
        self.assertEqual(
            ('nova', True), (service.availability_zone, service.is_up)
        )
        service.disabled = True
        service.save()
        self.assertIs(True, self.reload(service).disabled)
