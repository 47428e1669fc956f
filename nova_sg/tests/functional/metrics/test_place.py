# SPDX-License-Identifier: Apache-2.0

"""Where the workers of a program share what they count."""

import os
import pathlib

import fixtures

from nova_sg import exception
from nova_sg import instruments
from nova_sg import metrics
from nova_sg.metrics import place
from nova_sg.tests.fixtures import rest
from nova_sg.tests.functional.api import base
from nova_sg.tests.functional.metrics import test_deployment


class TestPlace(base.RestTestCase):
    fixture = rest.Rest

    def test_a_place_that_was_abandoned_is_removed_by_the_next(self):
        parent = self.useFixture(fixtures.TempDir()).path
        self.useFixture(
            fixtures.MonkeyPatch(
                'nova_sg.metrics.place._IN_MEMORY', pathlib.Path(parent)
            )
        )
        first = place.Place.make()
        second = place.Place.make()
        self.assertTrue(first.path.exists())
        os.close(first._held)
        place.Place.make()
        self.assertFalse(first.path.exists())
        self.assertTrue(second.path.exists())

    def test_a_directory_that_cannot_be_used_is_refused(self):
        error = self.assertRaises(
            exception.InvalidConfiguration, place.Place, '/proc/nothing'
        )
        self.assertIn('[monitoring] directory', str(error))

    def test_all_that_is_counted_has_its_room_before(self):
        made = self.place()
        self.counting(made)
        files = list(made.path.glob('*.db'))
        self.assertEqual(4, len(files))
        for each in files:
            stat = each.stat()
            # To write where a file has a hole may end in a bus error.
            self.assertLessEqual(stat.st_size, stat.st_blocks * 512, each)

    def test_a_process_without_room_goes_on_and_tells_of_others(self):
        made = self.place()
        first = self.counting(made)
        instruments.current.backend_answered(True)
        self.useFixture(
            fixtures.MockPatch(
                'os.posix_fallocate', side_effect=test_deployment.no_room
            )
        )
        instruments.use(instruments.NONE)
        second = self.counting(made)
        self.assertIs(instruments.NONE, instruments.current)
        self.assertIn(b'nova_sg_backend_up 1.0', second.text())
        self.assertEqual(first.text(), second.text())

    def test_a_place_without_room_is_refused(self):
        self.useFixture(
            fixtures.MockPatch(
                'os.posix_fallocate', side_effect=test_deployment.no_room
            )
        )
        error = self.assertRaises(
            exception.InvalidConfiguration, place.Place.make
        )
        self.assertIn('No space left on device', str(error))

    def test_a_lock_is_waited_for_no_longer_than_it_is_said(self):
        made = self.place()
        with made.locked('one') as held:
            # Of this very process: under eventlet a thread that waits in the
            # kernel would never let go the one that holds it.
            with made.locked('one', patience=0.1) as again:
                self.assertFalse(again)
            self.assertTrue(held)
        with made.locked('one') as held:
            self.assertTrue(held)

    def fill(self):
        """Leave no room to what begins from now on."""
        full = test_deployment.no_room
        self.useFixture(
            fixtures.MockPatch('os.posix_fallocate', side_effect=full)
        )

    def place(self):
        return place.Place(self.useFixture(fixtures.TempDir()).path)

    def counting(self, made):
        """Return what shows the metrics of a process that counts."""
        self.addCleanup(instruments.use, instruments.NONE)
        return metrics.begin(self.cloud.conf, 'nova-sg-conductor', made)
