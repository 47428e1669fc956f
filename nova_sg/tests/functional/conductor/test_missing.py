# SPDX-License-Identifier: Apache-2.0


"""A broker that has no conductor to give a call to."""

from concurrent import futures
import time
import uuid

from nova_sg import exception
from nova_sg.tests.fixtures import commands
from nova_sg.tests.functional.conductor import base

#: Seconds, far beyond those in which a test gives up: in none of these tests
#: may a call be lost.
LONG = '600'

#: Seconds by which an agent is ahead of its conductor.
AHEAD = 5.0


class MissingTestCase(base.ConductorTestCase):
    def make_broker(self):
        # Others have left their queues there. None is bound to this exchange.
        self.options = {
            'OS_DEFAULT__CONTROL_EXCHANGE': f'nova-{uuid.uuid4().hex}',
            'OS_DEFAULT__RPC_RESPONSE_TIMEOUT': LONG,
        }
        return super().make_broker()

    def make_process(self, **groups):
        groups['DEFAULT'] |= {
            'control_exchange': self.options['OS_DEFAULT__CONTROL_EXCHANGE'],
            'rpc_response_timeout': LONG,
        }
        return super().make_process(**groups)

    def ask(self, client):
        return client.inventory_action(self.context, 'zones', [], {})

    def assert_missing(self, client):
        error = self.assertRaises(exception.ConductorMissing, self.ask, client)
        self.assertIn('Start nova-sg-conductor', str(error))

    def test_each_call_fails_at_once_and_none_is_lost(self):
        client = self.client()
        for _number in range(3):
            self.assert_missing(client)
        self.start_conductor()
        for _number in range(3):
            self.assertEqual({}, self.ask(client))

    def test_calls_of_several_threads_do_not_disturb_each_other(self):
        client = self.client()

        def ask(_number):
            try:
                return self.ask(client)
            except exception.ServiceGroupUnavailable as error:
                return type(error)

        with futures.ThreadPoolExecutor(8) as pool:
            self.assertEqual(
                {exception.ConductorMissing}, set(pool.map(ask, range(40)))
            )
            self.start_conductor()
            self.assertEqual([{}] * 40, list(pool.map(ask, range(40))))

    def test_a_host_without_one_is_told_from_one_with(self):
        self.start_conductor(OS_DEFAULT__HOST='here')
        self.assertEqual({}, self.ask(self.client('here')))
        self.assert_missing(self.client('elsewhere'))

    def test_an_agent_waits_for_the_first_conductor(self):
        agent = self.useFixture(
            commands.Agent(
                *('--remote', '--host', 'c1'),
                environment=self.remote_environment(),
            )
        )
        agent.wait_to_say('Waiting for a conductor')
        time.sleep(AHEAD)
        self.start_conductor()
        agent.wait_until_up()
        self.wait_for_beats()
