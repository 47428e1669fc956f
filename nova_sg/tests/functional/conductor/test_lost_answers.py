# SPDX-License-Identifier: Apache-2.0

"""A change whose conductor is lost is made once.

::

    t=0  operator A changes c1 through conductor one; it is committed
    t=1  operator B decides otherwise, and is told "done"
    t=2  the call of A reaches conductor two: B's decision stands
"""

from concurrent import futures

import sqlalchemy as sa

from nova_sg import exception
from nova_sg import objects
from nova_sg.servicegroup.records import change
from nova_sg.tests.fixtures import conductor
from nova_sg.tests.fixtures import proxy
from nova_sg.tests.fixtures import schemas
from nova_sg.tests.functional.conductor import base

Service = objects.ServiceGroupService


class LostAnswersTestCase(base.ConductorTestCase):
    database = schemas.PostgresqlSchema

    def decide(self, name, value):
        """Decide as operator B, past the conductors."""
        service = self.stored()
        setattr(service, name, value)
        service.save()


class TestPublishedTwice(LostAnswersTestCase):
    """A broker, or a client, delivers a call to both conductors."""

    def setUp(self) -> None:
        super().setUp()
        self.clients = []
        for host in ('one', 'two'):
            self.start_conductor(OS_DEFAULT__HOST=host)
            self.clients.append(self.client(host))

    def publish(self, service, method, meanwhile):
        """Have both conductors serve a call, one after the other."""
        context = change.for_one(self.context)
        results = []
        for client in self.clients:
            updates, _ = client.object_action(context, service, method, (), {})
            results.append(updates)
            if len(results) == 1:
                meanwhile()
        return results

    def test_a_later_decision_stands(self):
        self.service()
        for name, value in (
            ('disabled', True),
            ('disabled', False),
            ('forced_down', True),
            ('forced_down', False),
        ):
            self.decide(name, not value)
            service = self.stored()
            setattr(service, name, value)
            first, second = self.publish(
                service, 'save', lambda n=name, v=value: self.decide(n, not v)
            )
            self.assertNotIn(name, first)
            self.assertEqual(not value, second[name])
            self.assertEqual(not value, getattr(self.stored(), name))

    def test_a_service_is_created_once(self):
        new = Service(self.context, host='c1', binary='nova-compute')
        first, second = self.publish(
            new, 'create', lambda: self.decide('disabled', True)
        )
        self.assertEqual(first['uuid'], second['uuid'])
        self.assertEqual(
            (False, True), (first['disabled'], second['disabled'])
        )

    def test_a_service_that_was_registered_anew_is_not_destroyed(self):
        gone = self.service()
        self.publish(gone, 'destroy', self.service)
        self.assertNotEqual(gone.uuid, self.stored().uuid)

    def test_a_host_stays_where_it_was_moved_to_since(self):
        context = change.for_one(self.context)
        for client in self.clients:
            client.inventory_action(context, 'set_zone', ['c1', 'one'], {})
            if client is self.clients[0]:
                self.api.inventory.set_zone('c1', 'two')
        self.assertEqual({'c1': 'two'}, self.api.inventory.zones())


class TestWithoutAnswer(LostAnswersTestCase):
    """A conductor has made the change, and ends before it answers."""

    def setUp(self) -> None:
        super().setUp()
        # Half of it is waited out, and serves the second conductor to begin.
        self.conf.set_override('rpc_response_timeout', 12)
        self.uuid = self.service().uuid
        self.link, self.one = self.behind_a_link()
        self.one.wait_until_serving()

    def behind_a_link(self):
        """Start a conductor whose link to the broker may fail."""
        broker = sa.make_url(self.rabbitmq.url)
        link = self.useFixture(proxy.TcpProxy(broker.port))
        url = broker.set(port=link.port).render_as_string(hide_password=False)
        return link, self.useFixture(
            conductor.Conductor(
                {**self.environment(), 'OS_DEFAULT__TRANSPORT_URL': url}
            )
        )

    def lose_the_answer(self, then):
        """Have operator A disable c1, and lose the conductor afterwards.

        :param then: what happens once it is disabled
        :returns: the service as A's process has it
        """
        with self.remotely():
            mine = Service.get_by_compute_host(self.context, 'c1')
            mine.disabled = True
            self.link.cut(proxy.Direction.TO_SERVER)
            with futures.ThreadPoolExecutor(1) as pool:
                saved = pool.submit(mine.save)
                base.wait_until(self.is_disabled, 'the change is made')
                self.one.kill()
                self.link.reset()
                then()
                saved.result()
        return mine

    def is_disabled(self):
        return self.api.get_by_host_and_binary(
            self.context, 'c1', 'nova-compute'
        ).disabled

    def test_another_conductor_tells_what_became_of_it(self):
        link, two = self.behind_a_link()
        link.cut()
        base.wait_until(lambda: link.accepted, 'it waits for the broker')

        def meanwhile():
            self.api.update(self.context, self.uuid, {'disabled': False})
            link.heal()
            two.wait_until_serving()

        mine = self.lose_the_answer(meanwhile)
        self.assertFalse(mine.disabled)
        self.assertFalse(self.is_disabled())

    def test_without_another_it_is_not_told_as_undone(self):
        # All of it is waited out.
        self.conf.set_override('rpc_response_timeout', 6)
        error = self.assertRaises(
            exception.OutcomeUnknown, self.lose_the_answer, lambda: None
        )
        self.assertIn('may have been made', str(error))
        self.assertTrue(self.is_disabled())
