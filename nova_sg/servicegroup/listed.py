# SPDX-License-Identifier: Apache-2.0

"""A service as a list shows it: fewer fields than a record, and its state."""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import functools
from typing import Any
from typing import Generic
from typing import NamedTuple
from typing import TypeVar

from nova_sg import sequences
from nova_sg import times
from nova_sg.inventory import base as inventory_base
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import member
from nova_sg.servicegroup import record

T = TypeVar('T')


class Listed(NamedTuple):
    """What a list shows of a service.

    :param zone: its availability zone
    :param state: ``up``, ``down``, or ``unknown``; a service that is forced
        down is down
    :param changed_at: when it last changed or beat, as REST writes a time
    """

    id: int
    uuid: str
    host: str | None
    binary: str | None
    topic: str | None
    zone: str
    disabled: bool
    disabled_reason: str | None
    forced_down: bool
    state: str
    changed_at: str | None


#: Makes one of all its values, in order. For lists: the constructor takes
#: twice as long.
of_values: Callable[[tuple[Any, ...]], Listed] = functools.partial(
    tuple.__new__, Listed
)

#: Makes what is wanted of a part of a list.
Render = Callable[[Sequence[Listed]], T]


class Rendered(NamedTuple, Generic[T]):
    """What was made of a list.

    :param parts: returns what was made of each part; it cannot fail
    :param tag: changes whenever a part does; None where nothing is kept of
        lists, so that only all of it could tell
    """

    parts: Callable[[], Sequence[T]]
    tag: str | None = None


#: Services that are worked on at once: they stay in a processor's caches.
PART = 1000


def state(verdict: liveness.Liveness | None, *, forced_down: bool) -> str:
    """Return the state that a list shows.

    :param verdict: None where the backend does not know the service
    """
    if verdict is None:
        return liveness.UNKNOWN
    return liveness.DOWN if forced_down else verdict.state


def parts(
    records: Sequence[record.Record],
    alive: Mapping[str, liveness.Liveness],
    zoning: inventory_base.Zoning,
) -> Iterator[list[Listed]]:
    """Return what a list shows of services, part by part.

    :param alive: verdicts by uuid
    """
    for part in sequences.batched(records, PART):
        yield [
            of(each, alive.get(each.uuid), zoning(each.host, each.topic))
            for each in part
        ]


def of(
    shown: record.Record, verdict: liveness.Liveness | None, zone: str
) -> Listed:
    """Return what a list shows of one service."""
    seen = shown.last_seen_up
    if verdict is not None and verdict.last_seen is not None:
        seen = verdict.last_seen
    changed_at = member.latest(shown.created_at, shown.updated_at, seen)
    return of_values(
        (
            shown.id,
            shown.uuid,
            shown.host,
            shown.binary,
            shown.topic,
            zone,
            shown.disabled,
            shown.disabled_reason,
            shown.forced_down,
            state(verdict, forced_down=shown.forced_down),
            times.text(changed_at),
        )
    )
