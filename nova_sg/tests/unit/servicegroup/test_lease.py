# SPDX-License-Identifier: Apache-2.0

"""What a process knows of its lease, and of members after an interruption."""

from unittest import mock

import fixtures
from oslotest import base as test_base

from nova_sg.servicegroup import doubt
from nova_sg.servicegroup import lease
from nova_sg.tests.unit.servicegroup import base

TIMEOUT = 6.0


class TestLease(test_base.BaseTestCase):
    """The clock stands still but for :meth:`pass_time`."""

    def setUp(self):
        super().setUp()
        self.clock = self.useFixture(base.Clock(lease))
        real = doubt.Doubting
        self.useFixture(
            fixtures.MonkeyPatch(
                f'{doubt.__name__}.Doubting',
                lambda bounds: real(bounds, self.clock.monotonic),
            )
        )
        self.lease = base.Lease(TIMEOUT, 5.0)

    def pass_time(self, seconds):
        self.clock.now += seconds

    def connect(self, number=1):
        self.lease._note_connected(number)

    def settle(self):
        """Connect for the first time, long ago."""
        self.lease._note_connecting()
        self.connect()
        self.pass_time(100 * TIMEOUT)
        self.lease._note_heard(self.clock.now)

    def test_a_process_that_has_just_connected_is_unsure_for_a_moment(self):
        self.lease._note_connecting()
        self.assertFalse(self.lease.connected)
        self.connect()
        self.assertTrue(self.lease.settling)
        self.pass_time(TIMEOUT * lease.UNSURE)
        self.assertFalse(self.lease.settling)

    def test_a_short_interruption_explains_no_missing_member(self):
        self.settle()
        self.lease._note_disconnected()
        self.assertEqual(self.clock.now, self.lease.down_since)
        self.pass_time(TIMEOUT * lease.STANDSTILL)
        self.connect()
        self.assertFalse(self.lease.settling)
        self.assertIsNone(self.lease.down_since)

    def test_after_a_long_interruption_members_have_time_to_come_back(self):
        self.settle()
        self.lease._note_disconnected()
        self.assertFalse(self.lease.settling)
        self.pass_time(TIMEOUT)
        self.connect(number=2)
        self.assertTrue(self.lease.settling)
        self.assertIn('connection was lost', str(self.lease.doubt))
        self.pass_time(TIMEOUT)
        self.assertFalse(self.lease.settling)

    def test_what_the_backend_grants_counts_rather_than_what_was_asked(self):
        self.lease._note_granted(10 * TIMEOUT)
        self.assertEqual(10 * TIMEOUT / 6, self.lease.keep_every)

    def test_a_listener_is_not_kept_alive(self):
        listener = mock.Mock(spec=lease.Listener)
        self.lease.add_listener(listener)
        self.assertEqual([listener], self.lease._listening())
        del listener
        self.assertEqual([], self.lease._listening())
