# SPDX-License-Identifier: Apache-2.0

"""What is said of an old nova.conf."""

import fixtures

from nova_sg import conf
from nova_sg.conf import legacy
from nova_sg.tests.unit.conf import test_load

OLD = """
[DEFAULT]
servicegroup_driver = zk
report_interval = 10
service_down_time = 180
memcached_servers = mc1:11211,mc2:11211
[zookeeper]
address = zk1:2181,zk2:2181
recv_timeout = 4000
sg_prefix = /servicegroups
sg_retry_interval = 5
"""


class TestLegacy(test_load.ConfTestCase):
    def warnings(self, text):
        loaded = conf.load([self.file(text)])
        logged = self.useFixture(fixtures.FakeLogger(legacy.__name__))
        legacy.warn(loaded)
        return logged.output.splitlines()

    def test_each_old_option_is_named_with_the_new_one(self):
        warnings = self.warnings(OLD)
        for line, (old, new) in zip(
            warnings,
            (
                (
                    '[DEFAULT] servicegroup_driver = zk',
                    '[servicegroup] driver',
                ),
                (
                    '[DEFAULT] service_down_time = 180',
                    '[servicegroup] service_down_time, which is 60 now',
                ),
                ('[DEFAULT] memcached_servers', '[memcached] servers'),
                ('[zookeeper] address', '[zookeeper] hosts'),
                ('[zookeeper] recv_timeout', '[zookeeper] session_timeout'),
                ('[zookeeper] sg_prefix', '[zookeeper] chroot'),
                ('[zookeeper] sg_retry_interval', 'needs none'),
            ),
            strict=True,
        ):
            self.assertIn(old, line)
            self.assertIn(new, line)

    def test_nothing_is_said_where_the_new_one_is_set(self):
        self.assertEqual(
            [],
            self.warnings(
                '[DEFAULT]\nservicegroup_driver = mc\n'
                '[servicegroup]\ndriver = zk\n'
                '[zookeeper]\naddress = zk1\nhosts = zk1\n'
            ),
        )

    def test_nothing_is_said_where_both_are_the_same(self):
        self.assertEqual(
            [], self.warnings('[DEFAULT]\nservicegroup_driver = db\n')
        )
