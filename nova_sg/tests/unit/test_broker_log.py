# SPDX-License-Identifier: Apache-2.0

"""What of an outage of the message broker is logged."""

import inspect
import logging

from amqp import exceptions as amqp_exc
import fixtures
from oslo_messaging._drivers import impl_rabbit
from oslotest import base

from nova_sg import broker_log

REFUSED = ConnectionRefusedError('refused')
UNREACHABLE = (
    '[%(connection_id)s] AMQP server on %(hostname)s:%(port)s is '
    'unreachable: %(err_str)s. Trying again in %(sleep_time)d seconds.'
)
BACK = '[%(connection_id)s] Reconnected to AMQP server on %(hostname)s'
FAILED = 'Connection failed: %s (retrying in %s seconds)'
PUBLISH = "Failed to publish message to topic '%(topic)s': %(err_str)s"
NOTICED = (
    'A recoverable connection/channel error occurred, trying to reconnect: %s'
)


class OncePerOutageTestCase(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        self.logger = logging.getLogger(broker_log.LOGGER)
        self.addCleanup(self.logger.setLevel, self.logger.level)
        self.logger.setLevel(logging.INFO)
        self.now = 1000.0
        self.filter = broker_log.OncePerOutage()
        self.filter.clock = lambda: self.now

    def passes(self, template, *args):
        return self.filter.filter(
            logging.LogRecord('x', logging.ERROR, 'x', 1, template, args, None)
        )

    def away(self, connection, error=REFUSED):
        return self.passes(
            UNREACHABLE,
            {
                'connection_id': connection,
                'hostname': 'h',
                'port': 1,
                'err_str': error,
                'sleep_time': 2.0,
            },
        )

    def back(self, connection):
        return self.passes(
            BACK, {'connection_id': connection, 'hostname': 'h'}
        )

    def publish(self, error):
        return self.passes(PUBLISH, {'topic': 't', 'err_str': error})

    def test_what_repeats_is_dropped_whatever_connection_tells_it(self):
        self.assertTrue(self.away('a'))
        for seconds in (1.0, 30.0, 15.0):
            self.now += seconds / 2
            self.assertFalse(self.away('a'))
            self.assertFalse(self.away('b'))
            self.assertFalse(self.passes(FAILED, 'refused', 4.0))
            self.assertFalse(self.publish(ConnectionResetError('reset')))
            self.assertFalse(self.passes(NOTICED, 'reset'))

    def test_the_end_is_told_once(self):
        self.assertFalse(self.back('a'))
        self.away('a')
        self.assertTrue(self.back('a'))
        self.assertFalse(self.back('b'))

    def test_each_outage_of_a_broker_that_flaps_is_told(self):
        for _ in range(3):
            self.now += 2.0
            self.assertTrue(self.away('a'))
            self.assertFalse(self.away('b'))
            self.now += 2.0
            self.assertTrue(self.back('a'))
            self.assertFalse(self.back('b'))

    def test_one_that_notices_late_tells_of_no_other_outage(self):
        self.away('a')
        self.back('a')
        self.now += 15.0
        self.assertFalse(self.passes(NOTICED, 'reset'))
        self.assertFalse(self.away('b'))
        self.assertFalse(self.publish(ConnectionResetError('reset')))
        self.assertTrue(self.away('a'))

    def test_without_a_connection_that_was_back_an_outage_is_told_later(self):
        self.away('a')
        self.back('a')
        self.now += 61.0
        self.assertTrue(self.passes(NOTICED, 'reset'))
        self.assertTrue(self.publish(ConnectionResetError('reset')))
        self.assertTrue(self.back('c'))

    def test_silence_after_the_next_attempt_is_the_end(self):
        # Nothing else is told by a first connection that was made.
        self.assertTrue(self.passes(FAILED, 'refused', 30.0))
        self.now += 44.0
        self.assertFalse(self.passes(FAILED, 'refused', 30.0))
        self.now += 46.0
        self.assertTrue(self.passes(FAILED, 'refused', 30.0))

    def test_a_refusal_in_an_outage_is_told_once(self):
        self.away('a')
        refused = amqp_exc.AccessRefused('ACCESS_REFUSED - no login')
        self.assertTrue(self.away('a', refused))
        self.assertFalse(self.away('b', refused))
        self.assertFalse(self.away('a'))

    def test_what_a_broker_that_is_there_refuses_is_always_told(self):
        self.away('a')
        for _ in range(2):
            self.assertTrue(self.publish(amqp_exc.NotFound('no exchange')))

    def test_other_lines_pass(self):
        self.away('a')
        for _ in range(2):
            self.assertTrue(self.passes('The broker has blocked it: %s', 'x'))

    def test_with_the_logger_at_debug_all_pass(self):
        self.logger.setLevel(logging.DEBUG)
        for _ in range(2):
            self.assertTrue(self.away('a'))

    def test_a_process_filters_once(self):
        self.useFixture(fixtures.MockPatchObject(self.logger, 'filters', []))
        broker_log.log_outages_once()
        broker_log.log_outages_once()
        self.assertEqual(1, len(self.logger.filters))

    def test_oslo_messaging_has_such_lines(self):
        self.assertEqual(broker_log.LOGGER, impl_rabbit.LOG.logger.name)
        # A text that is long goes over two lines of source.
        source = ''.join(
            line.strip().strip('\'"(')
            for line in inspect.getsource(impl_rabbit).splitlines()
        )
        texts = (*broker_log.TROUBLE, broker_log.NOTICED, broker_log.BACK)
        self.assertEqual([], [text for text in texts if text not in source])
