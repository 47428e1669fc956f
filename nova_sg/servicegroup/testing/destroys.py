# SPDX-License-Identifier: Apache-2.0

"""Promises of the API: what goes, in which order, when a service goes."""

from oslo_config import cfg

from nova_sg import exception
from nova_sg.inventory import none
from nova_sg.servicegroup import api as sg_api
from nova_sg.servicegroup import record
from nova_sg.servicegroup.testing import base


class Broken(Exception):
    """What an inventory or a backend raises in the middle of its work."""


class _Inventory(none.NoInventory):
    """One that notes what it is told, and can be out of order.

    :ivar told: what it was told, in order
    :ivar broken: whether its next work fails
    :ivar instances_left: how many instances each host has
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__(conf)
        self.told: list[str] = []
        self.broken = False
        self.instances_left = 0

    def count_instances(self, host: str) -> int:
        return self.instances_left

    def leave_aggregates(self, host: str) -> None:
        self.told.append(f'{host} leaves its aggregates')

    def remove_compute_nodes(self, host: str) -> None:
        if self.broken:
            self.broken = False
            raise Broken
        self.told.append(f'{host} has no compute nodes')


class DestroyTests(base.QuietTest):
    """Compute nodes go, then the membership, then the record."""

    def setUp(self) -> None:
        super().setUp()
        self.inventory = _Inventory(self.conf)
        self.api = sg_api.API(self.conf, self.driver, self.inventory)

    def joined(self, binary: str = 'nova-compute') -> record.Record:
        """Return a service that is up."""
        service = self.register('host1', binary)
        self.membership.join(self.context, service)
        return service

    def assert_there(self, service: record.Record) -> None:
        self.assertEqual(
            service.uuid,
            self.records.get_by_uuid(self.context, service.uuid).uuid,
        )

    def assert_gone(self, service: record.Record) -> None:
        self.assertEqual([], list(self.records.list(self.context)))
        self.assertNotIn(
            service.uuid, self.membership.alive(self.context, [service.uuid])
        )
        self.assertRaises(
            exception.ServiceNotFound,
            self.api.destroy,
            self.context,
            service.uuid,
        )

    def test_nothing_of_a_compute_is_left(self) -> None:
        service = self.joined()
        self.api.destroy(self.context, service.uuid)
        self.assert_gone(service)
        self.assertEqual(
            ['host1 leaves its aggregates', 'host1 has no compute nodes'],
            self.inventory.told,
        )

    def test_only_computes_have_something_in_the_inventory(self) -> None:
        service = self.joined('nova-scheduler')
        self.inventory.instances_left = 1
        self.api.destroy(self.context, service.uuid)
        self.assert_gone(service)
        self.assertEqual([], self.inventory.told)

    def test_a_compute_with_instances_stays_as_it_is(self) -> None:
        service = self.joined()
        self.inventory.instances_left = 2
        self.assertRaises(
            exception.HostHasInstances,
            self.api.destroy,
            self.context,
            service.uuid,
        )
        self.assert_there(service)
        self.assertTrue(self.is_up(service))
        self.assertEqual([], self.inventory.told)

    def test_a_retry_finishes_what_the_inventory_broke_off(self) -> None:
        service = self.joined()
        self.inventory.broken = True
        self.assertRaises(Broken, self.api.destroy, self.context, service.uuid)
        self.assert_there(service)
        self.assertTrue(self.is_up(service))
        self.api.destroy(self.context, service.uuid)
        self.assert_gone(service)

    def test_a_retry_finishes_what_the_membership_broke_off(self) -> None:
        service = self.joined()
        self.break_once(self.membership, 'forget')
        self.assertRaises(Broken, self.api.destroy, self.context, service.uuid)
        self.assertIn('host1 has no compute nodes', self.inventory.told)
        self.assert_there(service)
        self.api.destroy(self.context, service.uuid)
        self.assert_gone(service)

    def test_a_retry_finishes_what_the_records_broke_off(self) -> None:
        service = self.joined()
        self.break_once(self.records, 'destroy')
        self.assertRaises(Broken, self.api.destroy, self.context, service.uuid)
        self.assert_there(service)
        self.api.destroy(self.context, service.uuid)
        self.assert_gone(service)

    def test_who_beats_stays_where_the_records_broke_off(self) -> None:
        service = self.register()
        handle = self.membership.join(self.context, service)
        self.break_once(self.records, 'destroy')
        self.assertRaises(Broken, self.api.destroy, self.context, service.uuid)
        handle.beat(self.context)
        self.assertTrue(self.is_up(service))
        self.api.destroy(self.context, service.uuid)
        self.assertRaises(exception.ServiceNotFound, handle.beat, self.context)

    def test_a_destroyed_service_is_not_up(self) -> None:
        service = self.joined()
        self.assertTrue(self.api.service_is_up(service))
        self.api.destroy(self.context, service.uuid)
        self.assertFalse(
            self.api.service_is_up(
                {'uuid': service.uuid, 'created_at': '2025-01-01T00:00:00Z'}
            )
        )

    def break_once(self, target: object, method: str) -> None:
        """Let the next call of a method fail."""

        def fail(*args: object) -> None:
            delattr(target, method)
            raise Broken

        setattr(target, method, fail)
