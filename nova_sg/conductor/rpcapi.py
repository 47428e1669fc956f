# SPDX-License-Identifier: Apache-2.0

"""The conductor as its callers see it."""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
from typing import Any

from oslo_log import log as logging

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg import sequences
from nova_sg.conductor import indirection
from nova_sg.conductor import interface
from nova_sg.conductor import wire
from nova_sg.servicegroup import heartbeat
from nova_sg.servicegroup import invocation as sg_invocation
from nova_sg.servicegroup import liveness as sg_liveness
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup.history import base as history_base
from nova_sg.servicegroup.history import entry
from nova_sg.servicegroup.membership import base as membership_base

LOG = logging.getLogger(__name__)

Context = sg_context.RequestContext


class ConductorAPI(indirection.Indirection):
    """Calls a conductor; any of them, unless one is named.

    :mod:`.interface` says what came with which version.
    """

    # Memberships

    def report_state(
        self, context: Context, uuids: Sequence[str]
    ) -> Sequence[str]:
        """Beat once for services; returns when it is committed.

        :returns: the uuids whose record is gone
        :raises ServiceGroupUnavailable: it may not be committed
        """
        return self.sender.beat(context, 'report_state', uuids=list(uuids))  # type: ignore[no-any-return]

    def join(
        self,
        context: Context,
        uuids: Sequence[str],
        invocation: str | None = None,
    ) -> Mapping[str, Any]:
        """Begin to beat for services; see ``Membership.admit``.

        A conductor that does not know invocations is told none.
        """
        arguments: dict[str, Any] = {'uuids': list(uuids)}
        if invocation is not None:
            try:
                return self.sender.call(  # type: ignore[no-any-return]
                    context,
                    'join',
                    **arguments,
                    invocation=invocation,
                    since=interface.KNOWS_INVOCATIONS,
                )
            except exception.ConductorTooOld as error:
                LOG.debug('Joining without an invocation: %s', error)
        return self.sender.call(context, 'join', **arguments)  # type: ignore[no-any-return]

    def leave(
        self, context: Context, stays: Sequence[membership_base.Stay]
    ) -> None:
        """End memberships at once; see ``Membership.withdraw``.

        As many at a time as a process beats for, since each call has a
        beat's patience.
        """
        for batch in sequences.batched(stays, heartbeat.BATCH):
            self.sender.beat(
                context,
                'leave',
                stays=[dataclasses.asdict(each) for each in batch],
            )

    def note_wedged(
        self, context: Context, uuids: Sequence[str], noted_by: str
    ) -> None:
        """Note that loops hang; a conductor that is too old notes nothing.

        :raises ServiceGroupUnavailable: it is not noted
        """
        try:
            for batch in sequences.batched(uuids, heartbeat.BATCH):
                self.sender.beat(
                    context,
                    'note_wedged',
                    uuids=list(batch),
                    noted_by=noted_by,
                    since=interface.KNOWS_WEDGED,
                )
        except exception.ConductorTooOld as error:
            LOG.debug('Not noting that a loop has stopped: %s', error)

    def leave_invocation(
        self, context: Context, uuid: str, invocation: str
    ) -> sg_invocation.Removal:
        """Take out what an invocation left; see the method of a membership.

        :returns: that nothing was done, where the conductor is too old
        """
        try:
            answer = self.sender.beat(
                context,
                'leave_invocation',
                uuid=uuid,
                invocation=invocation,
                since=interface.KNOWS_INVOCATIONS,
            )
        except exception.ConductorTooOld:
            return sg_invocation.Removal(
                0, f'{self.name} is of a release that knows no invocations'
            )
        return sg_invocation.Removal(answer['members'], answer['kept'])

    def liveness(
        self, context: Context, uuids: Sequence[str]
    ) -> dict[str, sg_liveness.Liveness]:
        """Return what the conductor knows of services, by uuid.

        One call for each ``interface.MAX_UUIDS`` of them.
        """
        return {
            uuid: wire.load_liveness(each)
            for found in self._ask_about(context, 'liveness', uuids)
            for uuid, each in found.items()
        }

    def known(self, context: Context, uuids: Sequence[str]) -> set[str]:
        """Return those of the uuids that have a live record.

        One call for each ``interface.MAX_UUIDS`` of them.

        :raises ConductorTooOld: the conductor does not know this call
        """
        since = interface.KNOWS_KNOWN
        answers = self._ask_about(context, 'known', uuids, since=since)
        return {uuid for found in answers for uuid in found}

    def history(
        self, context: Context, question: history_base.Question
    ) -> list[entry.Entry]:
        """Return transitions of services, in order.

        :raises ConductorTooOld: the conductor does not know this call
        """
        found = self.sender.call(
            context,
            'history',
            question=wire.dump_question(question),
            since=interface.KNOWS_HISTORY,
        )
        return [entry.load(each) for each in found]

    def departures(
        self, context: Context, uuids: Sequence[str]
    ) -> dict[str, reasons.Departure]:
        """Return why services that are down went down, by uuid.

        :returns: nothing where the conductor is too old
        """
        since = interface.KNOWS_DEPARTURES
        try:
            return {
                uuid: wire.load_departure(each)
                for found in self._ask_about(
                    context, 'departures', uuids, since=since
                )
                for uuid, each in found.items()
            }
        except exception.ConductorTooOld as error:
            LOG.debug('Nothing is known of why services are down: %s', error)
            return {}

    def ping(self, context: Context) -> None:
        """Show that a conductor can be reached, within a beat's patience.

        :raises ServiceGroupUnavailable: it cannot
        """
        self.sender.beat(context, 'ping')

    # Beside services

    def inventory_action(
        self,
        context: Context,
        name: str,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
    ) -> Any:
        """Call a method of ``wire.METHODS`` of the inventory."""
        call, context = self._calling(context, name in wire.DECISIONS)
        return call(
            context,
            'inventory_action',
            name=name,
            args=wire.dump(args),
            kwargs=wire.dump(kwargs),
        )

    def health(self, context: Context) -> dict[str, Any]:
        """Return what an operator should know of the conductor.

        :raises ServiceGroupUnavailable: it does not answer in the time in
            which it would notice an unreachable backend
        """
        return self.sender.ask(context, 'health')  # type: ignore[no-any-return]

    def _ask_about(
        self, context: Context, method: str, uuids: Sequence[str], **more: str
    ) -> Iterator[Any]:
        """Call for as many uuids at a time as one message may speak for."""
        for batch in sequences.batched(uuids, interface.MAX_UUIDS):
            yield self.sender.call(context, method, uuids=list(batch), **more)
