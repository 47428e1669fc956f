# SPDX-License-Identifier: Apache-2.0

"""Which verdict stands where the membership cannot tell."""

import time
from types import SimpleNamespace
from unittest import mock

from oslotest import base

from nova_sg import exception
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import verdicts

MEMBERS = (liveness.Member(1, 0.0, 60),)


class Membership:
    """Answers what a test says.

    :ivar answer: verdicts by uuid
    """

    def __init__(self) -> None:
        self.answer: dict[str, liveness.Liveness] = {}
        self.error: Exception | None = None
        self.marker_store = SimpleNamespace(name='backend')

    def alive(self, context, uuids):
        if self.error is not None:
            raise self.error
        return self.answer

    def last_known(self, uuids):
        return {}

    def tell_of_doubt(self, callback):
        """Do nothing: it sees no clock."""


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
        self.verdicts = verdicts.Verdicts(conf, self.membership, mock.Mock())

    def ask(self, up, *, members=(), unknown=None):
        """Return the verdict where the membership answers so."""
        self.membership.answer = {
            'a': liveness.Liveness(
                up, None, time.monotonic(), members, unknown
            )
        }
        return self.verdicts.liveness(None, ['a'])['a'].up

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
        self.membership.answer = {
            'a': liveness.Liveness(False, None, 0.0, unknown='it is out')
        }
        told = self.verdicts.liveness(None, ['a'])['a']
        self.assertEqual(
            (liveness.UNKNOWN, 'it is out'), (told.state, told.unknown)
        )
        error = self.assertRaises(
            exception.ServiceGroupUnavailable,
            self.verdicts.service_is_up,
            {'uuid': 'a'},
        )
        self.assertIn('it is out', str(error))

    def test_one_unknown_service_is_not_an_unknown_deployment(self):
        self.ask(True)
        self.membership.error = exception.ServiceGroupUnavailable(
            backend='memcached', reason='it is out'
        )
        told = self.verdicts.liveness(None, ['a', 'b'])
        self.assertEqual(
            {'a': ('up', 'it is out'), 'b': ('unknown', 'it is out')},
            {u: (each.state, each.unknown) for u, each in told.items()},
        )
        self.assertRaises(
            exception.ServiceGroupUnavailable,
            self.verdicts.liveness,
            None,
            ['b'],
        )

    def test_what_was_down_when_it_was_last_known_is_not_unknown(self):
        self.ask(False)
        self.membership.error = exception.ServiceGroupUnavailable(
            backend='memcached', reason='it is out'
        )
        known = self.verdicts.liveness(None, ['a'])['a']
        self.assertEqual(liveness.DOWN, known.state)
