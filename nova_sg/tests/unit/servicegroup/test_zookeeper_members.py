# SPDX-License-Identifier: Apache-2.0

"""How often a mirror reads the members of all services."""

import time

from oslotest import base

from nova_sg.servicegroup.backends.zookeeper import mirrored_members


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
