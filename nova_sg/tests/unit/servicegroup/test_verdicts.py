# SPDX-License-Identifier: Apache-2.0

"""Which verdict stands where the membership cannot tell."""

import time
from types import SimpleNamespace

from oslotest import base

from nova_sg import exception
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import verdicts

MEMBERS = (liveness.Member(1, 0.0, 60),)


class Membership:
    """Answers what a test says.

    :ivar answer: verdicts by uuid
    """

    along = 1

    def __init__(self) -> None:
        self.answer: dict[str, liveness.Liveness] = {}
        self.marker_store = SimpleNamespace(name='backend')

    def alive(self, context, uuids):
        return self.answer


class TestUnknown(base.BaseTestCase):
    """There is one service, named by a letter."""

    def setUp(self) -> None:
        super().setUp()
        conf = SimpleNamespace(
            servicegroup=SimpleNamespace(
                service_down_time=60, report_interval=10
            )
        )
        self.membership = Membership()
        self.verdicts = verdicts.Verdicts(conf, self.membership)

    def ask(self, up, *, members=(), unknown=None):
        """Return the verdict where the membership answers so."""
        self.membership.answer = {
            'a': liveness.Liveness(
                up, None, time.monotonic(), members, unknown
            )
        }
        return self.verdicts.ask(None, ['a'])['a'].up

    def test_what_was_told_last_stands(self):
        for up in (True, False):
            self.ask(up)
            self.assertEqual(up, self.ask(False, unknown='it is out'))

    def test_it_stands_against_what_is_presumed(self):
        self.ask(False)
        self.assertFalse(self.ask(True, unknown='it lost its memory'))

    def test_what_the_membership_remembers_is_newer(self):
        # It came up, and nobody but the membership has noticed.
        self.ask(False)
        self.assertTrue(self.ask(True, members=MEMBERS, unknown='settling'))

    def test_with_nothing_known_it_is_as_presumed(self):
        self.assertTrue(self.ask(True, unknown='it lost its memory'))

    def test_with_nothing_known_nobody_is_presumed_down(self):
        self.assertRaises(
            exception.ServiceGroupUnavailable,
            self.ask,
            False,
            unknown='it is out',
        )
