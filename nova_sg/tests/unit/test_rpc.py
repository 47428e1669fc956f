# SPDX-License-Identifier: Apache-2.0

"""What crosses the message bus beside objects."""

import contextlib
import sys
from unittest import mock

import oslo_messaging as messaging
from oslo_messaging._drivers import common as rpc_common
from oslo_serialization import jsonutils
from oslo_versionedobjects import exception as ovo_exc
from oslotest import base

from nova_sg import broker
from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg import rpc
from nova_sg.tests.fixtures import api


class TestContext(base.BaseTestCase):
    def transferred(self, context):
        serializer = rpc.ContextSerializer(messaging.NoOpSerializer())
        wire = jsonutils.dumps(serializer.serialize_context(context))
        return serializer.deserialize_context(jsonutils.loads(wire)), wire

    def test_who_asks_for_what_goes_along(self):
        mine = sg_context.RequestContext(
            cell_uuid='a-cell',
            user_id='somebody',
            project_id='a-project',
            roles=['admin'],
        )
        theirs, _wire = self.transferred(mine)
        for name in (
            'cell_uuid',
            'user_id',
            'project_id',
            'roles',
            'request_id',
        ):
            self.assertEqual(getattr(mine, name), getattr(theirs, name), name)

    def test_no_token_leaves_the_process(self):
        mine = sg_context.RequestContext(
            auth_token='secret-1', service_token='secret-2'
        )
        _theirs, wire = self.transferred(mine)
        self.assertNotIn('secret', wire)


class TestBroker(base.BaseTestCase):
    def configuration(self, url):
        return self.useFixture(
            api.Configuration(DEFAULT={'transport_url': url})
        ).conf

    def looked_for(self, url):
        with (
            mock.patch.object(
                broker.kombu, 'Connection', side_effect=ConnectionRefusedError
            ) as connect,
            contextlib.suppress(ConnectionRefusedError),
        ):
            broker.check(self.configuration(url))
        asked = [call.kwargs for call in connect.call_args_list]
        return [(each['hostname'], each['port']) for each in asked]

    def test_each_host_of_the_url_is_looked_for(self):
        self.assertEqual(
            [('one', 5672), ('two', 5673)],
            self.looked_for('rabbit://u:p@one,u:p@two:5673/'),
        )

    def test_without_a_host_the_local_broker_is_looked_for(self):
        self.assertEqual([('localhost', 5672)], self.looked_for('rabbit://'))

    def test_a_bus_within_the_process_has_no_broker(self):
        self.assertEqual([], self.looked_for('fake://'))

    def test_it_is_named_as_in_a_url_without_the_password(self):
        self.assertEqual(
            'rabbit://one:5672,[::1]:5673',
            broker.name(
                self.configuration('rabbit://u:hush@one,u:hush@[::1]:5673/')
            ),
        )


class TestErrors(base.BaseTestCase):
    def arrived(self, error):
        """Return an error as oslo.messaging brings it from a server."""
        try:
            raise error
        except type(error):
            wire = rpc_common.serialize_remote_exception(sys.exc_info())
        return rpc_common.deserialize_remote_exception(
            wire, rpc.EXCEPTION_MODULES
        )

    def raised(self, error):
        """Return what a caller gets who meets an error."""
        try:
            with rpc.errors('the conductor', 'a_method'):
                raise error
        except Exception as met:
            return met
        self.fail('nothing was raised')

    def test_an_error_of_ours_is_what_it_was(self):
        for error in (
            exception.ServiceNotFound(service_id=7),
            exception.ServiceTooOld(thisver=1, minver=2),
            exception.InvalidInput(reason='100% wrong'),
            exception.OutcomeUnknown(backend='zk', reason='silence'),
            exception.NovaSgException('a message of its own'),
            ovo_exc.IncompatibleObjectVersion(
                objname='O', objver='2.0', supported='1.0'
            ),
        ):
            met = self.raised(self.arrived(error))
            self.assertIs(type(error), type(met))
            self.assertEqual(
                (str(error), error.kwargs), (str(met), met.kwargs)
            )

    def test_an_error_of_anybody_else_says_that_the_call_was_refused(self):
        met = self.raised(messaging.RemoteError('SomeError', 'why', ['a tb']))
        self.assertIs(exception.ConductorError, type(met))
        self.assertIn('a_method: SomeError: why', str(met))
        self.assertNotIn('a tb', str(met))

    def test_silence_leaves_open_whether_a_call_was_served(self):
        for error in (
            messaging.MessagingTimeout('t'),
            messaging.MessageDeliveryFailure('d'),
        ):
            met = self.raised(error)
            self.assertIs(exception.NoAnswer, type(met))
            self.assertEqual('the conductor', met.kwargs['backend'])

    def test_arguments_that_json_does_not_know_become_text(self):
        error = exception.InvalidInput(reason=ValueError('why'))
        rpc.plain(error)
        self.assertEqual({'reason': 'why'}, error.kwargs)


class TestTransport(base.BaseTestCase):
    def configured(self, url):
        return self.useFixture(
            api.Configuration(DEFAULT={'transport_url': url})
        ).conf

    def test_a_url_that_is_none_is_named_without_its_password(self):
        for url in (
            'none',
            'no-such://me:secret@host/',
            'rabbit://me:secret@[',
        ):
            error = self.assertRaises(
                exception.InvalidConfiguration,
                rpc.transport,
                self.configured(url),
            )
            self.assertIn('[DEFAULT] transport_url', str(error))
            self.assertNotIn('secret', str(error))
