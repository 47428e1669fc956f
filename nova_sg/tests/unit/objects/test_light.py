# SPDX-License-Identifier: Apache-2.0

"""The objects are imported without oslo.messaging, and work with it."""

import subprocess
import sys

from oslotest import base

_CODE = """\
import sys
from nova_sg import objects
from oslo_versionedobjects import base
assert 'oslo_messaging' not in sys.modules
{then}
import oslo_messaging
from oslo_messaging import serializer
assert oslo_messaging.get_rpc_transport
assert base.messaging.NoOpSerializer is oslo_messaging.NoOpSerializer
assert serializer.NoOpSerializer is oslo_messaging.NoOpSerializer
assert issubclass(base.VersionedObjectSerializer, oslo_messaging.Serializer)
"""


class TestLight(base.BaseTestCase):
    def run_after(self, then):
        done = subprocess.run(
            [sys.executable, '-W', 'ignore', '-c', _CODE.format(then=then)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertEqual((0, ''), (done.returncode, done.stderr))

    def test_the_whole_package_has_the_same_classes(self):
        self.run_after('')

    def test_a_library_that_asks_for_more_gets_the_whole_package(self):
        self.run_after('assert base.messaging.Target')
