# SPDX-License-Identifier: Apache-2.0

"""All services, each with its zone, its state and why it is down.

For what looks at all of them again and again: metrics, and the page. Zones,
states and reasons are read in bulk, and reasons only while a service is down.
"""

import abc
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

from nova_sg import context as sg_context
from nova_sg import objects
from nova_sg import servicegroup
from nova_sg.objects import base
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import marker as sg_marker
from nova_sg.servicegroup import reasons


class Seen(NamedTuple):
    """A service, as an overview shows it.

    :param service: an object, or what has the same attributes
    :param state: ``up``, ``down`` or ``unknown``
    :param reason: why it is down; empty where that is not known
    :param why: the same with its times, where it was asked for
    """

    service: Any
    zone: str
    state: str
    reason: str
    why: reasons.Departure | None


def see(
    service: Any, zone: str, state: str, why: reasons.Departure | None
) -> Seen:
    """Return what an overview shows of a service.

    :param service: an object, or a record
    :param state: by its membership
    :param why: it is as it is, where that is known
    """
    reason = ''
    if service.forced_down:
        state, reason = liveness.DOWN, reasons.FORCED
    elif state == liveness.DOWN and why is not None:
        reason = '' if why.reason == reasons.UNKNOWN else why.reason
    return Seen(service, zone, state, reason, why)


class Source(abc.ABC):
    """Where all services of a deployment are."""

    @abc.abstractmethod
    def listing(self) -> Iterator[Seen]:
        """List all services.

        :raises ServiceGroupUnavailable: they cannot be listed
        """

    @property
    @abc.abstractmethod
    def marker(self) -> sg_marker.Marker:
        """How the deployment is configured."""

    @property
    @abc.abstractmethod
    def age(self) -> float:
        """Seconds by which the latest list is behind."""


class OwnSource(Source):
    """The services of nova_sg by itself."""

    def listing(self) -> Iterator[Seen]:
        context = sg_context.get_admin_context()
        if base.Object.indirection_api is not None:
            services = objects.ServiceGroupServiceList.get_all(
                context, set_zones=True
            )
            down = [e for e in services if e.state == liveness.DOWN]
            why = departures(context, down)
            for each in services:
                zone = each.availability_zone or ''
                yield see(each, zone, each.state, why.get(each.uuid))
            return
        # Past the objects, of which there would be thousands.
        api = servicegroup.get()
        records, alive = api.list(context)
        zone_of = api.inventory.zoning([each.host for each in records])
        states = {uuid: known.state for uuid, known in alive.items()}
        down = [e for e in records if states.get(e.uuid) == liveness.DOWN]
        why = departures(context, down, alive)
        for record in records:
            yield see(
                record,
                zone_of(record.host, record.topic),
                states.get(record.uuid, liveness.UNKNOWN),
                why.get(record.uuid),
            )

    @property
    def marker(self) -> sg_marker.Marker:
        return servicegroup.get().marker

    @property
    def age(self) -> float:
        return servicegroup.get().knowledge_age


def departures(
    context: sg_context.RequestContext,
    services: Sequence[Any],
    known: Mapping[str, liveness.Liveness] | None = None,
) -> Mapping[str, reasons.Departure]:
    """Return why services are as they are; no question where there is none.

    :param known: their verdicts; None: ask
    """
    if not services:
        return {}
    return servicegroup.get().departures(context, services, known)
