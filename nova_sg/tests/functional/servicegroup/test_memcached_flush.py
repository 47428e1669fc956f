# SPDX-License-Identifier: Apache-2.0

"""memcached loses records: what comes back."""

from collections.abc import Sequence
import time

import fixtures

from nova_sg import exception
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.memcached import epoch
from nova_sg.servicegroup.records import codec
from nova_sg.tests.functional.servicegroup import memcached_cell


class TestFlush(memcached_cell.RecordsTest):
    """The server loses its memory."""

    def assert_whole(self, services: Sequence[record.Record]) -> None:
        """Check that records are there with all that leads to them."""
        for each in services:
            self.assertEqual(each, self.store.get_by_id(self.context, each.id))
            self.assertEqual(
                each,
                self.store.get_by_host_and_binary(
                    self.context, str(each.host), 'nova-compute'
                ),
            )
            self.assertRaises(
                exception.ServiceBinaryExists, self.register, str(each.host)
            )

    def test_live_members_bring_their_records_back(self) -> None:
        services = [self.register(f'host{n}') for n in range(3)]
        idle = self.register('idle')
        handles = self.join(*services)
        self.client.flush_all()
        self.assertEqual([], self.hosts())
        self.assertEqual([], self.beat(*handles))
        self.assertEqual(
            services,
            sorted(
                self.store.list(self.context), key=lambda each: str(each.host)
            ),
        )
        self.assert_whole(services)
        # Nobody lives to bring this one back.
        self.assertRaises(
            exception.ServiceNotFound,
            self.store.get_by_uuid,
            self.context,
            idle.uuid,
        )

    def test_what_an_operator_decided_comes_back_with_them(self) -> None:
        service = self.register('host1')
        (handle,) = self.join(service)
        decided = self.store.update(
            self.context,
            service.uuid,
            {'disabled': True, 'disabled_reason': 'mine', 'forced_down': True},
        )
        self.beat(handle)
        for _ in range(3):
            self.client.flush_all()
            self.beat(handle)
            self.assertEqual([decided], list(self.store.list(self.context)))
            self.beat(handle)

    def test_fields_of_a_newer_version_come_back(self) -> None:
        service = self.register('host1')
        found = self.cell.find(service.uuid)
        assert found is not None
        self.cell.replace(
            found, codec.Stored(service, unknown={'shelf': 'left'})
        )
        (handle,) = self.join(service)
        self.client.flush_all()
        self.beat(handle)
        found = self.cell.find(service.uuid)
        assert found is not None
        self.assertEqual('left', found.stored.unknown.get('shelf'))

    def test_two_workers_bring_one_record_back(self) -> None:
        service = self.register('host1')
        (first,), (second,) = self.join(service), self.join(service)
        # One of them has seen a change, the other has not yet.
        decided = self.store.update(
            self.context, service.uuid, {'disabled': True}
        )
        self.beat(first)
        self.client.flush_all()
        self.assertEqual([], self.beat(first))
        self.assertEqual([], self.beat(second))
        self.assertEqual([decided], list(self.store.list(self.context)))
        self.assertTrue(self.is_up(service))

    def test_a_name_taken_meanwhile_is_taken(self) -> None:
        old = self.register('host1')
        (handle,) = self.join(old)
        self.client.flush_all()
        new = self.register('host1')
        self.assertEqual(['host1'], self.beat(handle))
        self.assertEqual([new], list(self.store.list(self.context)))

    def test_the_deployment_marker_comes_back(self) -> None:
        service = self.register('host1')
        (handle,) = self.join(service)
        marker = self.store.marker_store.read()
        self.assertIsNotNone(marker)
        self.client.flush_all()
        self.assertIsNone(self.store.marker_store.read())
        self.beat(handle)
        self.assertEqual(marker, self.store.marker_store.read())

    def test_a_flush_in_the_middle_of_a_look_is_noticed(self) -> None:
        """The record is read, then the server is flushed, then the epoch."""
        service = self.register('host1')
        (handle,) = self.join(service)
        keepers = handle.membership._records._keepers._keepers
        memory = keepers[self.cell.uuid]._memory
        look = memory.read

        def look_in_two(keys: list[str]) -> epoch.Reading:
            values = look(keys).values
            self.client.flush_all()
            return epoch.Reading(values, False, look([]).epoch)

        with fixtures.MonkeyPatch(
            'nova_sg.servicegroup.backends.memcached.epoch.ServerMemory.read',
            lambda _memory, keys: look_in_two(keys),
        ):
            self.assertEqual([], self.beat(handle))
        self.assertEqual([], self.hosts())
        self.assertEqual([], self.beat(handle))
        self.assertEqual(['host1'], self.hosts())

    def test_one_flush_after_the_other_leaves_nothing_half_done(self) -> None:
        services = [self.register(f'host{n}') for n in range(5)]
        self.beat_for(services)
        until = time.monotonic() + 3
        while time.monotonic() < until:
            self.client.flush_all()
            time.sleep(0.02)
        self.eventually(
            lambda: self.hosts() == [each.host for each in services],
            'all are back',
        )
        self.assert_whole(services)
