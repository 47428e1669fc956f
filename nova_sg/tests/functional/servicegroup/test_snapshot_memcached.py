# SPDX-License-Identifier: Apache-2.0

"""Lists from memcached: what has not changed is not decoded again."""

from collections.abc import Iterator
import contextlib
import uuid

import fixtures

from nova_sg import exception
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.memcached import index
from nova_sg.servicegroup.backends.memcached import server
from nova_sg.servicegroup.records import codec
from nova_sg.tests.functional.servicegroup import memcached_cell
from nova_sg.tests.functional.servicegroup import memcached_deployments

DECODE = f'{codec.__name__}.decode'


class SnapshotTest(memcached_cell.RecordsTest):
    def setUp(self) -> None:
        super().setUp()
        self.services = [self.register(f'host{n}') for n in range(20)]
        self.other = self.new_api()
        self.assertEqual(20, len(self.listed()))

    def listed(self, **filters: str) -> list[record.Record]:
        return list(self.store.list(self.context, **filters))  # type: ignore[arg-type]

    @contextlib.contextmanager
    def decoded(self) -> Iterator[list[str]]:
        """Note the keys of what is decoded."""
        keys: list[str] = []
        real = codec.decode

        def decode(value: bytes, where: str, *rest: int) -> codec.Stored:
            keys.append(where)
            return real(value, where, *rest)

        with fixtures.MonkeyPatch(DECODE, decode):
            yield keys

    def key(self, service: record.Record) -> str:
        return self.cell.keys.service(service.uuid)


class TestUnchanged(SnapshotTest):
    def test_a_list_decodes_nothing(self) -> None:
        with (
            self.decoded() as keys,
            memcached_deployments.count_requests() as requests,
        ):
            self.assertEqual(20, len(self.listed()))
            self.assertEqual(1, len(self.listed(host='host7')))
            self.store.minimum_versions(self.context, ['nova-compute'])
            self.store.known(self.context, [e.uuid for e in self.services])
        self.assertEqual([], keys)
        # Each asks the server all the same.
        self.assertEqual(4 * 2, requests())

    def test_several_requests_are_told_apart(self) -> None:
        self.useFixture(
            fixtures.MonkeyPatch(f'{server.__name__}.READ_BATCH', 8)
        )
        store = self.new_api().driver.records
        self.assertEqual(self.listed(), list(store.list(self.context)))
        self.store.update(
            self.context, self.services[7].uuid, {'disabled': True}
        )
        with (
            self.decoded() as keys,
            memcached_deployments.count_requests() as requests,
        ):
            found = list(store.list(self.context))
        self.assertEqual([self.key(self.services[7])], keys)
        self.assertEqual(1 + 3, requests())
        self.assertEqual(self.listed(), found)


class TestChanged(SnapshotTest):
    """What anybody has written shows in the next list."""

    def test_only_what_changed_is_decoded(self) -> None:
        self.other.update(
            self.context, self.services[7].uuid, {'disabled': True}
        )
        with self.decoded() as keys:
            found = self.listed()
        self.assertEqual([self.key(self.services[7])], keys)
        self.assertEqual(['host7'], [e.host for e in found if e.disabled])

    def test_ones_own_change_shows_at_once(self) -> None:
        for disabled in (True, False, True):
            self.store.update(
                self.context, self.services[3].uuid, {'disabled': disabled}
            )
            self.assertEqual(
                ['host3'] if disabled else [],
                [each.host for each in self.listed() if each.disabled],
            )

    def test_a_new_service_is_decoded_alone(self) -> None:
        made = self.other.create(
            self.context, {'host': 'new', 'binary': 'nova-compute'}
        )
        with self.decoded() as keys:
            self.assertEqual(21, len(self.listed()))
        self.assertEqual([self.key(made)], keys)

    def test_one_that_is_destroyed_is_gone(self) -> None:
        gone = self.services[0]
        self.other.destroy(self.context, gone.uuid)
        self.assertNotIn(gone.uuid, {each.uuid for each in self.listed()})
        self.assertNotIn(
            gone.uuid,
            self.store.known(self.context, [e.uuid for e in self.services]),
        )

    def test_a_tombstone_still_in_the_index_is_not_listed(self) -> None:
        service = self.services[0]
        found = self.cell.find(service.uuid)
        assert found is not None
        gone = codec.Stored(service._replace(deleted=service.id))
        for _ in range(2):
            self.cell.replace(found, gone)
            with self.decoded() as keys:
                self.assertEqual(19, len(self.listed()))
        self.assertEqual([], keys)

    def test_a_flush_leaves_nothing(self) -> None:
        self.client.flush_all()
        self.assertEqual([], self.listed())
        self.assertEqual([], self.listed())

    def test_an_index_that_comes_back_brings_all_back(self) -> None:
        live = index.Index(self.cell, index.LIVE)
        shards = self.client.get_many(live.keys)
        before = self.listed()
        self.client.delete_many(list(shards))
        self.assertEqual([], self.listed())
        self.client.set_many(shards)
        self.assertEqual(before, self.listed())

    def test_an_entry_without_a_record_goes(self) -> None:
        lost = str(uuid.uuid4())
        index.Index(self.cell, index.LIVE).add(lost)
        self.assertEqual(20, len(self.listed()))
        with memcached_deployments.count_requests() as requests:
            self.assertEqual(20, len(self.listed()))
        self.assertEqual(2, requests())

    def test_what_cannot_be_read_is_an_error_each_time(self) -> None:
        self.client.set(self.key(self.services[0]), b'{}')
        for _ in range(2):
            self.assertRaises(exception.RecordUnreadable, self.listed)
        self.client.set(
            self.key(self.services[0]),
            codec.encode(codec.Stored(self.services[0])),
        )
        self.assertEqual(20, len(self.listed()))
