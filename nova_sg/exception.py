# SPDX-License-Identifier: Apache-2.0

"""Every error nova_sg raises, once, with the HTTP code it answers with.

Names and messages are nova's where nova has the same error, so that code
which catches nova's by name reads the same here.

An error has two messages. ``str(error)`` is for operators: commands and logs
show it, and it may name hosts, databases and options. ``public_message`` is
for users of the REST API, which must not learn these.
"""

from typing import Any

#: What a user of the REST API reads of an error in this service.
UNEXPECTED = 'Unexpected API error: the log of the service has the details.'
UNAVAILABLE = 'The backend of the services is unreachable.'
MISCONFIGURED = 'The service is not set up correctly: its log has the details.'


class NovaSgException(Exception):
    """Base of all errors of nova_sg.

    A subclass sets ``msg_fmt``, a %-format filled from the keyword
    arguments, and ``code``, the HTTP status a REST answer carries.

    :param message: the whole message, instead of the class's format
    :param kwargs: the values of the format; kept in ``self.kwargs`` so that
        an error can be rebuilt after it crossed a wire
    """

    msg_fmt = 'An unknown error occurred.'
    code = 500
    #: What a REST answer says, where the message tells of the inside of the
    #: deployment. None: the message, which repeats the request at most.
    public: str | None = UNEXPECTED
    #: What is wrong with the process that is asked, and not with a request:
    #: REST answers 503, whatever the code, which is that of a command.
    misconfigured = False

    def __init__(self, message: str | None = None, **kwargs: Any) -> None:
        self.kwargs = kwargs
        super().__init__(message or self.msg_fmt % kwargs)

    def __str__(self) -> str:
        return str(self.args[0])

    @property
    def public_message(self) -> str:
        """What a user of the REST API is told."""
        return str(self) if self.public is None else self.public


class Invalid(NovaSgException):
    msg_fmt = 'The request is not valid.'
    code = 400
    public = None


class InvalidInput(Invalid):
    msg_fmt = 'Invalid input received: %(reason)s'


class ValueRefused(InvalidInput):
    """The backend cannot keep a value, and says so in its own words."""

    public = 'The backend cannot keep a value of the request.'


class InvalidConfiguration(Invalid):
    """An option has a value nova_sg cannot work with."""

    msg_fmt = '%(option)s: %(reason)s'
    public = MISCONFIGURED
    misconfigured = True


class ValidationError(Invalid):
    """What a request holds is not as its schema says."""

    msg_fmt = '%(detail)s'


class MalformedRequestBody(Invalid):
    msg_fmt = 'Malformed request body: %(reason)s'


class InvalidAPIVersionString(Invalid):
    msg_fmt = (
        'API Version String %(version)s is of invalid format. Must be of '
        'format MajorNum.MinorNum.'
    )


class InvalidGlobalAPIVersion(Invalid):
    msg_fmt = (
        'Version %(req_ver)s is not supported by the API. Minimum is '
        '%(min_ver)s and maximum is %(max_ver)s.'
    )
    code = 406


class InvalidContentType(Invalid):
    msg_fmt = (
        'Unsupported Content-Type %(content_type)s: a body is '
        'application/json.'
    )
    code = 415


class Unauthorized(NovaSgException):
    msg_fmt = 'Not authorized: %(reason)s'
    code = 401
    public = None


class PolicyNotAuthorized(NovaSgException):
    msg_fmt = "Policy doesn't allow %(action)s to be performed."
    code = 403
    public = None


class ForeignOrigin(NovaSgException):
    """A browser asks on behalf of another page."""

    msg_fmt = 'Only the page of this service may ask for this.'
    code = 403
    public = None


class NotFound(NovaSgException):
    msg_fmt = 'Resource could not be found.'
    code = 404
    public = None


class Conflict(NovaSgException):
    msg_fmt = 'The request conflicts with what is there.'
    code = 409
    public = None


class ServiceNotFound(NotFound):
    msg_fmt = 'Service %(service_id)s could not be found.'


class HostBinaryNotFound(NotFound):
    msg_fmt = 'Could not find binary %(binary)s on host %(host)s.'


class ComputeHostNotFound(NotFound):
    msg_fmt = 'Compute host %(host)s could not be found.'


class HypervisorNotFound(NotFound):
    msg_fmt = "Hypervisor with ID '%(hypervisor_id)s' could not be found."


class AggregateNotFound(NotFound):
    msg_fmt = 'Aggregate %(aggregate_id)s could not be found.'


class ServiceBinaryExists(Conflict):
    msg_fmt = 'Service with host %(host)s binary %(binary)s exists.'


class ServiceTopicExists(Conflict):
    msg_fmt = 'Service with host %(host)s topic %(topic)s exists.'


class ServiceExists(Conflict):
    """``restore`` met another record under the same id or uuid."""

    msg_fmt = 'A service with id %(service_id)s or uuid %(uuid)s exists.'


class ServiceTooOld(Conflict):
    """It would bring back what the deployment has left behind."""

    msg_fmt = (
        'A service of version %(thisver)d cannot join this deployment: the '
        'oldest of its kind there has version %(minver)d. Upgrade this host; '
        'where the services are of nova itself, nova runs them, and not '
        'nova-sg-agent.'
    )


class HostHasInstances(Conflict):
    msg_fmt = (
        'Host %(host)s still has %(count)d instance(s): move or delete '
        'them before the service is deleted.'
    )


class ObjectActionError(Invalid):
    msg_fmt = 'Object action %(action)s failed because: %(reason)s'


class ServiceNotJoined(Conflict):
    """A beat was asked for in a process that holds no membership."""

    msg_fmt = (
        'Service %(uuid)s has not joined in this process, and the %(driver)s '
        'driver takes beats only from the process that joined.'
    )


class ServiceGroupUnavailable(NovaSgException):
    """The backend cannot be asked; nothing is known of any service.

    Never means that services are down.
    """

    msg_fmt = 'The servicegroup backend %(backend)s is unavailable: %(reason)s'
    code = 503
    public = UNAVAILABLE


class CredentialRefused(ServiceGroupUnavailable):
    """The backend refuses the configured credential: this is no outage."""


class OutcomeUnknown(ServiceGroupUnavailable):
    """The answer to a change was lost, and it could not be looked up.

    Never means that the change was not made: a caller looks before it
    repeats one.
    """

    msg_fmt = (
        'The change may have been made: its answer from %(backend)s was lost '
        '(%(reason)s). Look at the service before you repeat the change, '
        'with "nova-sg-manage service list" or GET /os-services.'
    )

    public = (
        'The change may have been made: its answer was lost. Look at the '
        'service, with GET /os-services, before you repeat the change.'
    )


class NoAnswer(ServiceGroupUnavailable):
    """A call was sent to a conductor, and may or may not have been served.

    For a question that is the same as a backend out of reach. The caller of a
    change has to look whether it was made.
    """


class TokenReused(NovaSgException):
    """One token came with two changes; the second was not made."""

    msg_fmt = (
        'The change "%(asked)s" has the token %(token)s of the change '
        '"%(made)s", and was not made: each change needs a token of its own.'
    )


class ConductorMissing(ServiceGroupUnavailable):
    """No conductor listens at the broker: the call was not served."""

    msg_fmt = (
        'The servicegroup backend %(backend)s is unavailable: no conductor '
        'has begun to serve there. Start nova-sg-conductor.'
    )


class ConductorError(NovaSgException):
    """A conductor refused a call, or failed while it served it."""

    msg_fmt = 'The conductor refuses %(method)s: %(reason)s'


class ConductorTooOld(ConductorError):
    """A conductor does not serve this version of a call: it did nothing."""


class RecordUnreadable(NovaSgException):
    """A value in the backend is not a record that this code understands."""

    msg_fmt = 'The service record at %(where)s cannot be read: %(reason)s'
    public = 'A service record cannot be read: the log has the details.'


class SchemaNotReady(ServiceGroupUnavailable):
    """The database holds no schema of ours yet."""

    msg_fmt = (
        'The database %(backend)s has no nova_sg schema: run '
        '"nova-sg-manage db sync" first.'
    )


class SchemaVersionMismatch(Conflict):
    msg_fmt = (
        'The schema of database %(backend)s is at revision %(found)s, this '
        'nova_sg needs %(expected)s: %(advice)s.'
    )
    public = MISCONFIGURED
    misconfigured = True


class DeploymentMismatch(Conflict):
    """The backend belongs to a deployment configured otherwise.

    :cvar move_command: what moves a deployment; in a nova another command
        does
    """

    move_command = 'nova-sg-manage driver migrate'

    msg_fmt = (
        'The backend %(backend)s is in use with %(theirs)s, but this process '
        'is configured with %(ours)s: correct [servicegroup] here, or move '
        'the deployment with "%(move_command)s".'
    )
    public = MISCONFIGURED
    misconfigured = True

    def __init__(self, message: str | None = None, **kwargs: Any) -> None:
        super().__init__(
            message, **{'move_command': self.move_command, **kwargs}
        )


class MigrationRefused(Conflict):
    """A backend belongs to others, or holds what must not be overwritten."""

    msg_fmt = 'Services do not move from %(source)s to %(target)s: %(reason)s.'
    public = 'The services cannot be moved.'


class MigrationFailed(NovaSgException):
    """A backend does not hold what was written to it."""

    msg_fmt = (
        'The copy differs from the source: %(reason)s. The deployment has '
        'not moved; try again.'
    )


class UnexpectedNova(NovaSgException):
    """A piece of nova is not what a takeover of it stands on."""

    msg_fmt = (
        'nova %(version)s is not as nova_sg knows it: %(takeover)s expects '
        '%(expected)s. Nothing was changed.'
    )


class UnexpectedLibrary(InvalidConfiguration):
    """A private piece of a library is not what nova_sg stands on."""

    msg_fmt = (
        '%(library)s %(version)s is not as nova_sg knows it: %(expected)s. '
        'Install a release that nova_sg was tested with.'
    )


class InventoryNotConfigured(NovaSgException):
    msg_fmt = (
        'There is no inventory of hypervisors, aggregates and instances: '
        '[inventory] backend is none. Set it to sql, in every process.'
    )
    code = 501
    public = 'There is no inventory of hypervisors, aggregates and instances.'


class HostActionNotSupported(NovaSgException):
    """What only the hypervisor of a host can do, and none is behind us."""

    msg_fmt = (
        'Host %(host)s cannot be asked for %(action)s: no hypervisor is '
        'behind this service.'
    )
    code = 501
    public = None


class ComputeServiceUnavailable(Invalid):
    msg_fmt = 'Compute service of %(host)s is unavailable at this time.'
