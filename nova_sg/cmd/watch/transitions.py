# SPDX-License-Identifier: Apache-2.0

"""What has changed from one list of services to the next."""

from collections.abc import Iterable
from collections.abc import Mapping
import dataclasses
from typing import Any
from typing import Self

from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import reasons

#: The attributes of a service whose changes are followed.
STATE, STATUS, *_ = FOLLOWED = ('state', 'status', 'forced_down', 'zone')
#: The event of a service that stays down, for another reason than before.
REASON = 'reason'

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
    #: Why it is down; None of a service that is not.
    why: reasons.Departure | None = None

    @classmethod
    def of(cls, service: Any, why: reasons.Departure | None = None) -> Self:
        """Return what is followed of a ``ServiceGroupService``.

        :param service: of a list with states and zones
        :param why: why it is as it is, asked for after the list was read
        """
        if service.state != liveness.DOWN or (
            why and why.reason == reasons.UP
        ):
            why = None
        return cls(
            service.uuid,
            service.host,
            service.binary,
            service.availability_zone,
            service.state,
            'disabled' if service.disabled else 'enabled',
            service.forced_down,
            service.disabled_reason,
            why,
        )

    @property
    def names(self) -> str:
        """What a service has for a uuid while only its names are known."""
        return f'{self.binary}@{self.host}'

    @property
    def is_fine(self) -> bool:
        """Whether the service is up and takes instances."""
        return self.state == liveness.UP and self.status == 'enabled'

    @property
    def reason(self) -> str | None:
        """Why it is down, one of ``reasons``."""
        return None if self.why is None else self.why.reason


@dataclasses.dataclass(frozen=True, slots=True)
class Transition:
    """One change of one service, or of the backend of all."""

    #: One of :data:`FOLLOWED`, or REASON, ADDED, DELETED, BACKEND.
    event: str
    before: Any
    after: Any
    #: The service after the change; None for the backend.
    service: Sighting | None = None
    #: Why, if that is known: one of ``reasons``, a disabled reason, an error.
    reason: str | None = None


def compare(
    before: Mapping[str, Sighting], after: Mapping[str, Sighting]
) -> list[Transition]:
    """Return what changed between two lists, by host and binary.

    :param before: the services of the earlier list, by uuid
    :param after: those of the later one
    """
    changes: list[Transition] = []
    gone = dict(before)
    for uuid, service in after.items():
        old = gone.pop(uuid, None)
        if old is None and service.names in gone:
            # Its cell answers for the first time.
            named = gone.pop(service.names)
            old = dataclasses.replace(service, state=named.state, why=None)
        if old is None:
            changes.append(
                Transition(
                    ADDED,
                    None,
                    service.state,
                    service=service,
                    reason=service.reason,
                )
            )
        elif old is not service:
            changes.extend(_changes(old, service))
    changes.extend(
        Transition(DELETED, old.state, None, service=old)
        for old in gone.values()
    )
    return sorted(changes, key=_place)


def by_uuid(
    services: Iterable[Any], whys: Mapping[str, reasons.Departure]
) -> dict[str, Sighting]:
    """Return what is followed of services, by uuid.

    :param whys: why services are down, by uuid
    """
    return {
        each.uuid: Sighting.of(each, whys.get(each.uuid)) for each in services
    }


def _changes(old: Sighting, new: Sighting) -> Iterable[Transition]:
    for name in FOLLOWED:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            why = {STATE: new.reason, STATUS: new.disabled_reason}
            yield Transition(
                name, before, after, service=new, reason=why.get(name)
            )
    if (
        old.reason
        and new.reason
        and old.reason != new.reason
        # Else that says it.
        and old.forced_down == new.forced_down
    ):
        yield Transition(REASON, old.reason, new.reason, service=new)


def _place(change: Transition) -> tuple[str, str]:
    service = change.service
    return ('', '') if service is None else (service.host, service.binary)
