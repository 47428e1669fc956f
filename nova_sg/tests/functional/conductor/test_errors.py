# SPDX-License-Identifier: Apache-2.0

"""Messages that no caller of ours would send."""

import json
import uuid

import fixtures
import kombu
from oslo_versionedobjects import exception as ovo_exc

from nova_sg import exception
from nova_sg import rpc
from nova_sg.conductor import interface
from nova_sg.conf import transport
from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import conductor
from nova_sg.tests.functional.conductor import base


class ErrorsTestCase(base.ConductorTestCase):
    """One conductor is sent all of them: it must go on in any case."""

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        shared = fixtures.Fixture()
        shared.setUp()
        cls.addClassCleanup(shared.cleanUp)
        cls.database_of_all = shared.useFixture(cls.database())
        cls.conductor = shared.useFixture(
            conductor.Conductor(
                commands.environment(
                    OS_DATABASE__CONNECTION=cls.database_of_all.url,
                    OS_DEFAULT__TRANSPORT_URL=conductor.RABBITMQ.running().url,
                )
            )
        )
        cls.conductor.wait_until_serving()

    def setUp(self) -> None:
        super().setUp()
        self.rpc = self.client()

    def make_database(self):
        return self.database_of_all

    def assert_refused(self, error, method, **arguments):
        """See that a call is answered with an error, in one line."""
        raised = self.assertRaises(
            error, self.rpc.sender.call, self.context, method, **arguments
        )
        self.assertIs(error, type(raised))
        self.assertNotIn('\n', str(raised))
        self.assertNotIn('Traceback', str(raised))
        self.assertLess(len(str(raised)), 1000)
        return raised

    def of_a_class(self, name='ServiceGroupService', **changes):
        return {
            'objname': name,
            'objmethod': 'get_by_uuid',
            'object_versions': {'ServiceGroupService': '1.0'},
            'args': [str(uuid.uuid4())],
            'kwargs': {},
            **changes,
        }

    def primitive(self, **changes):
        return {
            'nova_sg_object.name': 'ServiceGroupService',
            'nova_sg_object.namespace': 'nova_sg',
            'nova_sg_object.version': '1.0',
            'nova_sg_object.data': {'host': 'c1', 'binary': 'nova-compute'},
            'nova_sg_object.changes': ['host', 'binary'],
            **changes,
        }

    def of_an_object(self, objinst, objmethod='create', args=()):
        return {
            'objinst': objinst,
            'objmethod': objmethod,
            'args': args,
            'kwargs': {},
        }

    def tearDown(self) -> None:
        self.rpc.ping(self.context)
        self.assertIsNone(self.conductor.exit_code)
        super().tearDown()

    def test_an_unknown_method_of_the_conductor(self):
        for method in ('no_such_method', '_api', '__init__', 'target'):
            self.assert_refused(exception.ConductorError, method)

    def test_wrong_arguments_of_a_method_of_the_conductor(self):
        self.assert_refused(exception.InvalidInput, 'ping', more=1)
        self.assert_refused(exception.InvalidInput, 'report_state')

    def test_an_unknown_class(self):
        for name in ('NoSuchClass', 'VersionedObject', None, 7):
            self.assert_refused(
                ovo_exc.UnsupportedObjectError,
                'object_class_action_versions',
                **self.of_a_class(name),
            )

    def test_a_method_that_is_not_remotable(self):
        for method in (
            '_get_by_uuid',
            'obj_from_primitive',
            'obj_class_from_name',
            '__class__',
            'no_such_method',
            7,
        ):
            self.assert_refused(
                exception.InvalidInput,
                'object_class_action_versions',
                **self.of_a_class(objmethod=method),
            )
        self.assert_refused(
            exception.InvalidInput,
            'object_action',
            **self.of_an_object(self.primitive(), '_destroy'),
        )

    def test_wrong_arguments_of_a_method_of_an_object(self):
        self.assert_refused(
            exception.InvalidInput,
            'object_class_action_versions',
            **self.of_a_class(args=[]),
        )
        self.assert_refused(
            exception.InvalidInput,
            'object_action',
            **self.of_an_object(self.primitive(), args=['more']),
        )

    def test_a_version_that_is_of_another_kind(self):
        for version in ('2.0', 'new', None):
            self.assert_refused(
                ovo_exc.IncompatibleObjectVersion,
                'object_class_action_versions',
                **self.of_a_class(
                    object_versions={'ServiceGroupService': version}
                ),
            )

    def test_an_object_that_is_too_new(self):
        raised = self.assert_refused(
            ovo_exc.IncompatibleObjectVersion,
            'object_action',
            **self.of_an_object(
                self.primitive(**{'nova_sg_object.version': '1.9'})
            ),
        )
        self.assertEqual('1.0', raised.kwargs['supported'])

    def test_an_object_that_is_malformed(self):
        nameless = self.primitive(**{'nova_sg_object.data': 'text'})
        for error, objinst in (
            (exception.InvalidInput, 'no object'),
            (exception.InvalidInput, {}),
            (
                exception.InvalidInput,
                {'nova_sg_object.name': 'ServiceGroupService'},
            ),
            (
                exception.InvalidInput,
                self.primitive(**{'nova_sg_object.version': 'x'}),
            ),
            # It has no field, and then no host.
            (exception.ObjectActionError, nameless),
        ):
            self.assert_refused(
                error, 'object_action', **self.of_an_object(objinst)
            )

    def test_a_value_of_megabytes(self):
        data = {'host': 'h' * 20_000_000, 'binary': 'nova-compute'}
        self.assert_refused(
            exception.InvalidInput,
            'object_action',
            **self.of_an_object(
                self.primitive(**{'nova_sg_object.data': data})
            ),
        )

    def test_far_too_many_beats_at_once(self):
        too_many = ['x'] * (interface.MAX_UUIDS + 1)
        for uuids in (too_many, 'text', [7], ['x' * 300], None):
            self.assert_refused(
                exception.InvalidInput, 'report_state', uuids=uuids
            )

    def test_a_method_of_the_inventory_that_is_none(self):
        for name in ('__init__', 'conf', 'describe', 7):
            self.assert_refused(
                exception.InvalidInput,
                'inventory_action',
                name=name,
                args=[],
                kwargs={},
            )

    def test_an_rpc_version_that_is_too_new(self):
        newer = self.rpc.sender._client.prepare(
            version='1.9', version_cap='1.9'
        )

        def ping():
            with rpc.errors('here', 'ping'):
                newer.call(self.context, 'ping')

        error = self.assertRaises(exception.ConductorError, ping)
        self.assertIn('UnsupportedVersion', str(error))

    def test_the_highest_version_to_send_holds(self):
        self.conf.set_override('conductor', '0.9', 'upgrade_levels')
        held_back = self.client()
        error = self.assertRaises(
            exception.InvalidConfiguration, held_back.ping, self.context
        )
        self.assertIn('[upgrade_levels] conductor', str(error))

    def test_messages_that_are_none(self):
        for body in (
            b'\xff\xfe no text',
            b'no JSON',
            b'[]',
            b'7',
            b'{}',
            json.dumps({'oslo.version': '9.0', 'oslo.message': '{}'}),
            json.dumps({'oslo.version': '2.0', 'oslo.message': 'no JSON'}),
            json.dumps({'oslo.version': '2.0', 'oslo.message': '{}'}),
            json.dumps({'method': 7, 'args': 7}),
        ):
            self.publish(body)
            self.rpc.ping(self.context)

    def publish(self, body):
        exchange = kombu.Exchange(
            transport.CONTROL_EXCHANGE, 'topic', durable=False, passive=True
        )
        url = self.rabbitmq.url.replace('rabbit://', 'amqp://')
        with kombu.Connection(url) as connection:
            connection.Producer().publish(
                body,
                exchange=exchange,
                routing_key=interface.TOPIC,
                content_type='application/json',
                content_encoding='utf-8',
                serializer=None,
            )
