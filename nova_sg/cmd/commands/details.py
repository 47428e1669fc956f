# SPDX-License-Identifier: Apache-2.0

"""What ``service list --long`` and ``service show`` tell of a service."""

from collections.abc import Mapping
from collections.abc import Sequence
import datetime
import time
from typing import Any

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg import servicegroup
from nova_sg import times
from nova_sg.cmd.commands import base
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import reasons

COLUMNS = (
    *('Reason', 'Since', 'Last Seen', 'Seen By'),
    *('Disabled Reason', 'Forced Down', 'Topic', 'Version'),
    *('PID', 'Started At', 'TTL'),
    *('Known Since', 'Doubted Since', 'Doubted Until', 'Doubt'),
)


def row(
    service: Any,
    verdict: liveness.Liveness | None,
    why: reasons.Departure,
) -> list[Any]:
    """Return what ``--long`` adds to the row of a service.

    :param verdict: what is known of its liveness, None for nothing
    :param why: why it is as it is
    """
    members = () if verdict is None else verdict.members
    return [
        why.reason,
        times.text(why.since),
        times.text(why.last_seen),
        why.seen_by,
        base.free_text(service.disabled_reason),
        service.forced_down,
        service.topic,
        service.version,
        base.Several([each.pid for each in members]),
        base.Several([times.text(each.started_at) for each in members]),
        base.Several([each.ttl for each in members]),
        *_doubt_row(verdict),
    ]


def _doubt_row(verdict: liveness.Liveness | None) -> list[Any]:
    """Return since when a state is known, since and until when in doubt."""
    if verdict is None:
        return [None] * 4
    why = verdict.unknown
    known = verdict.state != liveness.UNKNOWN
    doubted = isinstance(why, liveness.Doubt)
    return [
        _moment(verdict.known_at) if known else None,
        _moment(why.since) if doubted else None,
        _moment(why.until) if doubted else None,
        base.free_text(why),
    ]


def _moment(monotonic: float) -> str | None:
    """Return a moment of ``time.monotonic()`` as text, to the second."""
    ago = datetime.timedelta(seconds=time.monotonic() - monotonic)
    moment = datetime.datetime.now(datetime.UTC) - ago
    return times.text(moment.replace(microsecond=0))


def verdicts(
    context: sg_context.RequestContext, services: Sequence[Any]
) -> Mapping[str, liveness.Liveness]:
    """Return what is known of services, by uuid, in one round trip.

    :returns: unknown states where the backend cannot be asked
    """
    try:
        return servicegroup.get().liveness(
            context, [each.uuid for each in services]
        )
    except exception.ServiceGroupUnavailable as error:
        now = time.monotonic()
        return {
            each.uuid: liveness.Liveness(False, None, now, (), str(error))
            for each in services
        }


def explained(
    context: sg_context.RequestContext, services: Sequence[Any]
) -> tuple[Mapping[str, liveness.Liveness], Mapping[str, reasons.Departure]]:
    """Return what is known of services, and why, in two round trips."""
    known = verdicts(context, services)
    return known, servicegroup.get().departures(context, services, known)
