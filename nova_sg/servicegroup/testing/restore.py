# SPDX-License-Identifier: Apache-2.0

"""Promises of a record store: what is moved here is as it was there."""

import datetime
from typing import Any
import uuid

from nova_sg import exception
from nova_sg.servicegroup import record
from nova_sg.servicegroup.testing import base

CREATED = datetime.datetime(2025, 1, 31, 23, 59, 58, tzinfo=datetime.UTC)


def from_elsewhere(**fields: Any) -> record.Record:
    """Return a record as another backend would give it."""
    values: dict[str, Any] = {
        'id': 4711,
        'uuid': str(uuid.uuid4()),
        'host': 'host1',
        'binary': 'nova-compute',
        'topic': 'compute',
        'report_count': 12,
        'disabled': True,
        'disabled_reason': 'on the move',
        'forced_down': True,
        'version': 61,
        'last_seen_up': CREATED + datetime.timedelta(days=1),
        'created_at': CREATED,
        'updated_at': CREATED + datetime.timedelta(hours=1),
    }
    return record.Record(**{**values, **fields})


class RestoreTests(base.QuietTest):
    """Migration, repair and backup stand on a record written as it is."""

    def test_a_restored_record_is_as_it_was(self) -> None:
        restored = from_elsewhere()
        self.records.restore(self.context, restored)
        self.assertEqual(restored, self.records.get_by_id(self.context, 4711))
        self.assertEqual(
            restored, self.records.get_by_uuid(self.context, restored.uuid)
        )

    def test_a_record_with_nothing_but_names_is_restored(self) -> None:
        restored = record.Record(
            id=1,
            uuid=str(uuid.uuid4()),
            host='host1',
            binary='nova-osapi_compute',
            topic=None,
        )
        self.records.restore(self.context, restored)
        self.assertEqual([restored], list(self.records.list(self.context)))

    def test_restoring_again_changes_nothing(self) -> None:
        restored = from_elsewhere()
        for _ in range(3):
            self.records.restore(self.context, restored)
        self.assertEqual([restored], list(self.records.list(self.context)))

    def test_times_finer_than_the_backend_keeps_do_not_matter(self) -> None:
        almost = CREATED.replace(microsecond=999_999)
        restored = from_elsewhere(created_at=almost)
        for _ in range(2):
            self.records.restore(self.context, restored)
        found = self.records.get_by_id(self.context, 4711)
        assert found.created_at is not None
        self.assertLessEqual(
            abs(found.created_at - almost), datetime.timedelta(seconds=1)
        )

    def test_a_destroyed_record_is_restored_as_destroyed(self) -> None:
        gone = from_elsewhere(deleted=4711, deleted_at=CREATED)
        for _ in range(2):
            self.records.restore(self.context, gone)
        self.assertEqual([], list(self.records.list(self.context)))
        self.assertRaises(
            exception.ServiceNotFound,
            self.records.get_by_id,
            self.context,
            4711,
        )
        anew = self.register('host1', 'nova-compute', topic='compute')
        self.assertNotEqual(4711, anew.id)

    def test_the_id_or_uuid_of_another_service_is_refused(self) -> None:
        mine = self.register('host1')
        with self.unchanged():
            for taken in ({'id': mine.id}, {'uuid': mine.uuid}):
                self.assertRaises(
                    exception.ServiceExists,
                    self.records.restore,
                    self.context,
                    from_elsewhere(host='host2', **taken),
                )

    def test_the_id_of_a_destroyed_service_is_refused(self) -> None:
        gone = self.register('host1')
        self.records.destroy(self.context, gone.uuid)
        self.assertRaises(
            exception.ServiceExists,
            self.records.restore,
            self.context,
            from_elsewhere(id=gone.id, host='host2'),
        )
        self.assertEqual([], list(self.records.list(self.context)))

    def test_names_that_are_taken_are_refused(self) -> None:
        self.register('host1', 'nova-compute', topic='compute')
        with self.unchanged():
            self.assertRaises(
                exception.ServiceBinaryExists,
                self.records.restore,
                self.context,
                from_elsewhere(topic='other'),
            )
            self.assertRaises(
                exception.ServiceTopicExists,
                self.records.restore,
                self.context,
                from_elsewhere(binary='nova-other'),
            )

    def test_a_restored_record_is_a_record_like_any(self) -> None:
        restored = from_elsewhere()
        self.records.restore(self.context, restored)
        changed = self.records.update(
            self.context, restored.uuid, {'disabled': False}
        )
        self.assertEqual(
            restored._replace(disabled=False, updated_at=changed.updated_at),
            changed,
        )
        self.records.destroy(self.context, restored.uuid)
        self.assertEqual([], list(self.records.list(self.context)))

    def test_new_records_have_ids_of_their_own_after_a_restore(self) -> None:
        first = self.register('host0')
        restored = [
            from_elsewhere(
                id=first.id + number,
                uuid=str(uuid.uuid4()),
                host=f'restored{number}',
            )
            for number in (1, 2, 3)
        ]
        for each in restored:
            self.records.restore(self.context, each)
        created = [self.register(f'host{number}') for number in range(1, 6)]
        everything = [first, *restored, *created]
        self.assertEqual(
            len(everything), len({each.id for each in everything})
        )
        self.assertEqual(len(everything), len(self.records.list(self.context)))

    def test_destroyed_services_leave_a_trace_each(self) -> None:
        self.register('host1')
        for host in ('host2', 'host3'):
            self.records.destroy(self.context, self.register(host).uuid)
        traces = self.records.traces(self.context)
        self.assertEqual({'host2', 'host3'}, {each.host for each in traces})
        self.assertEqual(
            sorted(each.id for each in traces),
            [each.deleted for each in traces],
        )
        for each in traces:
            self.assertIsNotNone(each.deleted_at)

    def test_the_traces_of_a_restored_store_are_as_they_were(self) -> None:
        gone = from_elsewhere(deleted=4711, deleted_at=CREATED)
        self.records.restore(self.context, gone)
        self.assertEqual([gone], list(self.records.traces(self.context)))

    def test_nothing_is_left_of_what_was_purged(self) -> None:
        stays = self.register('host0')
        live = from_elsewhere()
        gone = from_elsewhere(
            id=4712, uuid=str(uuid.uuid4()), deleted=4712, deleted_at=CREATED
        )
        purged = [live.uuid, gone.uuid]
        for each in (live, gone):
            self.records.restore(self.context, each)
        for _ in range(2):
            self.records.purge(self.context, purged)
        self.assertEqual([stays], list(self.records.list(self.context)))
        self.assertEqual([], list(self.records.traces(self.context)))
        # Ids, uuids and names are free again.
        self.records.restore(self.context, live._replace(id=gone.id))
        self.records.restore(
            self.context,
            gone._replace(id=live.id, deleted=live.id),
        )
        self.assertEqual(2, len(self.records.list(self.context)))
