# SPDX-License-Identifier: Apache-2.0

"""What has changed from one list of services to the next."""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
from typing import Any
from typing import Self

from nova_sg.servicegroup import liveness

#: The attributes of a service whose changes are followed.
FOLLOWED = ('state', 'status', 'forced_down', 'zone')

#: The event of a service that was not in the list before, or no longer is.
ADDED = 'added'
DELETED = 'deleted'
#: The event of a backend that can no longer be read, or can be again.
BACKEND = 'backend'
REACHABLE = 'reachable'
UNREACHABLE = 'unreachable'


@dataclasses.dataclass(frozen=True, slots=True)
class Sighting:
    """A service as one list showed it."""

    uuid: str
    host: str
    binary: str
    zone: str
    #: ``up``, ``down`` or ``unknown``.
    state: str
    #: ``enabled`` or ``disabled``.
    status: str
    forced_down: bool
    disabled_reason: str | None

    @classmethod
    def of(cls, service: Any) -> Self:
        """Return what is followed of a ``ServiceGroupService``.

        :param service: of a list with states and zones
        """
        return cls(
            service.uuid,
            service.host,
            service.binary,
            service.availability_zone,
            service.state,
            'disabled' if service.disabled else 'enabled',
            service.forced_down,
            service.disabled_reason,
        )

    @property
    def is_fine(self) -> bool:
        """Whether the service is up and takes instances."""
        return self.state == liveness.UP and self.status == 'enabled'


@dataclasses.dataclass(frozen=True, slots=True)
class Transition:
    """One change of one service, or of the backend of all."""

    #: One of :data:`FOLLOWED`, or ADDED, DELETED, BACKEND.
    event: str
    before: Any
    after: Any
    #: The service after the change; None for the backend.
    service: Sighting | None = None
    #: Why, if that is known: a disabled reason, an error.
    reason: str | None = None


def compare(
    before: Mapping[str, Sighting], after: Mapping[str, Sighting]
) -> list[Transition]:
    """Return what changed between two lists, by host and binary.

    :param before: the services of the earlier list, by uuid
    :param after: those of the later one
    """
    changes: list[Transition] = []
    for uuid, service in after.items():
        old = before.get(uuid)
        if old is None:
            changes.append(
                Transition(ADDED, None, service.state, service=service)
            )
        elif old is not service:
            changes.extend(_changes(old, service))
    changes.extend(
        Transition(DELETED, old.state, None, service=old)
        for uuid, old in before.items()
        if uuid not in after
    )
    return sorted(changes, key=_place)


def by_uuid(services: Iterable[Any]) -> dict[str, Sighting]:
    """Return what is followed of services, by uuid."""
    return {each.uuid: Sighting.of(each) for each in services}


def _changes(old: Sighting, new: Sighting) -> Iterable[Transition]:
    for name in FOLLOWED:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            reason = new.disabled_reason if name == 'status' else None
            yield Transition(name, before, after, service=new, reason=reason)


def _place(change: Transition) -> tuple[str, str]:
    service = change.service
    return ('', '') if service is None else (service.host, service.binary)
