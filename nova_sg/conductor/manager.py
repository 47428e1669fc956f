# SPDX-License-Identifier: Apache-2.0

"""What a conductor serves over RPC."""

from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import inspect
import os
from typing import Any

from oslo_log import log as logging
import oslo_messaging as messaging
from oslo_versionedobjects import base as ovo_base

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg import servicegroup
from nova_sg.conductor import beats as conductor_beats
from nova_sg.conductor import interface
from nova_sg.conductor import remotables
from nova_sg.conductor import serving
from nova_sg.conductor import wire
from nova_sg.inventory import base as inventory_base
from nova_sg.servicegroup import invocation as sg_invocation
from nova_sg.servicegroup import maintenance
from nova_sg.servicegroup import record
from nova_sg.servicegroup.history import entry
from nova_sg.servicegroup.membership import base as membership_base
from nova_sg.servicegroup.records import change

LOG = logging.getLogger(__name__)

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


class ConductorManager:
    """The endpoint of a conductor.

    :param api: the servicegroup API of this process
    :param beats: groups the beats
    """

    target = messaging.Target(version=interface.VERSION)

    def __init__(
        self, api: servicegroup.API, beats: conductor_beats.GroupCommit
    ) -> None:
        self._api = api
        self._beats = beats

    # Objects

    @serving.served
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
        versions = remotables.served_versions(objname, object_versions)
        cls = remotables.class_named(objname)
        method = remotables.method_of(cls, objmethod)
        serving.check_arguments(
            inspect.signature(method), (context, *args), kwargs
        )
        result = method(context, *args, **kwargs)
        if isinstance(result, ovo_base.VersionedObject):
            return result.obj_to_primitive(
                target_version=versions[objname], version_manifest=versions
            )
        return result

    @serving.served
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
        remotables.check_object(objinst)
        method = remotables.method_of(objinst, objmethod)
        serving.check_arguments(inspect.signature(method), args, kwargs)
        before = objinst.obj_clone()
        result = method(*args, **kwargs)
        return remotables.changes(before, objinst), result

    @serving.served
    def object_backport_versions(
        self, context: Context, objinst: Any, object_versions: dict[str, str]
    ) -> Any:
        """Return an object as an older peer knows it."""
        remotables.check_object(objinst)
        objname = objinst.obj_name()
        versions = remotables.served_versions(objname, object_versions)
        return objinst.obj_to_primitive(
            target_version=versions[objname], version_manifest=versions
        )

    # Memberships whose beats may come from anywhere

    @serving.served
    def report_state(
        self, context: Context, uuids: Sequence[str]
    ) -> Sequence[str]:
        """Beat once for services; answered when it is committed.

        :returns: the uuids whose record is gone
        """
        return self._beats.report(context, _checked(uuids))

    @serving.served
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

    @serving.served
    def leave(
        self, context: Context, stays: Sequence[Mapping[str, Any]]
    ) -> None:
        """End memberships at once; see ``Membership.withdraw``."""
        _checked([each.get('uuid', '') for each in stays])
        self._api.driver.membership.withdraw(
            context, [wire.load(membership_base.Stay, each) for each in stays]
        )

    @serving.served
    def note_wedged(
        self, context: Context, uuids: Sequence[str], noted_by: str
    ) -> None:
        """Note that loops hang; see ``Membership.note_wedged``."""
        self._api.driver.membership.note_wedged(
            context, _checked(uuids), str(noted_by)[: record.MAX_LENGTH]
        )

    @serving.served
    def leave_invocation(
        self, context: Context, uuid: str, invocation: str
    ) -> dict[str, Any]:
        """Take out the members of a service that one run of a unit left.

        See ``Membership.leave_invocation``.
        """
        _checked([uuid])
        removal = self._api.leave_invocation(
            context, uuid, _checked_invocation(invocation)
        )
        return removal._asdict()

    @serving.served
    def liveness(self, context: Context, uuids: Sequence[str]) -> Any:
        """Return what is known of services, by uuid; see ``wire``."""
        found = self._api.liveness(context, _checked(uuids))
        return {uuid: wire.dump_liveness(each) for uuid, each in found.items()}

    @serving.served
    def known(self, context: Context, uuids: Sequence[str]) -> list[str]:
        """Return those of the uuids that have a live record."""
        return list(self._api.known(context, _checked(uuids)))

    @serving.served
    def history(
        self, context: Context, question: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """Return transitions of services, in order; see ``wire``."""
        found = self._api.history(context, wire.load_question(question))
        return [entry.dump(each) for each in found]

    @serving.served
    def departures(self, context: Context, uuids: Sequence[str]) -> Any:
        """Return why services that are down went down; see ``wire``."""
        found = self._api.traces(context, _checked(uuids))
        return {
            uuid: wire.dump_departure(each) for uuid, each in found.items()
        }

    # Beside services

    @serving.served
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
        serving.check_arguments(inspect.signature(method), args, kwargs)
        if name == 'report':
            args = [
                [wire.load(inventory_base.ComputeNode, e) for e in args[0]]
            ]
        return wire.dump(method(*args, **kwargs))

    @serving.served
    def health(self, context: Context) -> dict[str, Any]:
        """Return what an operator should know of this conductor.

        It asks the backends, and answers that they cannot be asked.
        """
        declared = dataclasses.asdict(self._api.driver.characteristics)
        facts: dict[str, Any] = {
            'host': self._api.conf.host,
            'pid': os.getpid(),
            'rpc_version': interface.VERSION,
            'driver': self._api.marker.driver,
            'records': self._api.marker.records,
            'characteristics': {name: declared[name] for name in _DECLARED},
            'declared': declared,
            **self._beats.facts(),
        }
        try:
            backends = maintenance.ask(self._api.driver.marker_stores())
        except exception.NovaSgException as error:
            return {**facts, 'backends': {}, 'problem': str(error)}
        return {
            **facts,
            'backends': {each.name: each.round_trip for each in backends},
            'problem': None,
        }

    @serving.served
    def ping(self, context: Context) -> None:
        """Show that the way to here and back is open."""


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
    if not isinstance(uuids, list) or len(uuids) > interface.MAX_UUIDS:
        raise exception.InvalidInput(
            reason=f'uuids must be a list of at most {interface.MAX_UUIDS}'
        )
    for uuid in uuids:
        if not isinstance(uuid, str) or not (
            1 <= len(uuid) <= record.MAX_LENGTH
        ):
            raise exception.InvalidInput(reason='a uuid is a short text')
    return uuids
