# SPDX-License-Identifier: Apache-2.0

"""Promises of the service object, whatever driver is behind it."""

import fixtures

from nova_sg import exception
from nova_sg.objects import service
from nova_sg.objects import service_list
from nova_sg.servicegroup.testing import base


class ObjectTests(base.HealthyTest):
    """The object behaves alike on every driver."""

    def setUp(self) -> None:
        super().setUp()
        self.useFixture(
            fixtures.MonkeyPatch('nova_sg.servicegroup._api', self.api)
        )

    def create(
        self, host: str = 'host1', binary: str = 'nova-compute'
    ) -> service.ServiceGroupService:
        """Create a service, through the object."""
        created = service.ServiceGroupService(
            self.context,
            host=host,
            binary=binary,
            topic=binary.removeprefix('nova-'),
        )
        created.create()
        return created

    def find(
        self, created: service.ServiceGroupService
    ) -> service.ServiceGroupService:
        """Return another object of the same service."""
        return service.ServiceGroupService.get_by_uuid(
            self.context, created.uuid
        )

    def join(self, *created: service.ServiceGroupService) -> None:
        """Let services be up, and beat from this process."""
        records = [
            self.records.get_by_uuid(self.context, each.uuid)
            for each in created
        ]
        self.api.join_many(self.context, records)

    def test_what_is_created_is_found_by_every_getter(self) -> None:
        created = self.create()
        objects = service.ServiceGroupService
        for found in (
            objects.get_by_id(self.context, created.id),
            objects.get_by_uuid(self.context, created.uuid),
            objects.get_by_host_and_topic(self.context, 'host1', 'compute'),
            objects.get_by_args(self.context, 'host1', 'nova-compute'),
            objects.get_by_compute_host(self.context, 'host1'),
            *service_list.ServiceGroupServiceList.get_all(self.context),
        ):
            self.assertEqual(created.uuid, found.uuid)
            self.assertEqual(created.id, found.id)
            self.assertEqual(set(), found.obj_what_changed())

    def test_a_list_shows_who_is_up(self) -> None:
        up, down, forced = (self.create(f'host{n}') for n in range(3))
        self.join(up, down, forced)
        forced.forced_down = True
        forced.save()
        self.api.leave_all(self.context)
        self.join(up, forced)
        found = service_list.ServiceGroupServiceList.get_by_binary(
            self.context, 'nova-compute'
        )
        self.assertEqual(
            {'host0': True, 'host1': False, 'host2': False},
            {each.host: each.is_up for each in found},
        )
        self.assertTrue(self.find(up).is_up)
        self.assertFalse(self.find(forced).is_up)

    def test_objects_of_one_service_save_what_they_changed(self) -> None:
        mine = self.create()
        theirs = self.find(mine)
        mine.disabled = True
        theirs.forced_down = True
        mine.save()
        theirs.save()
        found = self.find(mine)
        self.assertTrue(found.disabled)
        self.assertTrue(found.forced_down)

    def test_a_beat_of_an_old_object_undoes_nothing(self) -> None:
        beating = self.create()
        self.join(beating)
        operators = self.find(beating)
        operators.disabled = True
        operators.disabled_reason = 'mine'
        operators.save()
        decided = self.find(beating)
        for _ in range(3):
            beating.report_count += 1
            beating.save()
        beating.report_state()
        found = self.find(beating)
        self.assertTrue(found.disabled)
        self.assertEqual('mine', found.disabled_reason)
        self.assertEqual(decided.updated_at, found.updated_at)
        self.assertTrue(found.is_up)

    def test_what_is_taken_is_refused(self) -> None:
        self.create('host1', 'nova-compute')
        self.assertRaises(exception.ServiceBinaryExists, self.create)

    def test_what_is_destroyed_stays_so(self) -> None:
        gone = self.create()
        self.join(gone)
        late = self.find(gone)
        gone.destroy()
        late.disabled = True
        self.assertRaises(exception.ServiceNotFound, late.save)
        self.assertRaises(exception.ServiceNotFound, late.report_state)
        self.assertRaises(exception.ServiceNotFound, late.destroy)
        found = service_list.ServiceGroupServiceList.get_all(self.context)
        self.assertEqual([], list(found))
        self.assertNotEqual(gone.uuid, self.create().uuid)

    def test_an_older_service_is_refused(self) -> None:
        self.create('host1')
        old = service.ServiceGroupService(
            self.context, host='host2', binary='nova-compute', version=0
        )
        self.assertRaises(exception.ServiceTooOld, old.create)
        self.assertEqual(
            service.SERVICE_VERSION,
            service.ServiceGroupService.get_minimum_version(
                self.context, 'nova-compute'
            ),
        )
