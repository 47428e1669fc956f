# SPDX-License-Identifier: Apache-2.0

"""Services found, or made."""

from oslotest import base

from nova_sg import exception
from nova_sg import objects
from nova_sg.agent import registration
from nova_sg.tests.fixtures import api
from nova_sg.tests.fixtures import schemas


class RegistrationTestCase(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        url = self.useFixture(schemas.SqliteSchema()).url
        self.process = self.useFixture(api.Api(url))
        self.context = self.process.context

    def ensure(self, *hosts, binary='nova-compute', topic=None, known=None):
        return registration.ensure(self.context, hosts, binary, topic, known)

    def test_a_new_service_has_the_topic_in_its_name(self):
        compute, other = (
            *self.ensure('c1'),
            *self.ensure('c1', binary='other', topic='elsewhere'),
        )
        self.assertEqual('compute', compute.topic)
        self.assertEqual('elsewhere', other.topic)

    def test_a_service_that_is_there_stands(self):
        (before,) = self.ensure('c1')
        before.disabled = True
        before.save()
        after, new = self.ensure('c1', 'c2')
        self.assertEqual(before.uuid, after.uuid)
        self.assertTrue(after.disabled)
        self.assertEqual('c2', new.host)

    def test_a_topic_stands_unless_another_is_given(self):
        self.ensure('c1', topic='elsewhere')
        (same,) = self.ensure('c1')
        self.assertEqual('elsewhere', same.topic)
        (moved,) = self.ensure('c1', topic='nearby')
        self.assertEqual('nearby', moved.topic)
        (stored,) = self.ensure('c1')
        self.assertEqual('nearby', stored.topic)

    def test_the_record_of_an_older_release_gets_our_version(self):
        (service,) = self.ensure('c1')
        # What no process of today would do, one of an older release did.
        self.process.api.driver.records.update(
            self.context, service.uuid, {'version': 0}
        )
        self.ensure('c1')
        (stored,) = registration.by_host(self.context, 'nova-compute').values()
        self.assertEqual(1, stored.version)

    def test_a_worker_that_another_was_faster_than_uses_its_record(self):
        known = registration.by_host(self.context, 'nova-compute')
        (theirs,) = self.ensure('c1')
        (ours,) = self.ensure('c1', known=known)
        self.assertEqual(theirs.uuid, ours.uuid)

    def test_a_topic_of_another_binary_is_refused(self):
        self.ensure('c1')
        self.assertRaises(
            exception.ServiceTopicExists,
            self.ensure,
            'c1',
            binary='other',
            topic='compute',
        )

    def test_disabled_services_are_known_too_and_only_of_the_binary(self):
        (service,) = self.ensure('c1')
        service.disabled = True
        service.save()
        self.ensure('c2', binary='other')
        known = registration.by_host(self.context, 'nova-compute')
        self.assertEqual(['c1'], list(known))
        self.assertIsInstance(known['c1'], objects.ServiceGroupService)
