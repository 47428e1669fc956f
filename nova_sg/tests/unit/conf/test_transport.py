# SPDX-License-Identifier: Apache-2.0

"""What is refused of [oslo_messaging_rabbit] before anything connects."""

import os
import pathlib

import fixtures
from oslo_config import cfg
from oslotest import base
import testscenarios

from nova_sg import conf as sg_conf
from nova_sg import exception
from nova_sg import rpc
from nova_sg.conf import libraries
from nova_sg.conf import transport
from nova_sg.tests.fixtures import api

load_tests = testscenarios.load_tests_apply_scenarios

URL = 'rabbit://u:hush@127.0.0.1:1//'
HERE = os.path.abspath(__file__)
STREAMS = {
    'rabbit_stream_fanout': True,
    'rabbit_transient_quorum_queue': True,
    'rabbit_qos_prefetch_count': 1,
}


class TransportTestCase(base.BaseTestCase):
    def configuration(self, rabbit, **groups):
        groups.setdefault('DEFAULT', {})['transport_url'] = URL
        return self.useFixture(
            api.Configuration(
                oslo_messaging_rabbit=rabbit,
                **groups,
            )
        ).conf


class TestRefused(TransportTestCase):
    scenarios = [
        (
            'no place for locks',
            {
                'option': '[oslo_concurrency] lock_path',
                'rabbit': {'use_queue_manager': True},
            },
        ),
        (
            'a file where locks should lie',
            {
                'option': '[oslo_concurrency] lock_path',
                'rabbit': {'use_queue_manager': True},
                'lock_path': HERE,
            },
        ),
        (
            'streams that are read without a limit',
            {
                'option': '[oslo_messaging_rabbit] rabbit_qos_prefetch_count',
                'rabbit': {**STREAMS, 'rabbit_qos_prefetch_count': 0},
            },
        ),
        (
            'streams beside queues that are no quorum queues',
            {
                'option': '[oslo_messaging_rabbit] '
                'rabbit_transient_quorum_queue',
                'rabbit': {**STREAMS, 'rabbit_transient_quorum_queue': False},
            },
        ),
        (
            'queues that are mirrored and quorum queues',
            {
                'option': '[oslo_messaging_rabbit] rabbit_ha_queues',
                'rabbit': {
                    'rabbit_quorum_queue': True,
                    'rabbit_ha_queues': True,
                },
            },
        ),
        *(
            (
                f'{name} that is {what}',
                {
                    'option': f'[oslo_messaging_rabbit] {name}',
                    'rabbit': {'ssl': True, **others, name: value},
                },
            )
            for name, what, value, others in (
                ('ssl_version', 'none', 'TLSv0', {}),
                ('ssl_ca_file', 'not there', '/nonexistent/ca.pem', {}),
                ('ssl_ca_file', 'no certificate', HERE, {}),
                ('ssl_cert_file', 'not there', '/nonexistent/c.pem', {}),
                ('ssl_cert_file', 'no certificate', HERE, {}),
                (
                    'ssl_key_file',
                    'not there',
                    '/nonexistent/k.pem',
                    {'ssl_cert_file': HERE},
                ),
            )
        ),
    ]
    lock_path = None

    def test_it_is_refused_by_its_name(self):
        conf = self.configuration(
            self.rabbit, oslo_concurrency={'lock_path': self.lock_path}
        )
        for make in (rpc.transport, rpc.notification_transport):
            error = self.assertRaises(
                exception.InvalidConfiguration, make, conf
            )
            self.assertIn(f'{self.option}: ', str(error))
            self.assertNotIn('\n', str(error))
            self.assertNotIn('hush', str(error))


class TestLockPath(TransportTestCase):
    def test_one_that_this_user_cannot_write_to_is_refused(self):
        path = self.useFixture(fixtures.TempDir()).path
        conf = self.configuration(
            {'use_queue_manager': True}, oslo_concurrency={'lock_path': path}
        )
        rpc.transport(conf)
        # root may write anywhere.
        self.useFixture(fixtures.MonkeyPatch('os.access', lambda *_: False))
        error = self.assertRaises(
            exception.InvalidConfiguration, rpc.transport, conf
        )
        self.assertIn('cannot write to', str(error))


class TestNamesOfQueues(TransportTestCase):
    def name(self, what):
        conf = self.configuration({'use_queue_manager': True})
        transport.name_queues_after(conf, 'nova-sg-agent', what)
        return conf.oslo_messaging_rabbit.processname

    def test_each_agent_of_a_host_has_its_own_and_keeps_it(self):
        first, second = self.name('nova-compute c1'), self.name('n' * 300)
        self.assertNotEqual(first, second)
        self.assertEqual(first, self.name('nova-compute c1'))
        # It is part of the name of a file, beside the name of the host.
        self.assertLess(len(second), 32)

    def test_what_an_operator_has_set_stands(self):
        conf = self.configuration({'processname': 'mine'})
        transport.name_queues_after(conf, 'nova-sg-agent', 'c1')
        self.assertEqual('mine', conf.oslo_messaging_rabbit.processname)

    def test_a_command_takes_random_ones(self):
        conf = self.configuration(
            {'use_queue_manager': True}, oslo_concurrency={'lock_path': '/tmp'}
        )
        transport.name_queues_at_random(conf)
        self.assertFalse(conf.oslo_messaging_rabbit.use_queue_manager)


class TestLibraries(TransportTestCase):
    def test_what_is_read_globally_has_the_values_of_this_process(self):
        self.addCleanup(cfg.CONF.clear)
        conf = self.configuration(
            {},
            DEFAULT={'rpc_ping_enabled': True},
            oslo_concurrency={'lock_path': '/srv/locks'},
            oslo_messaging_notifications={'routing_config': '/etc/routes'},
        )
        libraries.hand_over(conf)
        self.assertEqual(
            (True, '/srv/locks', '/etc/routes'),
            (
                cfg.CONF.rpc_ping_enabled,
                cfg.CONF.oslo_concurrency.lock_path,
                cfg.CONF.oslo_messaging_notifications.routing_config,
            ),
        )


class TestMetrics(TransportTestCase):
    """A command ends with its last call, unless metrics are to be sent."""

    def timeout(self, line=''):
        self.useFixture(api.Environment())
        directory = self.useFixture(fixtures.TempDir()).path
        path = pathlib.Path(directory, 'nova-sg.conf')
        path.write_text(
            f'[DEFAULT]\ntransport_url = {URL}\n'
            f'[oslo_messaging_metrics]\n{line}\n'
        )
        conf = sg_conf.load([str(path)])
        rpc.transport(conf)
        return conf.oslo_messaging_metrics.metrics_thread_stop_timeout

    def test_no_thread_waits_for_metrics_that_are_off(self):
        self.assertEqual(0, self.timeout())

    def test_one_waits_for_those_that_are_on(self):
        self.assertEqual(10, self.timeout('metrics_enabled = true'))

    def test_what_an_operator_says_holds(self):
        self.assertEqual(3, self.timeout('metrics_thread_stop_timeout = 3'))

    def test_a_bad_value_is_named(self):
        self.assertRaisesRegex(
            exception.InvalidConfiguration,
            'metrics_enabled',
            self.timeout,
            'metrics_enabled = perhaps',
        )
