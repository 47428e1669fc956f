# SPDX-License-Identifier: Apache-2.0

"""Errors, and what of them reaches a user."""

import inspect

from oslotest import base

from nova_sg import exception
from nova_sg.servicegroup import marker

#: The HTTP status an answer has, by error. Another one is a decision that
#: clients see.
CODES = {
    'NovaSgException': 500,
    'Invalid': 400,
    'InvalidInput': 400,
    'ValueRefused': 400,
    'InvalidConfiguration': 400,
    'ValidationError': 400,
    'MalformedRequestBody': 400,
    'InvalidAPIVersionString': 400,
    'InvalidGlobalAPIVersion': 406,
    'InvalidContentType': 415,
    'Unauthorized': 401,
    'PolicyNotAuthorized': 403,
    'NotFound': 404,
    'Conflict': 409,
    'ServiceNotFound': 404,
    'HostBinaryNotFound': 404,
    'ComputeHostNotFound': 404,
    'HypervisorNotFound': 404,
    'AggregateNotFound': 404,
    'ServiceBinaryExists': 409,
    'ServiceTopicExists': 409,
    'ServiceExists': 409,
    'ServiceTooOld': 409,
    'HostHasInstances': 409,
    'ObjectActionError': 400,
    'ServiceNotJoined': 409,
    'ServiceGroupUnavailable': 503,
    'OutcomeUnknown': 503,
    'NoAnswer': 503,
    'TokenReused': 500,
    'RecordUnreadable': 500,
    'SchemaNotReady': 503,
    'SchemaVersionMismatch': 409,
    'DeploymentMismatch': 409,
    'InventoryNotConfigured': 501,
    'MigrationRefused': 409,
    'MigrationFailed': 500,
    'ConductorError': 500,
    'ConductorTooOld': 500,
    'ConductorMissing': 503,
    'CredentialRefused': 503,
    'UnexpectedNova': 500,
    'UnexpectedLibrary': 400,
    'ForeignOrigin': 403,
    'HostActionNotSupported': 501,
    'ComputeServiceUnavailable': 400,
}


class TestExceptions(base.BaseTestCase):
    def test_every_error_has_the_status_it_is_known_for(self):
        defined = {
            name: each.code
            for name, each in vars(exception).items()
            if inspect.isclass(each)
            and issubclass(each, exception.NovaSgException)
        }
        self.assertEqual(CODES, defined)

    def test_a_message_is_filled_from_the_arguments(self):
        error = exception.HostBinaryNotFound(host='c1', binary='nova-compute')
        self.assertEqual(
            'Could not find binary nova-compute on host c1.', str(error)
        )
        self.assertEqual(
            {'host': 'c1', 'binary': 'nova-compute'}, error.kwargs
        )

    def test_a_message_without_its_arguments_is_a_mistake_of_ours(self):
        self.assertRaises(KeyError, exception.ServiceNotFound, host='c1')

    def test_a_whole_message_is_taken_as_it_is(self):
        # With what a format would choke on.
        error = exception.ServiceNotFound('100% gone', service_id=5)
        self.assertEqual('100% gone', str(error))
        self.assertEqual({'service_id': 5}, error.kwargs)

    def test_an_error_can_be_rebuilt_behind_a_wire(self):
        error = exception.ServiceTooOld(thisver=1, minver=2)
        rebuilt = exception.ServiceTooOld(str(error), **error.kwargs)
        self.assertEqual(
            (str(error), error.kwargs), (str(rebuilt), rebuilt.kwargs)
        )

    def test_a_mismatch_names_both_sides(self):
        error = exception.DeploymentMismatch(
            backend='db',
            theirs=marker.Marker('zk', 'zookeeper'),
            ours=marker.Marker('db', 'sql'),
        )
        self.assertIn('driver = zk, records = zookeeper', str(error))
        self.assertIn('driver = db, records = sql', str(error))

    def test_a_stranger_too_is_told_that_a_change_may_have_been_made(self):
        unknown = exception.OutcomeUnknown(backend='secret', reason='secret')
        self.assertIn('may have been made', unknown.public_message)
        self.assertIn('Look at', unknown.public_message)
        self.assertNotIn('secret', unknown.public_message)

    def test_no_schema_is_a_backend_that_cannot_be_asked(self):
        self.assertIsInstance(
            exception.SchemaNotReady(backend='b'),
            exception.ServiceGroupUnavailable,
        )
