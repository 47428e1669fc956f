# SPDX-License-Identifier: Apache-2.0

"""What an overview shows of a service: its state, and why it is down."""

import types

from oslotest import base

from nova_sg.objects import overview
from nova_sg.servicegroup import reasons

STOPPED = reasons.Departure('stopped')
UNTOLD = reasons.Departure('unknown')


class TestSee(base.BaseTestCase):
    def test_its_state_and_its_reason(self):
        for forced, state, why, shown in (
            (False, 'up', None, ('up', '')),
            (False, 'up', reasons.Departure('up'), ('up', '')),
            (False, 'down', STOPPED, ('down', 'stopped')),
            (False, 'down', UNTOLD, ('down', '')),
            (False, 'down', None, ('down', '')),
            (False, 'unknown', UNTOLD, ('unknown', '')),
            # Whatever the membership says.
            (True, 'up', None, ('down', 'forced')),
            (True, 'down', STOPPED, ('down', 'forced')),
            (True, 'unknown', None, ('down', 'forced')),
        ):
            service = types.SimpleNamespace(forced_down=forced)
            seen = overview.see(service, 'az1', state, why)
            self.assertEqual(shown, (seen.state, seen.reason), state)
