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

"""How often a mirror reads the members of all services."""

import time

from oslotest import base

from nova_sg.servicegroup.zookeeper import mirrored_members


class TestPauses(base.BaseTestCase):
    def pause_after(self, seconds: float) -> float:
        """Return how long nothing is read after a reading that took long."""
        members = mirrored_members.AllMembers(None, lambda: None)
        now = time.monotonic()
        return members.next_time(now - seconds) - now

    def test_many_changes_at_once_are_read_at_once(self):
        self.assertGreaterEqual(self.pause_after(0), mirrored_members.PAUSE)

    def test_reading_takes_a_small_share_of_the_time(self):
        self.assertGreaterEqual(self.pause_after(0.05), 0.5)

    def test_a_crash_shows_however_slow_the_last_reading_was(self):
        longest = mirrored_members.LONGEST_PAUSE
        self.assertAlmostEqual(longest, self.pause_after(60), delta=0.5)
