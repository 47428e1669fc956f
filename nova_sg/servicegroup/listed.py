# SPDX-License-Identifier: Apache-2.0

"""A service as a list shows it: fewer fields than a record, and its state."""

from collections.abc import Callable
from collections.abc import Sequence
import functools
from typing import Any
from typing import Generic
from typing import NamedTuple
from typing import TypeVar

from nova_sg.servicegroup import liveness

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


#: Returns the zone of a service by its host and topic.
ZoneOf = Callable[[str | None, str | None], str]

#: Services that are worked on at once: they stay in a processor's caches.
PART = 1000


def state(verdict: liveness.Liveness | None, *, forced_down: bool) -> str:
    """Return the state that a list shows.

    :param verdict: None where the backend does not know the service
    """
    if verdict is None:
        return liveness.UNKNOWN
    return liveness.DOWN if forced_down else verdict.state
