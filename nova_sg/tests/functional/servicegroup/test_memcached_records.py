# SPDX-License-Identifier: Apache-2.0

"""Records in memcached: written whole, found, and gone for good."""

import functools
from typing import Any
import uuid

from oslo_config import cfg

from nova_sg import exception
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.memcached import going_live
from nova_sg.servicegroup.backends.memcached import index
from nova_sg.servicegroup.backends.memcached import names
from nova_sg.servicegroup.records import codec
from nova_sg.tests.functional.servicegroup import memcached_cell
from nova_sg.tests.functional.servicegroup import memcached_deployments


class TestDestroyed(memcached_cell.RecordsTest):
    """What was destroyed stays destroyed."""

    def test_a_member_finds_out_where_only_its_record_was_destroyed(
        self,
    ) -> None:
        service = self.register('host1')
        (handle,) = self.join(service)
        self.store.destroy(self.context, service.uuid)
        self.assertEqual(['host1'], self.beat(handle))

    def test_a_record_missing_in_the_same_epoch_was_destroyed(self) -> None:
        service = self.register('host1')
        (handle,) = self.join(service)
        self.beat(handle)
        # Its tombstone has expired.
        self.client.delete(self.cell.keys.service(service.uuid))
        self.assertEqual(['host1'], self.beat(handle))
        self.assertEqual([], self.hosts())

    def test_a_half_done_destroy_is_done(self) -> None:
        """The tombstone is all that counts."""
        service = self.register('host1', topic='compute')
        found = self.cell.find(service.uuid)
        assert found is not None
        gone = codec.Stored(service._replace(deleted=service.id))
        self.assertTrue(self.cell.replace(found, gone))
        self.assertEqual([], self.hosts())
        self.assertIsNone(
            self.store.get_by_host_and_topic(self.context, 'host1', 'compute')
        )
        again = self.register('host1', topic='compute')
        self.assertEqual([again], list(self.store.list(self.context)))


class TestHalfDone(memcached_cell.RecordsTest):
    """A creator crashes in between."""

    def begin(self, host: str) -> record.Record:
        """Do what a creator does first, and no more."""
        made = record.Record(
            id=1,
            uuid=str(uuid.uuid4()),
            host=host,
            binary='nova-compute',
            topic='compute',
        )
        self.cell.lead(self.cell.keys.id(made.id), made.uuid)
        self.cell.add_pending(made, 'by nobody', 2)
        names.Names(self.cell, made).claim()
        index.Index(self.cell, index.LIVE).add(made.uuid)
        return made

    def test_it_does_not_show(self) -> None:
        made = self.begin('host1')
        self.assertEqual([], self.hosts())
        self.assertRaises(
            exception.ServiceNotFound, self.store.get_by_id, self.context, 1
        )
        self.assertRaises(
            exception.ServiceNotFound,
            self.store.get_by_uuid,
            self.context,
            made.uuid,
        )
        self.assertIsNone(
            self.store.get_by_host_and_binary(
                self.context, 'host1', 'nova-compute'
            )
        )

    def test_it_does_not_keep_its_name_for_ever(self) -> None:
        self.begin('host1')
        made = self.register('host1', topic='compute')
        self.assertEqual([made], list(self.store.list(self.context)))
        self.assertEqual(
            made,
            self.store.get_by_host_and_binary(
                self.context, 'host1', 'nova-compute'
            ),
        )

    def test_its_entry_in_the_index_goes(self) -> None:
        lost = self.begin('host1')
        kept = self.register('host2')
        key = self.cell.keys.service(lost.uuid)
        self.eventually(lambda: self.client.get(key) is None, 'it expires')
        self.assertEqual(['host2'], self.hosts())
        live = index.Index(self.cell, index.LIVE)
        shards = self.client.get_many(live.keys)
        entries = b''.join(shards.values()).decode()
        self.assertNotIn(lost.uuid, entries)
        self.assertIn(kept.uuid, entries)

    def test_a_creator_that_is_too_slow_does_not_finish(self) -> None:
        made = self.begin('host1')
        key = self.cell.keys.service(made.uuid)
        self.eventually(lambda: self.client.get(key) is None, 'it expires')
        finish = functools.partial(
            going_live.finish,
            self.cell,
            made,
            'by nobody',
            lambda: self.cell.find(made.uuid),
            lambda found: self.cell.replace(found, codec.Stored(made)),
        )
        self.assertFalse(finish())
        other = self.register('host1', topic='compute')
        self.assertRaises(exception.ServiceBinaryExists, finish)
        self.assertEqual([other], list(self.store.list(self.context)))


class TestNames(memcached_cell.RecordsTest):
    """Hosts of any name are safe in keys."""

    def test_names_may_hold_anything(self) -> None:
        hosts = ['a b', 'a:b', 'ß' * 255, '🖥' * 255, 'x' * 255, '\u00a0']
        made = [
            self.store.create(
                self.context,
                {'host': host, 'binary': 'b c:d', 'topic': host},
            )
            for host in hosts
        ]
        for each in made:
            self.assertEqual(
                each,
                self.store.get_by_host_and_binary(
                    self.context, str(each.host), 'b c:d'
                ),
            )
            self.assertEqual(
                each,
                self.store.get_by_host_and_topic(
                    self.context, str(each.host), str(each.host)
                ),
            )

    def test_a_uuid_may_be_anything(self) -> None:
        for strange in ('a b', 'x' * 300, 'ü', '', 'a\r\nflush_all'):
            self.assertEqual({}, self.api.liveness(self.context, [strange]))
            self.assertRaises(
                exception.ServiceNotFound,
                self.store.get_by_uuid,
                self.context,
                strange,
            )

    def test_names_do_not_run_together(self) -> None:
        first = self.store.create(self.context, {'host': 'ab', 'binary': 'c'})
        second = self.store.create(self.context, {'host': 'a', 'binary': 'bc'})
        self.assertNotEqual(first.uuid, second.uuid)

    def test_cells_are_apart(self) -> None:
        here = self.register('host1')
        other = self.context.__class__(
            cell_uuid=str(uuid.uuid4()), is_admin=True
        )
        self.assertEqual([], list(self.store.list(other)))
        there = self.store.create(
            other, {'host': 'host1', 'binary': 'nova-compute'}
        )
        self.assertEqual([there], list(self.store.list(other)))
        self.assertEqual([here], list(self.store.list(self.context)))

    def test_a_rename_lost_to_another_is_taken_back(self) -> None:
        mine = self.register('old')
        wanted = mine._replace(host='new')
        claimed = names.Names(self.cell, wanted)
        claimed.claim()
        # Not borne by a record yet, so the name is anybody's.
        other = self.register('new')
        self.assertEqual(claimed.binary, claimed.confirm(claimed.keys))
        self.assertRaises(
            exception.ServiceBinaryExists,
            self.store.update,
            self.context,
            mine.uuid,
            {'host': 'new'},
        )
        self.assertEqual(['new', 'old'], self.hosts())
        self.assertNotEqual(mine.uuid, other.uuid)


class TestScale(memcached_cell.RecordsTest):
    """Listing costs the same for any number of services."""

    def conf(self, **options: Any) -> cfg.ConfigOpts:
        # Nothing is cut off, and a laden machine is slow with ten thousand.
        return super().conf(**{'timeout': 10.0, **options})

    def test_a_list_is_two_requests(self) -> None:
        for number in range(50):
            self.register(f'host{number}')
        with memcached_deployments.count_requests() as requests:
            self.assertEqual(50, len(self.store.list(self.context)))
        self.assertEqual(2, requests())

    def test_liveness_is_one_request(self) -> None:
        services = [self.register(f'host{number}') for number in range(50)]
        self.api.join_many(self.context, services)
        with memcached_deployments.count_requests() as requests:
            alive = self.api.liveness(
                self.context, [each.uuid for each in services]
            )
        self.assertEqual(50, len(alive))
        self.assertEqual(1, requests())

    def test_so_is_the_liveness_of_ten_thousand(self) -> None:
        uuids = [str(uuid.uuid4()) for _ in range(10_000)]
        with memcached_deployments.count_requests() as requests:
            verdicts = self.api.driver.membership.verdicts(uuids)
        self.assertEqual(10_000, len(verdicts))
        self.assertEqual(1, requests())

    def test_beats_of_many_are_three_requests(self) -> None:
        services = [self.register(f'host{number}') for number in range(50)]
        handles = self.api.join_many(self.context, services)
        with memcached_deployments.count_requests() as requests:
            self.api.driver.membership.beat_many(self.context, handles)
        # Two of the members, one of the records.
        self.assertEqual(3, requests())
