# SPDX-License-Identifier: Apache-2.0

"""All services, as far as metrics tell of them, and what changes."""

import abc
import collections
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import json
from typing import Any
from typing import NamedTuple

from nova_sg import context as sg_context
from nova_sg import instruments
from nova_sg import objects
from nova_sg import servicegroup
from nova_sg.objects import base as objects_base
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import marker as sg_marker
from nova_sg.servicegroup import reasons


class Seen(NamedTuple):
    """A service, as far as metrics tell of it."""

    uuid: str
    host: str | None
    binary: str | None
    zone: str
    state: str
    reason: str
    disabled: bool
    version: int


class States(NamedTuple):
    """The states of services, by uuid: nearly all of them are up.

    :param up: the uuids of those that are up
    :param others: state and reason of all others
    """

    up: frozenset[str]
    others: Mapping[str, tuple[str, str]]

    @classmethod
    def of(cls, seen: Iterable[Seen]) -> 'States':
        up, others = [], {}
        for each in seen:
            if each.state == liveness.UP:
                up.append(each.uuid)
            else:
                others[each.uuid] = each.state, each.reason
        return cls(frozenset(up), others)

    @classmethod
    def load(cls, content: str) -> 'States':
        up, _, others = content.partition('\n')
        return cls(
            frozenset(up.split()),
            {uuid: tuple(each) for uuid, each in json.loads(others).items()},
        )

    def dump(self) -> str:
        return f'{" ".join(self.up)}\n{json.dumps(self.others)}'

    def get(self, uuid: str) -> str | None:
        """Return the state of a service, None where it was not there."""
        if uuid in self.up:
            return liveness.UP
        state, _ = self.others.get(uuid, (None, None))
        return state


class Source(abc.ABC):
    """Where metrics find all services."""

    @abc.abstractmethod
    def listing(self) -> Iterator[Seen]:
        """List all services, with their state.

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
        api = servicegroup.get()
        if objects_base.Object.indirection_api is not None:
            services = objects.ServiceGroupServiceList.get_all(
                context, set_zones=True
            )
            why = _reasons(
                context, [e for e in services if e.state == liveness.DOWN]
            )
            for each in services:
                yield see(each, each.availability_zone or '', each.state, why)
            return
        # Past the objects, of which there would be thousands for a few
        # numbers.
        records, alive = api.list(context)
        zone_of = api.inventory.zoning([each.host for each in records])
        states = {uuid: known.state for uuid, known in alive.items()}
        why = _reasons(
            context,
            [e for e in records if states.get(e.uuid) == liveness.DOWN],
            alive,
        )
        for record in records:
            yield see(
                record,
                zone_of(record.host, record.topic),
                states.get(record.uuid, liveness.UNKNOWN),
                why,
            )

    @property
    def marker(self) -> sg_marker.Marker:
        return servicegroup.get().marker

    @property
    def age(self) -> float:
        return servicegroup.get().knowledge_age


def _reasons(
    context: sg_context.RequestContext,
    down: Sequence[Any],
    alive: Mapping[str, liveness.Liveness] | None = None,
) -> dict[str, str]:
    """Return why services are down; no question where none is."""
    if not down:
        return {}
    found = servicegroup.get().departures(context, down, alive)
    return {
        uuid: each.reason
        for uuid, each in found.items()
        if each.reason != reasons.UNKNOWN
    }


def see(service: Any, zone: str, state: str, why: Mapping[str, str]) -> Seen:
    """Return what metrics tell of a service.

    :param service: a record, or an object
    :param state: by its membership
    :param why: the reasons of services that are down, by uuid
    """
    forced = service.forced_down
    return Seen(
        service.uuid,
        service.host,
        service.binary,
        zone,
        liveness.DOWN if forced else state,
        reasons.FORCED if forced else why.get(service.uuid, ''),
        service.disabled,
        service.version or 0,
    )


def count_changes(before: States, now: States) -> None:
    """Count the services that are something else than they were.

    A service that is new, or gone, has not changed.
    """
    changes: collections.Counter[tuple[str, str, str]] = collections.Counter()
    for uuid, (state, reason) in now.others.items():
        was = before.get(uuid)
        if was is not None and was != state:
            changes[was, state, reason] += 1
    for uuid, (state, _) in before.others.items():
        if uuid in now.up:
            changes[state, liveness.UP, ''] += 1
    for (was, state, reason), count in changes.items():
        instruments.current.verdict_changed(was, state, reason, count)
