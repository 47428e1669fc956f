# SPDX-License-Identifier: Apache-2.0

"""What an agent that cannot do its work says, and how it ends."""

import os
import socket

from nova_sg.tests.fixtures import api
from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures.servers import ports
from nova_sg.tests.functional.agent import base


class ErrorsTestCase(base.AgentTestCase):
    def assert_ends(self, agent, code, *words):
        """The agent ends with an exit code and one line with these words."""
        self.assertEqual(code, agent.wait(), agent.log)
        (line,) = agent.log.splitlines()
        for word in ('nova-sg-agent: error: ', *words):
            self.assertIn(word, line)

    def test_a_backend_that_is_not_there_at_the_start(self):
        port = self.useFixture(ports.Port()).number
        self.url = (
            f'postgresql+psycopg2://nobody:secret@127.0.0.1:{port}/nowhere'
        )
        agent = self.begin('--host', 'c1')
        self.assert_ends(agent, 5, 'unavailable', str(port))
        self.assertNotIn('secret', agent.log)

    def test_names_that_no_service_can_have(self):
        agents = [self.begin('--host', host) for host in ('', 'c' * 256)]
        for agent in agents:
            self.assert_ends(agent, 2, 'host must')
        agent = self.begin('--host', os.fsdecode(b'c\xff'))
        self.assert_ends(agent, 2, 'not valid UTF-8')

    def test_bad_usage(self):
        agent = self.begin('--count', '0')
        self.assert_ends(agent, 2, '--count', "'0'")
        agent = self.begin('--zone', 'z', '--binary', 'nova-scheduler')
        self.assert_ends(agent, 2, '--zone')

    def test_it_can_be_stopped_while_it_waits_for_a_backend(self):
        with socket.create_server(('127.0.0.1', 0)) as server:
            server.settimeout(commands.PATIENCE)
            port = server.getsockname()[1]
            self.url = f'mysql+pymysql://nobody:secret@127.0.0.1:{port}/no'
            agent = self.begin('--host', 'c1')
            client, _address = server.accept()
            with client:
                self.assertEqual(0, agent.stop(), agent.log)
        self.assertEqual('', agent.log)

    def test_a_zone_where_there_is_no_inventory(self):
        self.useFixture(api.Environment(OS_INVENTORY__BACKEND='none'))
        agent = self.begin('--host', 'c1', '--zone', 'lab')
        self.assert_ends(agent, 2, '[inventory] backend is none')
        self.assertEqual({}, self.states())

    def test_the_zone_of_other_services(self):
        agent = self.begin('--host', 'c1', '--zone', 'internal')
        self.assert_ends(agent, 2, "'internal' is the zone of services other")
        self.assertEqual({}, self.states())

    def test_a_deployment_of_a_nova_is_not_for_it(self):
        compute = {'binary': 'nova-compute', 'topic': 'compute'}
        self.api.create(self.context, {**compute, 'host': 'c1', 'version': 70})
        agent = self.begin('--host', 'c2')
        self.assert_ends(agent, 4, 'version 1 ', 'version 70', 'nova-sg-agent')

    def test_a_topic_that_another_binary_of_the_host_has(self):
        compute = {
            'host': 'c1',
            'binary': 'nova-compute',
            'topic': 'compute',
        }
        self.api.create(self.context, compute)
        agent = self.begin(
            *('--host', 'c1', '--binary', 'other', '--topic', 'compute')
        )
        self.assert_ends(agent, 4, 'topic compute exists')
