# SPDX-License-Identifier: Apache-2.0

"""Names and values in ZooKeeper say what they are to say, and no more."""

import datetime
import json

from oslotest import base

from nova_sg import exception
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.zookeeper import changelog
from nova_sg.servicegroup.backends.zookeeper import layout
from nova_sg.servicegroup.backends.zookeeper import members

NOON = datetime.datetime(2026, 1, 2, 12, 0, tzinfo=datetime.UTC)
NOON_MS = int(NOON.timestamp() * 1000)

ODD = ('host', 'a/b', 'a:b', '..', '.', 'ümlaut', 'a%2Fb', '計算🖥', 'a b')

SERVICE = record.Record(
    id=7, uuid='u-7', host='host1', binary='nova-compute', topic='compute'
)


class TestNames(base.BaseTestCase):
    def test_any_text_is_the_name_of_one_znode(self):
        names = [layout.quote(text) for text in ODD]
        self.assertEqual(len(ODD), len(set(names)))
        for text, name in zip(ODD, names, strict=True):
            self.assertEqual(text, layout.unquote(name))
            self.assertNotRegex(name, '[/:]')
            self.assertTrue(name.isascii())
            self.assertNotIn(name, ('.', '..'))

    def test_host_and_binary_cannot_be_confused(self):
        cell = layout.Layout('/sg').cell('cell')
        self.assertNotEqual(cell.name('a:b', 'c'), cell.name('a', 'b:c'))
        self.assertNotEqual(cell.name('a/b', 'c'), cell.name('a', 'b/c'))

    def test_everything_lies_under_the_chroot_and_the_cell(self):
        for root in ('/sg', '/one/two/'):
            paths = layout.Layout(root)
            cell = paths.cell('cell')
            self.assertEqual(f'{root.rstrip("/")}/cells/cell', cell.path)
            for path in (*cell.directories(), *cell.entries(SERVICE)):
                self.assertTrue(path.startswith(cell.path), path)

    def test_what_is_above_the_chroot_is_known(self):
        self.assertEqual(
            ['/one', '/one/two'], layout.Layout('/one/two').parents()
        )

    def test_a_service_without_a_topic_has_no_entry_for_it(self):
        cell = layout.Layout('/sg').cell('cell')
        without = SERVICE._replace(topic=None)
        self.assertEqual(
            {cell.topic('host1', 'compute')},
            set(cell.entries(SERVICE)) - set(cell.entries(without)),
        )

    def test_a_service_forced_down_does_not_count_for_versions(self):
        cell = layout.Layout('/sg').cell('cell')
        forced = SERVICE._replace(forced_down=True)
        (path,) = set(cell.entries(SERVICE)) - set(cell.entries(forced))
        self.assertTrue(path.startswith(cell.version('nova-compute', 0)))

    def test_services_are_spread_over_all_shards(self):
        found = {layout.shard_of(f'uuid-{n}') for n in range(1000)}
        self.assertEqual(set(layout.SHARDS), found)


class TestMembers(base.BaseTestCase):
    def test_the_name_of_a_member_tells_who_it_is(self):
        for uuid in ODD:
            found, member = members.parse(members.new_name(uuid, ttl=60))
            self.assertEqual(uuid, found)
            self.assertEqual(60, member.ttl)
            self.assertEqual(datetime.UTC, member.started_at.tzinfo)

    def test_no_two_members_have_the_same_name(self):
        names = {members.new_name('uuid', 60) for _ in range(100)}
        self.assertEqual(100, len(names))

    def test_a_later_version_may_say_more_or_something_else(self):
        more = members.new_name('uuid', 60) + ':more'
        found = members.collect([more, 'other:x:y', 'third', 'fourth:1:zz:3'])
        self.assertEqual(1, len(found['uuid']))
        for uuid in ('other', 'third', 'fourth'):
            # It lives, whatever it says.
            self.assertEqual((), found[uuid])

    def test_workers_of_one_service_are_together(self):
        names = [members.new_name('uuid', ttl) for ttl in (1, 2, 3)]
        self.assertEqual(
            [1, 2, 3], [each.ttl for each in members.collect(names)['uuid']]
        )


class TestChanges(base.BaseTestCase):
    def decode(self, operation):
        added = []

        class Transaction:
            def create(self, path, value, sequence):
                added.append(value)

        operation.add(Transaction())
        return changelog.decode(added[0], NOON_MS, operation.path)

    def setUp(self):
        super().setUp()
        self.cell = layout.Layout('/sg').cell('cell')

    def test_a_change_is_what_the_record_has_become(self):
        tricky = SERVICE._replace(disabled_reason='"destroyed": "u-7"')
        self.assertEqual(
            ('u-7', tricky), self.decode(changelog.changed(self.cell, tricky))
        )

    def test_a_destroyed_record_is_told_from_a_changed_one(self):
        self.assertEqual(
            ('"uuid"', None),
            self.decode(changelog.destroyed(self.cell, '"uuid"')),
        )

    def test_a_change_of_a_later_format_is_not_guessed_at(self):
        value = json.dumps({'format': 99, 'destroyed': 'u-7'}).encode()
        self.assertRaises(
            exception.RecordUnreadable,
            changelog.decode,
            value,
            NOON_MS,
            'here',
        )

    def test_changes_are_numbered_by_their_names(self):
        path = self.cell.change(42)
        self.assertEqual(42, layout.number_of(path))
        self.assertEqual(
            [1, 20, 300],
            changelog.numbers(['n0000000300', 'n0000000001', 'n0000000020']),
        )
