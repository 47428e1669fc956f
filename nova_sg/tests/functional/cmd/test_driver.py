# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#     http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.


"""``nova-sg-manage driver check``."""

from nova_sg.db import schema
from nova_sg.tests.functional.cmd import base


class TestCheck(base.CommandTestCase):
    def check(self) -> dict[str, object]:
        return self.done('driver', 'check', '-f', 'json').json

    def test_it_shows_the_backend_and_counts_services(self):
        self.service('c1')
        self.service('c2')
        self.service('c3')
        self.done('service', 'force-down', 'c2', 'nova-compute')
        checked = self.check()
        (round_trip,) = checked.pop('round_trip_ms')
        self.assertGreater(round_trip, 0)
        self.assertEqual(
            {
                'driver': 'db',
                'records': 'sql',
                'backend': [self.url],
                'marker': ['driver = db, records = sql (format 1)'],
                'schema_version': schema.head(),
                'services': 3,
                'up': 2,
                'down': 1,
            },
            checked,
        )

    def test_an_unused_backend_is_not_marked(self):
        checked = self.check()
        self.assertEqual(['not marked yet'], checked['marker'])
        self.assertEqual(0, checked['services'])
