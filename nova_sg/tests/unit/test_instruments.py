# SPDX-License-Identifier: Apache-2.0

"""What a process tells of requests and heartbeats."""

from typing import Any

from oslotest import base

from nova_sg import exception
from nova_sg import instruments


class Noted(instruments.Instruments):
    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def request_done(
        self, backend: str, seconds: float, *, failed: bool
    ) -> None:
        self.told.append(('request', backend, failed))

    def beats_done(self, count: int, seconds: float, *, failed: bool) -> None:
        self.told.append(('beats', count, failed))

    def backend_answered(self, answered: bool) -> None:
        self.told.append(('answered', answered))


class TestMeasured(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.noted = Noted()
        self.addCleanup(instruments.use, instruments.NONE)
        instruments.use(self.noted)

    def told(self, measured, error=None):
        try:
            with measured:
                if error is not None:
                    raise error
        except type(error):
            pass
        told, self.noted.told = self.noted.told, []
        return told

    def unavailable(self):
        return exception.ServiceGroupUnavailable(backend='x', reason='y')

    def test_a_request_fails_where_the_backend_does_not_answer(self):
        sql = instruments.request('sql')
        self.assertEqual([('request', 'sql', False)], self.told(sql))
        self.assertEqual(
            [('request', 'sql', True)], self.told(sql, self.unavailable())
        )
        # It has answered.
        self.assertEqual(
            [('request', 'sql', False)], self.told(sql, ValueError())
        )

    def test_a_bug_in_a_heartbeat_is_not_the_backends(self):
        beats = instruments.beats(3)
        self.assertEqual(
            [('beats', 3, False), ('answered', True)], self.told(beats)
        )
        self.assertEqual(
            [('beats', 3, True), ('answered', False)],
            self.told(beats, self.unavailable()),
        )
        self.assertEqual([('beats', 3, True)], self.told(beats, ValueError()))
