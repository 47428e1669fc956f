# SPDX-License-Identifier: Apache-2.0

"""The message bus, as deployments configure it."""

from nova_sg.tests.fixtures import databases
from nova_sg.tests.functional.configurations import base


class TestQueueManager(base.ConfigurationTestCase):
    """Names of queues are numbered on each host: openstack-ansible."""

    rabbit = {
        'rabbit_quorum_queue': True,
        'rabbit_transient_quorum_queue': True,
        'use_queue_manager': True,
    }

    def setUp(self) -> None:
        super().setUp()
        self.url = self.useFixture(databases.SqliteDatabase()).url

    def options(self, rabbit, **groups):
        return {
            'DEFAULT': {'transport_url': self.broker.url},
            'database': {'connection': self.url},
            'oslo_messaging_rabbit': rabbit,
            **groups,
        }

    def test_it_serves_with_quorum_queues_and_streams(self):
        locks = self.directory / 'locks'
        self.assert_serves(
            self.options(
                {
                    **self.rabbit,
                    'rabbit_stream_fanout': True,
                    'rabbit_qos_prefetch_count': 10,
                },
                oslo_concurrency={'lock_path': locks},
            )
        )
        self.assertTrue(list(locks.iterdir()))

    def test_without_a_place_for_locks_nothing_that_needs_it_starts(self):
        self.write('nova.conf', self.options(self.rabbit))
        self.assertEqual(0, self.manage('db', 'sync').code)
        for process in (
            self.start('conductor'),
            self.start('agent', '--remote'),
        ):
            self.assertEqual(2, process.wait(), process.log)
            self.assert_one_line(process.log)
        listed = self.manage('service', 'list', remote=True)
        self.assertEqual((2, ''), (listed.code, listed.out))
        self.assert_one_line(listed.err)

    def assert_one_line(self, text):
        self.assertEqual(1, text.count('\n'), text)
        self.assertIn('error: [oslo_concurrency] lock_path: ', text)
