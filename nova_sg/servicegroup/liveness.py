# SPDX-License-Identifier: Apache-2.0

"""What is known of the liveness of a service, and since when."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Container
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import datetime
import functools
from typing import Any
from typing import NamedTuple
from typing import Protocol

from nova_sg import exception

#: What a service is; unknown where nobody can tell.
UP, DOWN, UNKNOWN = 'up', 'down', 'unknown'


class Member(NamedTuple):
    """One process behind a service, as it described itself when it joined.

    :param pid: process id on the service's host
    :param started: when it joined, seconds since 1970
    :param ttl: seconds after which it is down without a further beat
    """

    pid: int
    started: float
    ttl: int

    @property
    def started_at(self) -> datetime.datetime:
        """When it joined, aware UTC; few ask, and it takes its time."""
        return datetime.datetime.fromtimestamp(self.started, datetime.UTC)


#: The living workers of services, by uuid. Of a worker that tells nothing of
#: itself its service has none here, and lives all the same.
Members = Mapping[str, tuple[Member, ...]]


class Doubt(NamedTuple):
    """Why a silent service is not called down yet.

    :param since: ``time.monotonic()`` of the first cause
    :param until: ``time.monotonic()`` when it ends, if the backend answers
        until then
    :param why: the cause, in words for an operator
    """

    since: float
    until: float
    why: str

    def __str__(self) -> str:
        return self.why


class Liveness(NamedTuple):
    """The verdict of a membership about one service.

    A NamedTuple, since a list of services makes one for each of them.

    :param up: a member has beaten within ``service_down_time``
    :param last_seen: the last beat by the backend's clock, where it keeps it
    :param known_at: ``time.monotonic()`` of the reader when it learned this
    :param members: the processes behind the service, for drivers which
        declare ``member_details``
    :param unknown: why the backend cannot tell now, None where it can. With
        ``up`` the service was up when it was last known to this process or
        to the membership, or is presumed up, and that stands. Without it
        nothing is known of the service: nobody may call it down. What was
        down when it was last known is not unknown.
    """

    up: bool
    last_seen: datetime.datetime | None
    known_at: float
    members: tuple[Member, ...] = ()
    unknown: str | Doubt | None = None

    @property
    def state(self) -> str:
        """``up``, ``down``, or ``unknown``."""
        if self.up:
            return UP
        return DOWN if self.unknown is None else UNKNOWN


class AllBut(NamedTuple):
    """The verdicts about all services at once: they are up, but for these.

    :param services: the uuids of the services it speaks of
    :param but: verdicts of all that are not up, and perhaps of others
    :param known_at: ``time.monotonic()`` of the reader before it asked
    :param since: all that are up have beaten since then; None where that was
        not told
    :param size: how many services there are; 0 where that was not told
    """

    services: Container[str]
    but: Mapping[str, Liveness]
    known_at: float
    since: datetime.datetime | None = None
    size: int = 0

    def up(self, uuid: str) -> Liveness:
        """Return the verdict about one of the services that are up."""
        seen = self.since
        if isinstance(self.services, Roster):
            seen = self.services.last_seen[uuid]
        return of_values((True, seen, self.known_at, (), None))


class Roster(Container[str]):
    """The services of a list, and when each of them beat last.

    Few ask: the index is made for the first one who does. Records are not
    kept for it: they would outlive the list, and the garbage collector would
    look at each of them.

    :param uuids: of the services
    :param seen: their last beats, in the same order
    """

    def __init__(
        self,
        uuids: Sequence[str],
        seen: Sequence[datetime.datetime | None],
    ) -> None:
        self._listed = (uuids, seen)
        self._index: Mapping[str, datetime.datetime | None] | None = None

    @property
    def last_seen(self) -> Mapping[str, datetime.datetime | None]:
        """The last beats, by uuid."""
        # Read first: another thread lets go of them behind its index.
        uuids, seen = self._listed
        if self._index is None:
            self._index = dict(zip(uuids, seen, strict=True))
            self._listed = ((), ())
        return self._index

    def __contains__(self, uuid: object) -> bool:
        return uuid in self.last_seen


class Listed(Mapping[str, Liveness]):
    """The verdicts about the services of a list: up, but for these.

    That of a service that is up is made when it is looked at.

    :param services: all of them
    :param but: verdicts of those that are not up, and perhaps of others
    :param known_at: ``time.monotonic()`` of the reader before it asked
    """

    def __init__(
        self, services: Roster, but: Mapping[str, Liveness], known_at: float
    ) -> None:
        self.services = services
        self.but = but
        self.known_at = known_at

    def __getitem__(self, uuid: str) -> Liveness:
        found = self.but.get(uuid)
        if found is None:
            seen = self.services.last_seen[uuid]
            found = of_values((True, seen, self.known_at, (), None))
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.services.last_seen)

    def __len__(self) -> int:
        return len(self.services.last_seen)


#: What a driver says of the services in a list, or why it does not.
Answer = Mapping[str, Liveness] | exception.ServiceGroupUnavailable


def brief(
    verdicts: Mapping[str, Liveness],
) -> tuple[Mapping[str, Liveness], Liveness | None]:
    """Return verdicts for a caller who has the records, and all others' one.

    That of a service that is up may lack the last beat, which its record has.
    For lists of thousands.

    :param verdicts: that go with a list of records
    """
    if isinstance(verdicts, Listed):
        return verdicts.but, Liveness(True, None, verdicts.known_at)
    return verdicts, None


class Judge(Protocol):
    """Says what stands of verdicts that a driver has read."""

    def unsure(self) -> Collection[str]:
        """Return the services of which the last beat has to be told.

        Others are up where they have beaten within the service down time.
        """

    def learn(self, answer: Mapping[str, Liveness]) -> Mapping[str, Liveness]:
        """Take in verdicts, and return them as they stand."""

    def listed(self, answer: AllBut, filters: Mapping[str, Any]) -> None:
        """Take in what a list has told of all its services.

        :param answer: those that are not up have been learned already
        :param filters: by what they were chosen
        """


class Uuids(Container[str]):
    """The uuids of very many services, in a third of the memory of a set.

    A reader that asks for many gets a set, once that is worth it.
    """

    #: So many questions are answered without a set.
    FEW = 20

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._size = 0
        self._asked = 0
        self._set: frozenset[str] | None = None

    def add(self, uuids: Sequence[str]) -> None:
        """Take in uuids, as long as nobody has asked for any."""
        self._parts.append('\n'.join(['', *uuids, '']))
        self._size += len(uuids)

    def __len__(self) -> int:
        return self._size

    def __contains__(self, uuid: object) -> bool:
        if self._set is None:
            self._asked += 1
            if self._asked <= self.FEW:
                return any(f'\n{uuid}\n' in part for part in self._parts)
            self._set = frozenset(
                each for part in self._parts for each in part.split()
            )
        return uuid in self._set


#: Seconds from 1970 to the year 10000, which no time can hold.
NEVER = 253402300800

#: Returns the verdict with these values, all of them, in order. For lists:
#: the constructor, which takes keywords, takes a third longer.
of_values: Callable[
    [tuple[bool, datetime.datetime | None, float, tuple[Member, ...], None]],
    Liveness,
] = functools.partial(tuple.__new__, Liveness)

#: The same for a member.
member_of_values: Callable[[tuple[int, float, int]], Member] = (
    functools.partial(tuple.__new__, Member)
)
