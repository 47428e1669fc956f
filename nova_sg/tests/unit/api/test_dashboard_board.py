# SPDX-License-Identifier: Apache-2.0

"""What the page lists of a service of nova_sg by itself."""

import datetime
import types
from typing import Any

from oslotest import base

from nova_sg.api.dashboard import board
from nova_sg.objects import overview
from nova_sg.servicegroup import reasons

LEFT = datetime.datetime(2026, 11, 30, 12, 0, 5, tzinfo=datetime.UTC)
DECIDED = LEFT - datetime.timedelta(days=1)
STOPPED = reasons.Departure('stopped', LEFT)


class Service(types.SimpleNamespace):
    uuid, host, binary = 'u', 'c1', 'nova-compute'
    disabled, disabled_reason, forced_down = False, None, False
    created_at = updated_at = None


class TestOwnRow(base.BaseTestCase):
    def row(
        self,
        state: str,
        why: reasons.Departure | None = STOPPED,
        **values: Any,
    ) -> board.Row:
        seen = overview.see(Service(**values), 'az1', state, why)
        return board.own_row(seen)

    def test_since_when_it_is_as_it_is(self):
        for state, values, since in (
            ('up', {}, None),
            ('down', {}, LEFT),
            ('down', {'why': None}, None),
            ('unknown', {}, None),
            ('up', {'disabled': True, 'updated_at': DECIDED}, DECIDED),
            ('up', {'disabled': True, 'created_at': DECIDED}, DECIDED),
            ('down', {'disabled': True, 'updated_at': DECIDED}, LEFT),
            ('up', {'forced_down': True, 'updated_at': DECIDED}, DECIDED),
        ):
            self.assertEqual(since, self.row(state, **values).since, values)

    def test_an_unknown_state_is_its_own_reason(self):
        self.assertEqual('unknown', self.row('unknown').reason)
        self.assertEqual('', self.row('up').reason)
        forced = self.row('unknown', forced_down=True)
        self.assertEqual('forced', forced.reason)
