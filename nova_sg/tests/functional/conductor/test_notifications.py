# SPDX-License-Identifier: Apache-2.0

"""What a consumer of nova's notifications hears of services."""

import queue

import fixtures
import oslo_messaging as messaging

from nova_sg import objects
from nova_sg import rpc
from nova_sg import servicegroup
from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import conductor
from nova_sg.tests.functional.conductor import base


class Consumer(fixtures.Fixture):
    """Listens where nova's consumers do.

    :param conf: names the broker
    """

    def __init__(self, conf) -> None:
        super().__init__()
        self._conf = conf
        self._heard = queue.SimpleQueue()

    def _setUp(self) -> None:
        transport = rpc.notification_transport(self._conf)
        self.addCleanup(transport.cleanup)
        listener = messaging.get_notification_listener(
            transport,
            [
                messaging.Target(
                    topic='versioned_notifications', exchange='nova'
                )
            ],
            [self],
            executor='threading',
        )
        listener.start()
        self.addCleanup(listener.wait)
        self.addCleanup(listener.stop)

    def info(self, context, publisher_id, event_type, payload, metadata):
        """Take a notification: oslo.messaging's interface."""
        data = payload['nova_object.data']
        self._heard.put((publisher_id, event_type, data, context))

    def next(self):
        """Return the next notification: publisher, type, data, context."""
        return self._heard.get(timeout=base.commands.PATIENCE)

    def empty(self) -> bool:
        return self._heard.empty()


class NotificationsTestCase(base.ConductorTestCase):
    options = {'OS_NOTIFICATIONS__NOTIFICATION_FORMAT': 'versioned'}

    def setUp(self) -> None:
        super().setUp()
        self.configure()
        self.consumer = self.useFixture(Consumer(self.conf))

    def configure(self):
        self.conf.set_override(
            'notification_format', 'versioned', 'notifications'
        )
        self.api = servicegroup.setup(self.conf)

    def assert_told(self, event_type, host='c1', **data):
        """See what comes next.

        :param data: what is among its fields
        """
        publisher, told, fields, context = self.consumer.next()
        self.assertEqual(
            (f'nova-compute:{host}', event_type), (publisher, told)
        )
        self.assertEqual(data, {name: fields[name] for name in data})
        return context

    def test_what_an_operator_does_is_told(self):
        mine = self.service(version=3)
        context = self.assert_told(
            'service.create', uuid=mine.uuid, version=3, disabled=False
        )
        self.assertEqual(self.context.request_id, context['request_id'])
        mine.disabled = True
        mine.disabled_reason = 'disk'
        mine.save()
        self.assert_told(
            'service.update', disabled=True, disabled_reason='disk'
        )
        mine.forced_down = True
        mine.save()
        self.assert_told('service.update', forced_down=True)

        # What a service says of itself is not.
        mine.version = 4
        mine.save()
        mine.report_count += 1
        mine.save()
        mine.report_state()
        mine.destroy()
        self.assert_told('service.delete', uuid=mine.uuid, disabled=True)
        self.assertTrue(self.consumer.empty())

    def test_every_door_tells_once(self):
        self.start_conductor()
        with self.remotely():
            self.service()
        self.assert_told('service.create')
        for environment in (self.environment(), self.remote_environment()):
            for verb, disabled in (('disable', True), ('enable', False)):
                done = commands.run(
                    'nova_sg.cmd.manage',
                    *('service', verb, 'c1', 'nova-compute'),
                    environment=environment,
                )
                self.assertEqual(0, done.returncode, done)
                self.assert_told('service.update', disabled=disabled)
        self.assertTrue(self.consumer.empty())

    def test_the_conductor_that_watches_tells_who_goes_up_and_down(self):
        self.start_conductor(OS_CONDUCTOR__WATCH_STATES='true')
        self.start_conductor(OS_DEFAULT__HOST='another')
        agent = self.start_agent('--host', 'c1')
        self.assert_told('service.create')
        self.wait_for_beats()
        agent.kill()
        self.assert_told('service.state', state='down', reason='silent')
        agent.start()
        self.assert_told('service.state', state='up')
        self.assertTrue(self.consumer.empty())

    def test_nothing_is_told_where_nobody_asked(self):
        self.conf.set_override(
            'notification_format', 'unversioned', 'notifications'
        )
        servicegroup.setup(self.conf)
        self.service('c1')
        self.configure()
        self.service('c2')
        self.assert_told('service.create', host='c2')


class UnreachableBrokerTestCase(base.ConductorTestCase):
    def make_broker(self):
        return self.useFixture(conductor.UnreachableBroker())

    def test_an_unreachable_broker_stops_no_operator(self):
        NotificationsTestCase.configure(self)
        log = self.useFixture(fixtures.FakeLogger())
        self.rabbitmq.kill()
        mine = self.service()
        mine.disabled = True
        mine.save()
        self.assertTrue(self.stored().disabled)
        self.assertIn('Could not send notification', log.output)
        self.assertEqual(
            1, len(objects.ServiceGroupServiceList.get_all(self.context))
        )
