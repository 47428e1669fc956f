# SPDX-License-Identifier: Apache-2.0

"""Promises of a record store: what is written, once, and stays written."""

import datetime
import uuid

from nova_sg import exception
from nova_sg.servicegroup.testing import actions
from nova_sg.servicegroup.testing import base

MAX_ID = 2**31 - 1


class RecordTests(base.QuietTest):
    """Records are created, changed and destroyed, each time whole."""

    def test_a_created_record_has_what_was_given(self) -> None:
        given = {
            'host': 'host1',
            'binary': 'nova-compute',
            'topic': 'compute',
            'disabled': True,
            'disabled_reason': 'new',
            'forced_down': True,
            'version': 7,
            'uuid': str(uuid.uuid4()),
        }
        created = self.records.create(self.context, given)
        for field, value in given.items():
            self.assertEqual(value, getattr(created, field), field)

    def test_a_created_record_is_live_enabled_and_has_a_uuid(self) -> None:
        created = self.register()
        self.assertEqual(str(uuid.UUID(created.uuid)), created.uuid)
        self.assertIs(False, created.disabled)
        self.assertIs(False, created.forced_down)
        self.assertIsNone(created.disabled_reason)
        self.assertEqual(0, created.version)
        self.assertEqual(0, created.deleted)
        self.assertIsNone(created.deleted_at)
        self.assertIsNone(created.updated_at)

    def test_times_are_aware_and_in_utc(self) -> None:
        created = self.register()
        assert created.created_at is not None
        self.assertEqual(datetime.UTC, created.created_at.tzinfo)
        changed = self.records.update(
            self.context, created.uuid, {'disabled': True}
        )
        assert changed.updated_at is not None
        self.assertEqual(datetime.UTC, changed.updated_at.tzinfo)
        self.assertLessEqual(created.created_at, changed.updated_at)

    def test_what_was_written_is_read(self) -> None:
        created = self.register(disabled_reason='why', version=3)
        self.assertEqual(
            created, self.records.get_by_uuid(self.context, created.uuid)
        )
        self.assertEqual([created], list(self.records.list(self.context)))

    def test_names_and_reasons_are_unicode(self) -> None:
        created = self.register('Zürich-計算-🖥', disabled_reason='Lüfter 🔥')
        found = self.records.get_by_host_and_binary(
            self.context, 'Zürich-計算-🖥', 'nova-compute'
        )
        self.assertEqual(created, found)

    def test_a_reason_is_kept_as_it_was_typed(self) -> None:
        reason = ' メンテナンス\u3000中\n\tbis 10\xa0Uhr\r\n\x1b[1m\u2028 '
        created = self.register(disabled_reason=reason)
        self.assertEqual(reason, created.disabled_reason)
        (listed,) = self.records.list(self.context)
        self.assertEqual(reason, listed.disabled_reason)
        changed = self.api.update(
            self.context, created.uuid, {'disabled_reason': reason[1:]}
        )
        self.assertEqual(reason[1:], changed.disabled_reason)

    def test_the_longest_names_are_kept_whole(self) -> None:
        created = self.register('🖥' * 255, disabled_reason='ß' * 255)
        self.assertEqual('🖥' * 255, created.host)
        self.assertEqual('ß' * 255, created.disabled_reason)

    def test_names_differ_in_case_and_accent(self) -> None:
        created = [
            self.register(host, topic='compute')
            for host in ('resume', 'Resume', 'résumé')
        ]
        found = self.records.list(self.context, host='resume')
        self.assertEqual(created[:1], list(found))

    def test_ids_are_positive_distinct_and_fit_31_bits(self) -> None:
        ids = [self.register(f'host{n}').id for n in range(5)]
        self.assertEqual(5, len(set(ids)))
        self.assertTrue(all(0 < each <= MAX_ID for each in ids), ids)

    def test_an_id_is_not_given_again(self) -> None:
        first = self.register()
        self.records.destroy(self.context, first.uuid)
        second = self.new_api().create(
            self.context, {'host': 'host1', 'binary': 'nova-compute'}
        )
        self.assertNotEqual(first.id, second.id)

    def test_a_binary_is_on_a_host_once(self) -> None:
        first = self.register(topic='compute')
        # Where both are taken the binary is named.
        for topic in ('other', 'compute'):
            error = self.assertRaises(
                exception.ServiceBinaryExists, self.register, topic=topic
            )
            self.assertIn('host1', str(error))
            self.assertIn('nova-compute', str(error))
        self.assertEqual([first], list(self.records.list(self.context)))

    def test_a_topic_is_on_a_host_once(self) -> None:
        first = self.register('host1', 'nova-compute', topic='compute')
        self.assertRaises(
            exception.ServiceTopicExists,
            self.register,
            'host1',
            'nova-other',
            topic='compute',
        )
        self.assertEqual([first], list(self.records.list(self.context)))

    def test_services_without_a_topic_do_not_collide(self) -> None:
        for binary in ('nova-osapi_compute', 'nova-metadata', 'nova-other'):
            self.register('host1', binary, topic=None)
        self.assertEqual(3, len(self.records.list(self.context)))

    def test_services_without_a_host_do_not_collide(self) -> None:
        # nova's table takes them.
        values = {'binary': 'nova-compute', 'topic': 'compute'}
        first, second = (
            self.api.create(self.context, {**values, 'version': version})
            for version in (16, 17)
        )
        self.assertEqual((None, None), (first.host, second.host))
        self.assertEqual(2, len(self.records.list(self.context)))
        self.assertEqual(
            {'nova-compute': 16},
            self.records.minimum_versions(self.context, ['nova-compute']),
        )
        changed = self.records.update(
            self.context, second.uuid, {'disabled': True}
        )
        self.assertTrue(changed.disabled)
        self.records.destroy(self.context, first.uuid)
        self.assertEqual(
            changed, self.records.get_by_id(self.context, second.id)
        )

    def test_a_uuid_is_of_one_service(self) -> None:
        first = self.register('host1')
        self.assertRaises(
            exception.ServiceExists, self.register, 'host2', uuid=first.uuid
        )
        self.assertEqual([first], list(self.records.list(self.context)))

    def test_an_update_changes_what_it_names_and_no_more(self) -> None:
        before = self.register(version=3, disabled_reason='old')
        after = self.records.update(
            self.context, before.uuid, {'disabled': True, 'version': 4}
        )
        self.assertEqual((True, 4), (after.disabled, after.version))
        for field in ('id', 'uuid', 'host', 'binary', 'topic', 'created_at'):
            self.assertEqual(getattr(before, field), getattr(after, field))
        self.assertEqual('old', after.disabled_reason)
        self.assertIs(False, after.forced_down)
        self.assertEqual(
            after, self.records.get_by_uuid(self.context, before.uuid)
        )

    def test_an_update_can_take_a_value_away(self) -> None:
        created = self.register(disabled_reason='why')
        after = self.records.update(
            self.context, created.uuid, {'disabled_reason': None}
        )
        self.assertIsNone(after.disabled_reason)

    def test_an_update_to_what_is_there_is_an_update(self) -> None:
        created = self.register(version=3)
        for _ in range(3):
            after = self.records.update(
                self.context, created.uuid, {'version': 3}
            )
            self.assertEqual(3, after.version)

    def test_an_update_leaves_other_records_alone(self) -> None:
        mine, other = self.register('host1'), self.register('host2')
        self.records.update(self.context, mine.uuid, {'disabled': True})
        self.assertEqual(
            other, self.records.get_by_uuid(self.context, other.uuid)
        )

    def test_an_update_shows_in_another_process(self) -> None:
        created = self.register()
        other = self.worker()
        other.call(actions.reason_of, created.uuid)
        self.records.update(
            self.context, created.uuid, {'disabled_reason': 'seen'}
        )
        self.assert_sees(
            'seen', lambda: other.call(actions.reason_of, created.uuid)
        )

    def test_an_update_cannot_take_a_taken_name(self) -> None:
        mine = self.register('host1', 'nova-compute')
        self.register('host1', 'nova-scheduler')
        with self.unchanged():
            self.assertRaises(
                exception.ServiceBinaryExists,
                self.records.update,
                self.context,
                mine.uuid,
                {'binary': 'nova-scheduler'},
            )
            self.assertRaises(
                exception.ServiceTopicExists,
                self.records.update,
                self.context,
                mine.uuid,
                {'topic': 'scheduler'},
            )

    def test_a_renamed_service_leaves_its_names_free(self) -> None:
        created = self.register('old')
        self.records.update(self.context, created.uuid, {'host': 'new'})
        again = self.register('old')
        self.assertNotEqual(created.uuid, again.uuid)
        self.assertRaises(exception.ServiceBinaryExists, self.register, 'new')

    def test_a_destroyed_service_is_not_found(self) -> None:
        gone = self.register()
        self.records.destroy(self.context, gone.uuid)
        self.assertEqual([], list(self.records.list(self.context)))
        for call in (self.records.get_by_uuid, self.records.destroy):
            self.assertRaises(
                exception.ServiceNotFound, call, self.context, gone.uuid
            )
        self.assertRaises(
            exception.ServiceNotFound,
            self.records.get_by_id,
            self.context,
            gone.id,
        )
        self.assertIsNone(
            self.records.get_by_host_and_binary(
                self.context, 'host1', 'nova-compute'
            )
        )
        self.assertIsNone(
            self.records.get_by_host_and_topic(
                self.context, 'host1', 'compute'
            )
        )

    def test_which_of_many_uuids_are_services(self) -> None:
        services = [self.register(f'host{n}') for n in range(3)]
        gone = services.pop()
        self.records.destroy(self.context, gone.uuid)
        wanted = {each.uuid for each in services}
        for strangers in (1, 20):
            unknown = [str(uuid.uuid4()) for _ in range(strangers)]
            asked = [*wanted, gone.uuid, *unknown]
            self.assertEqual(wanted, self.records.known(self.context, asked))

    def test_an_update_brings_no_service_that_is_not_there(self) -> None:
        gone = self.register()
        self.records.destroy(self.context, gone.uuid)
        for unknown in (gone.uuid, str(uuid.uuid4())):
            self.assertRaises(
                exception.ServiceNotFound,
                self.records.update,
                self.context,
                unknown,
                {'disabled': False},
            )
        self.assertEqual([], list(self.records.list(self.context)))

    def test_a_destroyed_service_is_created_anew(self) -> None:
        seen = set()
        for _ in range(3):
            created = self.register(disabled_reason=None)
            seen.add(created.uuid)
            self.records.update(
                self.context, created.uuid, {'disabled_reason': 'old'}
            )
            self.records.destroy(self.context, created.uuid)
        last = self.register()
        self.assertEqual(3, len(seen - {last.uuid}))
        self.assertIsNone(last.disabled_reason)

    def test_a_writer_keeps_fields_of_a_newer_version(self) -> None:
        created = self.register()
        self.deployment.add_field(created.uuid, 'shelf', 'left')
        self.assertEqual(
            'left', self.deployment.read_field(created.uuid, 'shelf')
        )
        self.records.update(self.context, created.uuid, {'disabled': True})
        self.assertTrue(
            self.records.get_by_uuid(self.context, created.uuid).disabled
        )
        self.assertEqual(
            'left', self.deployment.read_field(created.uuid, 'shelf')
        )
