# SPDX-License-Identifier: Apache-2.0

"""What a conductor says of calls that it cannot serve, and where."""

import json
from typing import Any
from unittest import mock

import oslo_messaging as messaging
from oslo_messaging._drivers import common

from nova_sg import exception
from nova_sg.nova_tree import errors
from nova_sg.nova_tree.grouped import endpoint
from nova_sg.nova_tree.grouped import written
from nova_sg.tests.nova_tree import grouped_remote
from nova_sg.tests.nova_tree import outages

AWAY = outages.DATABASE_ERRORS[0]


class TestLog(grouped_remote.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.start_conductor()

    def told(self, text: str) -> int:
        return int(self.stdlog.logger.output.count(text))

    def test_an_outage_is_one_line_however_many_call(self):
        for number in (1, 2):
            # It calls, and goes on to call until one is answered.
            self.caller._casts = 0
            with outages.Out(AWAY):
                for _ in range(3):
                    self.caller.beat()
            self.assertEqual(number, self.told('Answering calls of beat with'))
            self.caller.beat()
            self.assertEqual(number, self.told('beat are answered again'))
        self.assertEqual(2 * (3 * 2 + 1), self.sent.count('beat'))
        self.assertEqual(0, self.told('Traceback'))
        self.assertEqual(0, self.told('sesame'))

    def test_a_fault_is_told_with_its_traceback(self):
        with mock.patch.object(written, '_write', side_effect=TypeError):
            for _ in range(2):
                self.caller.beat()
        self.assertEqual(1, self.told('Unexpected error while writing'))
        self.assertEqual(1, self.told('Traceback'))


class TestWire(grouped_remote.TestCase):
    """The error that a caller gets, from conductors of any release."""

    def error_of(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Return what is sent of the error that a call ends with."""
        served = getattr(endpoint.Endpoint(self.context), method)
        with outages.Out(AWAY):
            expected = self.assertRaises(
                messaging.ExpectedException, served, {}, **arguments
            )
        found: dict[str, Any] = json.loads(
            common.serialize_remote_exception(expected.exc_info)
        )
        return found

    def test_it_keeps_its_type_and_leaves_its_causes_at_home(self):
        beat = self.error_of('beat', uuid=self.made.uuid, joining=False)
        asked = self.error_of('database_time')
        for error, wanted in (
            (beat, exception.ServiceGroupUnavailable),
            (asked, type(AWAY)),
        ):
            self.assertEqual(
                (wanted.__module__, wanted.__name__),
                (error['module'], error['class']),
            )
            self.assertNotIn('direct cause', ''.join(error['tb']))
            received = messaging.RemoteError(
                error['class'], error['message'], error['tb']
            )
            self.assertIsNotNone(errors.outage_of(received))
        self.assertNotIn('sesame', str(beat))

    def test_what_nobody_expects_is_left_to_the_server(self):
        with mock.patch.object(
            written, 'database_time', side_effect=TypeError
        ):
            self.assertRaises(
                TypeError, endpoint.Endpoint(self.context).database_time, {}
            )
