# SPDX-License-Identifier: Apache-2.0

"""Why services are down, as a backend's traces and this process tell.

Only traces of services that are down are asked for, so that a list of a
deployment which is well costs nothing more::

    services = objects.ServiceGroupServiceList.get_all(context)
    why = servicegroup.get().departures(context, services)
    why[services[0].uuid].reason
"""

import abc
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import contextlib
import datetime
from typing import Any

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.servicegroup import deployment
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import member as sg_member
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup.membership import base

Context = sg_context.RequestContext

Verdicts = Mapping[str, liveness.Liveness]


class Departures(abc.ABC):
    """Tells why services are down."""

    _deployment: deployment.Deployment
    #: Keeps the traces.
    _membership: base.Membership
    #: Returns when this process last saw services that have gone down since.
    _last_seen_up: Callable[[Iterable[str]], Mapping[str, datetime.datetime]]

    @abc.abstractmethod
    def _ask(self, context: Context, uuids: Iterable[str]) -> Verdicts:
        """Return the verdicts about services."""

    def departures(
        self,
        context: Context,
        services: Iterable[Any],
        known: Verdicts | None = None,
    ) -> Mapping[str, reasons.Departure]:
        """Return why services are up or down, and since when, by uuid.

        Two round trips at most for any number of services: one for verdicts,
        and one for the traces of those that are down. It never fails: what
        cannot be told is ``reasons.UNKNOWN``.

        :param services: objects, records, rows or dicts, with ``uuid`` and
            ``forced_down``
        :param known: what ``API.liveness`` has just answered; None: ask
        :returns: an answer for each of them that has a uuid
        """
        with contextlib.suppress(exception.ServiceGroupUnavailable):
            self._deployment.check()
        there = {sg_member.field(each, 'uuid'): each for each in services}
        there.pop(None, None)
        if known is None:
            known = {}
            with contextlib.suppress(exception.ServiceGroupUnavailable):
                known = self._ask(context, list(there))
        down = [
            uuid
            for uuid in there
            if uuid in known and known[uuid].state == liveness.DOWN
        ]
        traces: Mapping[str, reasons.Departure] = {}
        if down:
            with contextlib.suppress(exception.ServiceGroupUnavailable):
                traces = self._traces(context, down)
        return {
            uuid: why(
                bool(sg_member.field(each, 'forced_down')),
                known.get(uuid),
                traces.get(uuid),
            )
            for uuid, each in there.items()
        }

    def traces(
        self, context: Context, uuids: Sequence[str]
    ) -> Mapping[str, reasons.Departure]:
        """Return why services that are down went down.

        For a conductor, whose caller has the verdicts. What this process has
        seen of a silent service is later than what the backend was told last.

        :param uuids: of services that are down by their memberships
        :returns: without those of which neither knows anything
        :raises ServiceGroupUnavailable: the backend cannot be asked
        """
        self._deployment.check()
        return self._traces(context, uuids)

    def _traces(
        self, context: Context, uuids: Sequence[str]
    ) -> Mapping[str, reasons.Departure]:
        found = dict(self._membership.departures(context, uuids))
        for uuid, seen in self._last_seen_up(found).items():
            each = found[uuid]
            if each.reason == reasons.SILENT and (
                each.last_seen is None
                or each.last_seen < seen
                # A heartbeat in a row does not say which process sent it.
                or (each.last_seen == seen and each.seen_by is None)
            ):
                found[uuid] = each._replace(
                    since=seen, last_seen=seen, seen_by=reasons.this_process()
                )
        return found


def why(
    forced_down: bool,
    verdict: liveness.Liveness | None,
    trace: reasons.Departure | None,
) -> reasons.Departure:
    """Return why a service is as it is, from all that is known of it."""
    if verdict is not None and verdict.up:
        started = [each.started_at for each in verdict.members]
        found = reasons.Departure(
            reasons.UP,
            min(started) if started else None,
            verdict.last_seen,
        )
    else:
        found = trace or reasons.Departure(reasons.UNKNOWN)
    if forced_down:
        # When it was forced is not known: a record has one time of change.
        return found._replace(reason=reasons.FORCED, since=None)
    return found
