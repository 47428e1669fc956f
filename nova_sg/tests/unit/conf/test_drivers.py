# SPDX-License-Identifier: Apache-2.0

"""The options of drivers, where their libraries are not installed."""

import subprocess
import sys

from oslotest import base

_LOAD = """
import sys
for name in ('kazoo', 'pymemcache', 'sqlalchemy'):
    sys.modules[name] = None
from nova_sg import conf
from nova_sg.conf import opts
print(*sorted(conf.load([])['zookeeper'])[:1], *opts.own_groups())
"""


class TestOptions(base.BaseTestCase):
    def test_they_are_known_without_any_library_of_a_driver(self) -> None:
        done = subprocess.run(
            [sys.executable, '-W', 'ignore', '-c', _LOAD],
            capture_output=True,
            text=True,
        )
        self.assertEqual('', done.stderr)
        self.assertTrue(
            {'memcached', 'zookeeper'}.issubset(done.stdout.split())
        )
