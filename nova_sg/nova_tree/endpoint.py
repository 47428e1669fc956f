# SPDX-License-Identifier: Apache-2.0

"""What nova's conductor serves for nova_sg, beside what it serves for nova.

A process without a database has its conductor create, save and destroy a
service object. nova's own call takes no further argument, and nova's context
drops what it does not know, so that the token of a change cannot travel with
it (see ``servicegroup.records.change``). It travels in a call of ours, to an
endpoint of ours in the same process and on the same queue::

    t=0  compute c1 asks to be disabled; the message is published, the broker
         does not confirm it, and oslo.messaging publishes it once more
    t=1  conductor A makes the change
    t=2  an operator enables c1 again
    t=3  conductor B gets the second message: its token is there already

A conductor without nova_sg refuses such a call and does nothing. Then the
call is nova's, with nova's promise: what is delivered twice is done twice.

A new method is one of :class:`Endpoint` that is :func:`.calls.served`; raise
the minor part of :data:`VERSION` for it, and have the client ask for that
version.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from nova import rpc
from nova.conductor import manager as nova_manager
from nova.conductor import rpcapi as nova_rpcapi
from nova.objects import base as objects_base
from oslo_log import log as logging
import oslo_messaging as messaging
from oslo_utils import uuidutils

from nova_sg import exception
from nova_sg.conductor import novas
from nova_sg.nova_tree import calls
from nova_sg.nova_tree import cells
from nova_sg.nova_tree import invocations
from nova_sg.nova_tree import owner
from nova_sg.nova_tree import takeover
from nova_sg.servicegroup.records import change as sg_change

LOG = logging.getLogger(__name__)

#: The interface of the endpoint. Version 1.0: change_service
#: Version 1.1: join_invocation, leave_invocation
VERSION = '1.1'

#: From when on it has change_service.
_CHANGES_SINCE = '1.0'

#: The methods of a service object that change a record.
CHANGES = frozenset({'create', 'save', 'destroy'})

#: Errors arrive as a name, since nova lets only its own cross.
_UNKNOWN_NAMES = frozenset(each.__name__ for each in calls.UNKNOWN)


def _is_unknown(error: Exception) -> bool:
    """Whether a conductor refused a call because it does not know it."""
    if isinstance(error, messaging.RemoteError):
        return error.exc_type in _UNKNOWN_NAMES
    return isinstance(error, calls.UNKNOWN)


class ConductorEndpoint(takeover.Takeover):
    """The endpoints of ``ConductorManager``."""

    name = "the endpoints of nova's conductor"

    def wrapped(self) -> Iterator[takeover.Wrapped]:
        yield takeover.Wrapped(
            nova_manager.ConductorManager,
            '__init__',
            ('self', 'args', 'kwargs'),
            _add_endpoint,
        )

    def check(self) -> None:
        super().check()
        for where in (
            nova_manager.ConductorManager,
            nova_rpcapi.ConductorAPI,
        ):
            self.expect_function(
                where,
                'object_action',
                *('self', 'context', 'objinst', 'objmethod', 'args', 'kwargs'),
            )
        self.expect_attribute(nova_rpcapi, 'RPC_TOPIC')


def _add_endpoint(
    novas: Callable[..., None], manager: Any, *args: Any, **kwargs: Any
) -> None:
    novas(manager, *args, **kwargs)
    manager.additional_endpoints.append(Endpoint(manager))


class Endpoint:
    """Serves calls of nova_sg in a conductor of nova.

    :param manager: the manager of the conductor
    """

    target = messaging.Target(namespace=novas.NAMESPACE, version=VERSION)

    def __init__(self, manager: Any) -> None:
        self._manager = manager

    @calls.served
    def change_service(
        self, context: Any, service: Any, action: str, change: str
    ) -> Any:
        """Create, save or destroy a service, once.

        :param service: the service object
        :param action: one of :data:`CHANGES`
        :param change: the token of the change
        :returns: what nova's ``object_action`` does: the fields that changed,
            as primitives, and what the method returned
        """
        if action not in CHANGES:
            raise exception.InvalidInput(
                reason=f'{action} changes no record of a service'
            )
        # The object has been given the same context.
        context.change = change
        try:
            return self._manager.object_action(
                context, service, action, (), {}
            )
        except messaging.ExpectedException as expected:
            gone = type(expected.exc_info[1]).__name__ == 'ServiceNotFound'
            if action != 'destroy' or not gone:
                raise
            if not _destroyed_before(context, service):
                raise
            return {'obj_what_changed': service.obj_what_changed()}, None

    @calls.served
    def join_invocation(
        self, context: Any, uuid: str, invocation: str | None
    ) -> None:
        """Count a worker of a service; see :mod:`.invocations`."""
        invocations.joined(context, uuid, invocation)

    @calls.served
    def leave_invocation(
        self, context: Any, host: str, binary: str, invocation: str
    ) -> dict[str, Any] | None:
        """Take out the members of a service that one run of a unit left.

        :returns: a ``Departure`` as a dict, None where the service is not
            registered
        """
        removal = invocations.leave(context, host, binary, invocation)
        return None if removal is None else removal._asdict()


def _destroyed_before(context: Any, service: Any) -> bool:
    """Whether it was this change that destroyed the service, earlier."""
    api = owner.get()
    if api is None:
        return False
    try:
        api.driver.records.destroy(cells.Context(context), service.uuid)
    except exception.ServiceNotFound:
        return False
    return True


class Indirection:
    """nova's indirection API, with the changes of services by our endpoint.

    :param api: nova's ``ConductorAPI`` of this process
    """

    def __init__(self, api: Any) -> None:
        self._novas = api
        self._client = rpc.get_client(
            messaging.Target(
                topic=nova_rpcapi.RPC_TOPIC,
                namespace=novas.NAMESPACE,
                version=_CHANGES_SINCE,
            ),
            serializer=objects_base.NovaObjectSerializer(),
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self._novas, name)

    def object_action(
        self,
        context: Any,
        objinst: Any,
        objmethod: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
    ) -> Any:
        """Have a conductor call a method of an object; nova's signature."""
        if (
            objmethod in CHANGES
            # A beat does no harm when it is made twice.
            and 'report_count' not in objinst.obj_what_changed()
        ):
            if objmethod == 'create' and not objinst.obj_attr_is_set('uuid'):
                # Chosen here, a repetition creates no other service.
                objinst.uuid = uuidutils.generate_uuid()
            try:
                return self._client.call(
                    context,
                    'change_service',
                    service=objinst,
                    action=objmethod,
                    change=sg_change.new_token(),
                )
            except messaging.MessagingException as error:
                if not _is_unknown(error):
                    raise
                LOG.debug('A conductor without nova_sg: %s', error)
        return self._novas.object_action(
            context, objinst, objmethod, args, kwargs
        )


class ByEndpoint:
    """``indirection_api`` of an object class: nova's, behind ours.

    nova sets its own at ``NovaObject`` when a process starts. Any other, as
    nova's tests have them, is left as it is.
    """

    def __init__(self) -> None:
        self._made: tuple[Any, Any, Indirection] | None = None

    def __get__(self, instance: Any, cls: type) -> Any:
        novas = objects_base.NovaObject.indirection_api
        if not isinstance(novas, nova_rpcapi.ConductorAPI):
            return novas
        made = self._made
        if made is None or made[:2] != (novas, rpc.TRANSPORT):
            made = (novas, rpc.TRANSPORT, Indirection(novas))
            self._made = made
        return made[2]
