# SPDX-License-Identifier: Apache-2.0

"""The services that joined in this process: join, beat, leave."""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.servicegroup import deployment
from nova_sg.servicegroup import heartbeat
from nova_sg.servicegroup import invocation as sg_invocation
from nova_sg.servicegroup import member as sg_member
from nova_sg.servicegroup import record
from nova_sg.servicegroup.membership import base

Context = sg_context.RequestContext

#: Beats for services, and returns the uuids that have no record.
Report = Callable[[Context, Sequence[str]], Sequence[str]]


class Members:
    """The memberships that this process holds, and beats for others.

    The part of ``servicegroup.API`` that a service itself calls.

    :param membership: the driver's
    """

    _deployment: deployment.Deployment
    #: Takes the uuid of a service.
    _drop_verdict: Callable[[str], None]

    def __init__(self, membership: base.Membership) -> None:
        self._membership = membership
        self._handles: dict[str, base.Handle] = {}
        self._beating: dict[str, list[base.Handle]] = {}
        self._report: Report = membership.report

    def join(
        self,
        member: str,
        group: str,
        service: Any = None,
        context: Context | None = None,
    ) -> None:
        """Add a service to its group and beat for it from its own timers.

        nova's signature. The first beat is written before this returns.

        :param member: the host; named in messages
        :param group: the topic; named in messages
        :param service: has ``service_ref``, its service object;
            ``report_interval``, seconds; and ``tg``, a thread group with
            ``add_timer_args``
        :param context: names the cell of the service; None for this one
        :raises InvalidInput: there is no service
        :raises ServiceNotFound: the record is gone
        """
        if service is None:
            raise exception.InvalidInput(
                reason=f'{member} cannot join {group} without its service'
            )
        context = context or sg_context.get_admin_context()
        handles = list(
            self.join_many(context, [sg_member.identity(service.service_ref)])
        )
        if not handles:
            raise exception.ServiceNotFound(
                service_id=service.service_ref.uuid
            )
        interval = service.report_interval
        if interval:
            beats = heartbeat.Heartbeat(self._membership, context, interval)
            service.tg.add_timer_args(
                interval,
                beats.beat,
                args=[handles],
                initial_delay=heartbeat.first_delay(interval),
            )
            self._beating[handles[0].uuid] = handles

    def join_many(
        self, context: Context, joined: Sequence[record.Record]
    ) -> Sequence[base.Handle]:
        """Join for many services; the caller beats for them.

        :returns: handles, without those of services that have no record
        """
        self._deployment.check(claim=True)
        handles = self._membership.join_many(context, joined)
        self._handles.update((handle.uuid, handle) for handle in handles)
        for handle in handles:
            # It was down a moment ago, perhaps, and is up now.
            self._drop_verdict(handle.uuid)
        return handles

    def leave(self, service: Any) -> None:
        """Take a service that joined here out of its group, at once.

        :param service: what was given to :meth:`join`
        """
        uuid = service.service_ref.uuid
        # A timer that ticks once more must not bring the service back.
        self._beating.pop(uuid, []).clear()
        handle = self._handles.pop(uuid, None)
        if handle is not None:
            handle.leave(sg_context.get_admin_context())
            self._drop_verdict(uuid)

    def leave_all(self, context: Context) -> None:
        """Take every service that joined here out of its group, at once."""
        handles = list(self._handles.values())
        self._handles.clear()
        for beating in self._beating.values():
            beating.clear()
        self._beating.clear()
        if handles:
            self._membership.leave_many(context, handles)
        for handle in handles:
            self._drop_verdict(handle.uuid)

    def leave_invocation(
        self, context: Context, uuid: str, invocation: str
    ) -> sg_invocation.Removal:
        """Take out the members of a service that one run of a unit left.

        :param uuid: of the service
        :param invocation: as :func:`invocation.normal` returns it
        :raises ServiceGroupUnavailable: the backend cannot be asked
        """
        self._deployment.check()
        removal = self._membership.leave_invocation(context, uuid, invocation)
        self._drop_verdict(uuid)
        return removal

    def report_state(self, context: Context, uuid: str) -> None:
        """Beat once for a service.

        :raises ServiceNotFound: the record is gone
        :raises ServiceNotJoined: it joined in another process, and the
            driver takes beats only from there
        """
        handle = self._handles.get(uuid)
        if handle is not None:
            handle.beat(context)
            return
        self._deployment.check(claim=True)
        if self._report(context, [uuid]):
            raise exception.ServiceNotFound(service_id=uuid)

    def report_through(self, report: Report) -> None:
        """Have beats from other processes written by somebody else.

        :param report: takes and returns what ``Membership.report`` does
        """
        self._report = report

    def admit(
        self,
        context: Context,
        uuids: Sequence[str],
        invocation: str | None = None,
    ) -> Mapping[str, Any]:
        """Join for services of other processes; see ``Membership.admit``."""
        self._deployment.check(claim=True)
        return self._membership.admit(context, uuids, invocation)
