# SPDX-License-Identifier: Apache-2.0

"""``service leave`` on a host without a database."""

import uuid

import oslo_messaging as messaging

from nova_sg import rpc
from nova_sg.conductor import manager
from nova_sg.conductor import novas
from nova_sg.servicegroup import invocation as sg_invocation
from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import conductor
from nova_sg.tests.functional.conductor import base


class NovasConductor:
    """What nova's conductor has of nova_sg, without a nova.

    :param answer: of each call
    """

    target = messaging.Target(namespace=novas.NAMESPACE, version='1.1')

    def __init__(self, answer):
        self.answer = answer
        self.asked = []

    def leave_invocation(self, context, **arguments):
        self.asked.append((context['is_admin'], arguments))
        return self.answer


class LeaveTestCase(base.ConductorTestCase):
    #: Nothing is missed while a test runs.
    service_down_time = 600

    def begin(self, **options):
        """Start an agent as systemd does; return it, and its invocation."""
        invocation = uuid.uuid4().hex
        agent = self.useFixture(
            commands.Agent(
                *('--remote', '--host', 'c1'),
                environment=self.remote_environment(
                    INVOCATION_ID=invocation, **options
                ),
            )
        )
        agent.wait_until_up()
        return agent, invocation

    def leave(self, invocation, *words, **options):
        """Return what the command says, which succeeds."""
        done = commands.run(
            'nova_sg.cmd.manage',
            *('service', 'leave', 'c1', 'nova-compute'),
            *('--invocation', invocation),
            *words,
            environment=self.remote_environment(**options),
        )
        self.assertEqual((0, ''), (done.returncode, done.stderr), done)
        return done.stdout

    def test_a_crash_shows_at_once(self):
        self.start_conductor()
        agent, first = self.begin()
        agent.kill()
        self.assertTrue(self.is_up())
        self.assertIn('1 member(s)', self.leave(first))
        # A process keeps its verdict for a second.
        base.wait_until(lambda: not self.is_up(), 'c1 to be down')
        self.begin()
        self.assertIn('no member of this', self.leave(first))
        base.wait_until(self.is_up, 'c1 to be up')

    def test_where_new_versions_are_held_back_nothing_is_done(self):
        self.start_conductor()
        held = {'OS_UPGRADE_LEVELS__CONDUCTOR': '1.1'}
        agent, mine = self.begin(**held)
        agent.kill()
        self.assertIn('knows no invocations', self.leave(mine, **held))
        self.assertTrue(self.is_up())

    def test_an_older_conductor_is_told_apart(self):
        service = self.service('c1')
        self.patch(
            manager.ConductorManager, 'target', messaging.Target(version='1.1')
        )
        client = self.useFixture(
            conductor.InProcessConductor(self.api)
        ).conductor
        uuids = [service.uuid]
        mine = uuid.uuid4().hex
        self.assertEqual(uuids, list(client.join(self.context, uuids, mine)))
        self.assertEqual(1, self.stored().report_count)
        removal = client.leave_invocation(self.context, service.uuid, mine)
        self.assertIsInstance(removal, sg_invocation.Removal)
        self.assertEqual(0, removal.members)
        self.assertIn('knows no invocations', removal.kept)

    def serve_as_nova(self, *endpoints):
        """Serve at the broker where nova's conductor does."""
        server = messaging.get_rpc_server(
            rpc.transport(self.conf),
            messaging.Target(
                exchange=novas.EXCHANGE, topic=novas.TOPIC, server='control1'
            ),
            list(endpoints),
        )
        server.start()
        self.addCleanup(server.wait)
        self.addCleanup(server.stop)

    def test_a_compute_of_nova_asks_novas_conductor(self):
        mine = uuid.uuid4().hex
        served = NovasConductor({'members': 1, 'kept': None})
        self.serve_as_nova(served)
        self.assertIn('1 member(s)', self.leave(mine, '--through-nova'))
        self.assertEqual(
            [
                (
                    True,
                    {
                        'host': 'c1',
                        'binary': 'nova-compute',
                        'invocation': mine,
                    },
                )
            ],
            served.asked,
        )
        served.answer = None
        self.assertIn('not registered', self.leave(mine, '--through-nova'))
