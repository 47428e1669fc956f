# SPDX-License-Identifier: Apache-2.0

"""What changes a service, and what does not."""

from nova_sg import exception
from nova_sg import objects
from nova_sg.objects import service as service_module
from nova_sg.tests.fixtures import statements
from nova_sg.tests.functional.objects import base


class TestCreate(base.ObjectsTestCase):
    def test_it_fills_what_the_store_gives(self):
        made = self.service()
        self.assertEqual(1, made.id)
        self.assertEqual(36, len(made.uuid))
        self.assertIsNotNone(made.created_at)
        self.assertEqual(
            (False, False, 0, None),
            (
                made.disabled,
                made.forced_down,
                made.report_count,
                made.last_seen_up,
            ),
        )
        self.assertEqual(set(), made.obj_what_changed())

    def test_it_says_what_this_code_is(self):
        self.assertEqual(
            service_module.SERVICE_VERSION, self.service().version
        )
        self.assertEqual(7, self.service('c2', version=7).version)

    def test_it_can_be_found_at_once(self):
        made = self.service(disabled=True, disabled_reason='new ☕')
        found = self.reload(made)
        for name in made.fields:
            if name not in ('is_up', 'availability_zone'):
                self.assertEqual(
                    getattr(made, name), getattr(found, name), name
                )

    def test_an_object_is_created_once(self):
        made = self.service()
        error = self.assertRaises(exception.ObjectActionError, made.create)
        self.assertIn('already created', str(error))

    def test_a_service_needs_a_host_and_a_binary(self):
        for values in (
            {},
            {'host': 'c1'},
            {'binary': 'nova-compute'},
            {'host': None, 'binary': 'nova-compute'},
            {'host': '', 'binary': 'nova-compute'},
            {'host': 'c1', 'binary': ''},
        ):
            service = objects.ServiceGroupService(self.context, **values)
            error = self.assertRaises(exception.InvalidInput, service.create)
            self.assertIn('a host and a binary', str(error))
        self.assertEqual(
            0, len(objects.ServiceGroupServiceList.get_all(self.context))
        )

    def test_a_host_has_a_binary_once(self):
        self.service(topic='compute')
        error = self.assertRaises(
            exception.ServiceBinaryExists, self.service, topic='other'
        )
        self.assertEqual(
            'Service with host c1 binary nova-compute exists.', str(error)
        )

    def test_a_host_has_a_topic_once(self):
        self.service()
        error = self.assertRaises(
            exception.ServiceTopicExists, self.service, binary='nova-other'
        )
        self.assertEqual(
            'Service with host c1 topic compute exists.', str(error)
        )

    def test_services_without_a_topic_do_not_collide(self):
        self.service(binary='nova-osapi_compute', topic=None)
        self.service(binary='nova-metadata', topic=None)

    def test_a_zone_or_state_that_was_set_is_not_written(self):
        made = self.service(availability_zone='az9', is_up=False)
        self.assertEqual('nova', self.reload(made).availability_zone)


class TestSave(base.ObjectsTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.mine = self.service(version=3)

    def test_what_another_changed_meanwhile_survives(self):
        theirs = self.reload(self.mine)
        theirs.forced_down = True
        theirs.save()
        self.mine.disabled = True
        self.mine.save()
        found = self.reload(self.mine)
        self.assertEqual((True, True), (found.disabled, found.forced_down))

    def test_the_object_shows_what_is_there_afterwards(self):
        theirs = self.reload(self.mine)
        theirs.forced_down = True
        theirs.save()
        self.mine.disabled_reason = 'disk'
        self.mine.save()
        self.assertIs(True, self.mine.forced_down)
        self.assertIsNotNone(self.mine.updated_at)
        self.assertEqual(set(), self.mine.obj_what_changed())

    def test_without_changes_nothing_is_asked_or_written(self):
        with statements.StatementCounter() as counted:
            self.mine.save()
        self.assertEqual([], counted.statements)

    def test_a_reason_can_be_taken_away(self):
        self.mine.disabled_reason = 'disk'
        self.mine.save()
        self.mine.disabled_reason = None
        self.mine.save()
        self.assertIsNone(self.reload(self.mine).disabled_reason)

    def test_a_zone_that_was_set_is_not_written(self):
        self.mine.availability_zone = 'az9'
        self.mine.save()
        self.assertEqual('nova', self.reload(self.mine).availability_zone)
        self.assertIsNone(self.reload(self.mine).updated_at)

    def test_a_destroyed_service_is_not_brought_back(self):
        self.reload(self.mine).destroy()
        self.mine.disabled = True
        self.assertRaises(exception.ServiceNotFound, self.mine.save)
        self.assertRaises(exception.ServiceNotFound, self.reload, self.mine)

    def test_a_failed_save_stays_pending(self):
        self.service('c2', version=3)
        self.mine.host = 'c2'
        self.assertRaises(exception.ServiceBinaryExists, self.mine.save)
        self.assertEqual({'host'}, self.mine.obj_what_changed())
        self.assertEqual('c1', self.reload(self.mine).host)

    def test_a_uuid_is_never_changed(self):
        self.mine.uuid = 'ffffffff-0000-4000-8000-000000000000'
        error = self.assertRaises(exception.InvalidInput, self.mine.save)
        self.assertIn('uuid cannot be set', str(error))

    def test_a_beat_is_not_set_by_hand(self):
        self.mine.last_seen_up = self.mine.created_at
        error = self.assertRaises(exception.InvalidInput, self.mine.save)
        self.assertIn('last_seen_up cannot be set', str(error))


class TestWhichSaveIsABeat(base.ObjectsTestCase):
    """A save within {report_count, version} never writes the record."""

    def setUp(self) -> None:
        super().setUp()
        self.mine = self.service(version=3)

    def save(self, **changes):
        for name, value in changes.items():
            setattr(self.mine, name, value)
        self.mine.save()
        return self.reload(self.mine)

    def test_report_count_alone_is_one(self):
        found = self.save(report_count=self.mine.report_count + 1)
        self.assertEqual(1, found.report_count)
        self.assertIsNotNone(found.last_seen_up)
        self.assertIsNone(found.updated_at)
        self.assertEqual(set(), self.mine.obj_what_changed())

    def test_no_beat_is_lost_to_one_that_read_the_same_count(self):
        others = self.reload(self.mine)
        self.save(report_count=1)
        others.report_count = 1
        others.save()
        self.assertEqual(2, self.reload(self.mine).report_count)

    def test_with_the_version_that_is_recorded_it_is_one(self):
        found = self.save(report_count=1, version=3)
        self.assertEqual((1, 3), (found.report_count, found.version))
        self.assertIsNone(found.updated_at)

    def test_with_a_changed_version_it_is_one_and_the_version_is_written(self):
        found = self.save(report_count=1, version=4)
        self.assertEqual((1, 4), (found.report_count, found.version))
        self.assertIsNotNone(found.last_seen_up)
        self.assertIsNotNone(found.updated_at)

    def test_the_version_that_is_recorded_is_not_written_again(self):
        found = self.save(version=3)
        self.assertEqual((0, 3), (found.report_count, found.version))
        self.assertIsNone(found.last_seen_up)
        self.assertIsNone(found.updated_at)

    def test_a_changed_version_is_written_without_a_beat(self):
        found = self.save(version=5)
        self.assertEqual((0, 5), (found.report_count, found.version))
        self.assertIsNone(found.last_seen_up)

    def test_a_version_below_the_deployments_is_refused(self):
        self.mine.version = 2
        error = self.assertRaises(exception.ServiceTooOld, self.mine.save)
        self.assertEqual({'thisver': 2, 'minver': 3}, error.kwargs)
        self.assertEqual(3, self.reload(self.mine).version)

    def test_a_decision_saved_with_a_count_is_written_and_beaten(self):
        found = self.save(report_count=1, disabled=True)
        self.assertEqual((1, True), (found.report_count, found.disabled))
        self.assertIsNotNone(found.last_seen_up)

    def test_the_beat_of_a_destroyed_service_is_refused(self):
        self.reload(self.mine).destroy()
        self.mine.report_count = 1
        self.assertRaises(exception.ServiceNotFound, self.mine.save)
        self.assertRaises(exception.ServiceNotFound, self.mine.report_state)


class TestDestroy(base.ObjectsTestCase):
    def test_a_second_destroy_finds_nothing(self):
        mine = self.service()
        mine.destroy()
        self.assertRaises(exception.ServiceNotFound, mine.destroy)

    def test_the_place_is_free_for_another_service(self):
        old = self.service()
        old.destroy()
        new = self.service()
        self.assertNotEqual(old.id, new.id)
        self.assertNotEqual(old.uuid, new.uuid)
