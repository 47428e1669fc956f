# SPDX-License-Identifier: Apache-2.0

"""What a conductor serves over RPC."""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import functools
import hashlib
import inspect
import os
from typing import Any

from oslo_log import log as logging
import oslo_messaging as messaging
from oslo_utils import versionutils
from oslo_versionedobjects import base as ovo_base
from oslo_versionedobjects import exception as ovo_exc

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg import rpc
from nova_sg import servicegroup
from nova_sg.conductor import beats as conductor_beats
from nova_sg.conductor import wire
from nova_sg.inventory import base as inventory_base
from nova_sg.objects import base as objects_base
from nova_sg.servicegroup import invocation as sg_invocation
from nova_sg.servicegroup import maintenance
from nova_sg.servicegroup import record
from nova_sg.servicegroup.membership import base as membership_base
from nova_sg.servicegroup.records import change

LOG = logging.getLogger(__name__)

#: Where conductors listen. nova's own conductor has "conductor".
TOPIC = 'nova-sg-conductor'

#: The longest name of a queue of AMQP, in bytes.
_LONGEST = 255

#: The interface below.
#: Version 1.0: initial version
#: Version 1.1: a change whose token is there already is not made again
#: Version 1.2: join() takes an invocation; leave_invocation()
VERSION = '1.2'

#: Services that one message may speak for; an agent sends 500 at most.
MAX_UUIDS = 5000

#: The characteristics that a caller of version 1.0 knows. It takes no others.
_DECLARED = (
    'durable',
    'linearizable',
    'per_worker',
    'crash_detection',
    'member_details',
    'remote_beats',
)

Context = sg_context.RequestContext


def server(host: str) -> str:
    """Return what a conductor of a host is called on the message bus.

    Its queue bears the topic and this name. The name of a host may have 255
    characters, as the queue may, so a long one is shortened: the same way by
    the conductor and by its callers.
    """
    if len(f'{TOPIC}.{host}'.encode()) <= _LONGEST:
        return host
    digest = hashlib.sha256(host.encode()).hexdigest()[:32]
    return f'{host.encode()[:64].decode(errors="ignore")}-{digest}'


def _served(method: Callable[..., Any]) -> Callable[..., Any]:
    """Offer a method over RPC, and answer errors as what they are.

    Only what is so marked can be called. What goes wrong unexpectedly is in
    our log with its traceback, and in the answer without.
    """
    signature = inspect.signature(method)

    @messaging.expose  # type: ignore[untyped-decorator]
    @functools.wraps(method)
    def served(self: Any, context: Context, **arguments: Any) -> Any:
        try:
            _check_arguments(signature, (self, context), arguments)
            return method(self, context, **arguments)
        except (
            exception.NovaSgException,
            ovo_exc.VersionedObjectsException,
        ) as error:
            rpc.plain(error)
            raise messaging.ExpectedException() from None
        except Exception:
            LOG.exception('Unexpected error in %s', method.__name__)
            _refuse(
                method.__name__,
                'an unexpected error, of which its log has the details under '
                f'{context.request_id}',
            )

    return served  # type: ignore[no-any-return]


def _refuse(name: str, reason: str) -> None:
    try:
        raise exception.ConductorError(method=name, reason=reason)
    except exception.ConductorError:
        # It carries the error that is being handled.
        raise messaging.ExpectedException() from None


def _check_arguments(
    signature: inspect.Signature,
    given: Sequence[Any],
    arguments: Mapping[str, Any],
) -> None:
    try:
        signature.bind(*given, **arguments)
    except TypeError as error:
        raise exception.InvalidInput(reason=str(error)) from error


class ConductorManager:
    """The endpoint of a conductor.

    :param api: the servicegroup API of this process
    :param beats: groups the beats
    """

    target = messaging.Target(version=VERSION)

    def __init__(
        self, api: servicegroup.API, beats: conductor_beats.GroupCommit
    ) -> None:
        self._api = api
        self._beats = beats

    # Objects

    @_served
    def object_class_action_versions(
        self,
        context: Context,
        objname: str,
        objmethod: str,
        object_versions: dict[str, str],
        args: Sequence[Any],
        kwargs: dict[str, Any],
    ) -> Any:
        """Call a method of a class of objects.

        :param object_versions: what the caller knows, by name of object. It
            is answered with these versions, or where we are older with ours
        """
        versions = _served_versions(objname, object_versions)
        cls = _class(objname)
        method = _method(cls, objmethod)
        _check_arguments(inspect.signature(method), (context, *args), kwargs)
        result = method(context, *args, **kwargs)
        if isinstance(result, ovo_base.VersionedObject):
            return result.obj_to_primitive(
                target_version=versions[objname], version_manifest=versions
            )
        return result

    @_served
    def object_action(
        self,
        context: Context,
        objinst: Any,
        objmethod: str,
        args: Sequence[Any],
        kwargs: dict[str, Any],
    ) -> Any:
        """Call a method of an object.

        :returns: the fields that changed, as primitives, and what the method
            returned
        """
        _check_object(objinst)
        method = _method(objinst, objmethod)
        _check_arguments(inspect.signature(method), args, kwargs)
        before = objinst.obj_clone()
        result = method(*args, **kwargs)
        return _changes(before, objinst), result

    @_served
    def object_backport_versions(
        self, context: Context, objinst: Any, object_versions: dict[str, str]
    ) -> Any:
        """Return an object as an older peer knows it."""
        _check_object(objinst)
        objname = objinst.obj_name()
        versions = _served_versions(objname, object_versions)
        return objinst.obj_to_primitive(
            target_version=versions[objname], version_manifest=versions
        )

    # Memberships whose beats may come from anywhere

    @_served
    def report_state(
        self, context: Context, uuids: Sequence[str]
    ) -> Sequence[str]:
        """Beat once for services; answered when it is committed.

        :returns: the uuids whose record is gone
        """
        return self._beats.report(context, _checked(uuids))

    @_served
    def join(
        self,
        context: Context,
        uuids: Sequence[str],
        invocation: str | None = None,
    ) -> Any:
        """Begin to beat for services; see ``Membership.admit``."""
        if invocation is not None:
            invocation = _checked_invocation(invocation)
        return self._api.admit(context, _checked(uuids), invocation)

    @_served
    def leave(
        self, context: Context, stays: Sequence[Mapping[str, Any]]
    ) -> None:
        """End memberships at once; see ``Membership.withdraw``."""
        _checked([each.get('uuid', '') for each in stays])
        self._api.driver.membership.withdraw(
            context, [wire.load(membership_base.Stay, each) for each in stays]
        )

    @_served
    def leave_invocation(
        self, context: Context, uuid: str, invocation: str
    ) -> dict[str, Any]:
        """Take out the members of a service that one run of a unit left.

        See ``Membership.leave_invocation``.
        """
        _checked([uuid])
        departure = self._api.leave_invocation(
            context, uuid, _checked_invocation(invocation)
        )
        return departure._asdict()

    @_served
    def liveness(self, context: Context, uuids: Sequence[str]) -> Any:
        """Return what is known of services, by uuid; see ``wire``."""
        found = self._api.liveness(context, _checked(uuids))
        return {uuid: wire.dump_liveness(each) for uuid, each in found.items()}

    # Beside services

    @_served
    def inventory_action(
        self,
        context: Context,
        name: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
    ) -> Any:
        """Call the inventory.

        :param name: of ``wire.METHODS``
        """
        if name not in wire.METHODS:
            raise exception.InvalidInput(
                reason=f'the inventory has no {name!r}'
            )
        method = getattr(self._api.inventory, name)
        if name in wire.DECISIONS:
            kwargs = {**kwargs, 'token': change.token_of(context)}
        _check_arguments(inspect.signature(method), args, kwargs)
        if name == 'report':
            args = [
                [wire.load(inventory_base.ComputeNode, e) for e in args[0]]
            ]
        return wire.dump(method(*args, **kwargs))

    @_served
    def health(self, context: Context) -> dict[str, Any]:
        """Return what an operator should know of this conductor.

        It asks the backends, and answers that they cannot be asked.
        """
        declared = dataclasses.asdict(self._api.driver.characteristics)
        facts: dict[str, Any] = {
            'host': self._api.conf.host,
            'pid': os.getpid(),
            'rpc_version': VERSION,
            'driver': self._api.marker.driver,
            'records': self._api.marker.records,
            'characteristics': {name: declared[name] for name in _DECLARED},
            'declared': declared,
            **self._beats.facts(),
        }
        try:
            backends = maintenance.ask(self._api)
        except exception.NovaSgException as error:
            return {**facts, 'backends': {}, 'problem': str(error)}
        return {
            **facts,
            'backends': {each.name: each.round_trip for each in backends},
            'problem': None,
        }

    @_served
    def ping(self, context: Context) -> None:
        """Show that the way to here and back is open."""


def _class(objname: Any) -> Any:
    """Return our newest class of a name; nobody else's can be called."""
    for cls in ovo_base.VersionedObjectRegistry.obj_classes().get(objname, []):
        if issubclass(cls, objects_base.Object):
            return cls
    raise ovo_exc.UnsupportedObjectError(objtype=objname)


def _served_versions(objname: str, asked: Mapping[str, str]) -> dict[str, str]:
    """Return in which versions we answer who knows others.

    The caller's, and ours where we are older: who is newer can read that.

    :raises IncompatibleObjectVersion: a version is of another kind
    """
    _class(objname)
    served = dict(ovo_base.obj_tree_get_versions(objname))
    for name, ours in served.items():
        theirs = asked.get(name)
        if theirs is None or not _same_major(theirs, ours):
            raise ovo_exc.IncompatibleObjectVersion(
                objname=name, objver=theirs, supported=ours
            )
        served[name] = min(
            theirs, ours, key=versionutils.convert_version_to_tuple
        )
    return served


def _same_major(theirs: str, ours: str) -> bool:
    try:
        return bool(
            versionutils.convert_version_to_tuple(theirs)[0]
            == versionutils.convert_version_to_tuple(ours)[0]
        )
    except (AttributeError, ValueError):
        return False


def _check_object(objinst: Any) -> None:
    if not isinstance(objinst, objects_base.Object):
        raise exception.InvalidInput(reason='this is no object of nova_sg')


def _method(owner: Any, name: str) -> Any:
    """Return a method that may be called from elsewhere."""
    method = getattr(owner, name, None) if isinstance(name, str) else None
    if not getattr(method, 'remotable', False):
        raise exception.InvalidInput(
            reason=f'{name!r} cannot be called from elsewhere'
        )
    return method


def _changes(before: Any, after: Any) -> dict[str, Any]:
    """Return what the caller has to take over, as oslo asks for it."""
    changes = {
        name: field.to_primitive(after, name, getattr(after, name))
        for name, field in after.fields.items()
        if after.obj_attr_is_set(name)
        and (
            not before.obj_attr_is_set(name)
            or getattr(before, name) != getattr(after, name)
        )
    }
    return {**changes, 'obj_what_changed': sorted(after.obj_what_changed())}


def _checked_invocation(invocation: Any) -> str:
    """Return an invocation as members carry it, or refuse it."""
    try:
        return sg_invocation.normal(str(invocation))
    except ValueError as error:
        raise exception.InvalidInput(
            reason='an invocation has 32 hexadecimal digits'
        ) from error


def _checked(uuids: Any) -> list[str]:
    """Return uuids as they came, or refuse them.

    :raises InvalidInput: these are no uuids, or far too many
    """
    if not isinstance(uuids, list) or len(uuids) > MAX_UUIDS:
        raise exception.InvalidInput(
            reason=f'uuids must be a list of at most {MAX_UUIDS}'
        )
    for uuid in uuids:
        if not isinstance(uuid, str) or not (
            1 <= len(uuid) <= record.MAX_LENGTH
        ):
            raise exception.InvalidInput(reason='a uuid is a short text')
    return uuids
