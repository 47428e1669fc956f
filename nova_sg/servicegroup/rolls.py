# SPDX-License-Identifier: Apache-2.0

"""What lists have told of all their services, without a verdict for each::

t=0  a list of all services: A, B and C are up, D is not
t=1  a list of those on A's host: A is not up
t=2  the backend cannot be asked: B and C were up at t=0, and A was not
     at t=1
"""

from collections.abc import Mapping
import time
from typing import Any

from nova_sg.servicegroup import liveness

#: Lists that are remembered, by their filters.
MOST = 8


class Rolls:
    """The latest lists, by their filters. Not thread safe."""

    def __init__(self) -> None:
        # The newest is the last one.
        self._rolls: dict[frozenset[tuple[str, Any]], liveness.AllBut] = {}

    @property
    def size(self) -> int:
        """How many services the longest of the lists has."""
        return max((each.size for each in self._rolls.values()), default=0)

    def remember(
        self, answer: liveness.AllBut, filters: Mapping[str, Any]
    ) -> None:
        """Take in what a list has told.

        :param filters: by what its services were chosen
        """
        given = frozenset((k, v) for k, v in filters.items() if v is not None)
        # What an older list tells is in a newer one with less filters.
        kept = {
            chosen: each
            for chosen, each in self._rolls.items()
            if not given <= chosen
        }
        # Very many lists of a host each tell less than one of all. Of those
        # that tell as little, the oldest goes.
        while len(kept) >= MOST:
            del kept[min(kept, key=lambda each: kept[each].size)]
        self._rolls = {**kept, given: answer}

    def latest(
        self, uuid: str, known: liveness.Liveness | None
    ) -> liveness.Liveness | None:
        """Return the latest verdict about a service, None without one.

        The last beat of a service that a list has told to be up is not known,
        only that it lies behind :attr:`liveness.AllBut.since`; unless its
        record was read as well.

        :param known: what is known of this service apart from lists
        """
        for each in reversed(self._rolls.values()):
            if known is not None and known.known_at >= each.known_at:
                break
            if uuid in each.services and uuid not in each.but:
                return each.up(uuid)
        return known

    def forget(self, uuid: str) -> None:
        """Drop a service. What lists tell of all others stands."""
        gone = {uuid: liveness.Liveness(False, None, time.monotonic())}
        self._rolls = {
            chosen: each._replace(but={**each.but, **gone})
            if uuid in each.services
            else each
            for chosen, each in self._rolls.items()
        }
