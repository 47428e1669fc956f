# SPDX-License-Identifier: Apache-2.0

"""Services that are read along with one that is asked for.

::

    t=0.00  a scheduler asks for hosts 1 to 10, one after the other: each is
            a request
    t=0.01  it asks for host 11, and hosts 12 to 510 are read along with it
    t=0.02  it asks for hosts 12 to 510: all of them are known
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import itertools
import time

#: How many services are asked for within :data:`WITHIN` seconds, each by
#: itself, before others are read along.
ALONE = 10
WITHIN = 1.0


class ReadAhead:
    """Chooses what is read along. Not thread safe.

    :param most: for how many services at most to ask at once
    """

    def __init__(self, most: int) -> None:
        self._most = most
        # How often one was asked for, until when that counts, and which are
        # next.
        self._asked = 0
        self._until = 0.0
        self._next: Iterator[str] = iter(())

    def batch(
        self,
        uuid: str,
        known: Iterable[str],
        is_fresh: Callable[[str], bool],
    ) -> list[str]:
        """Return a service that is asked for, and those read along with it.

        :param known: all services that are known, in the order of a list
        :param is_fresh: whether a service need not be asked for
        """
        now = time.monotonic()
        if now >= self._until:
            self._asked = 0
            self._until = now + WITHIN
        self._asked += 1
        if self._asked <= ALONE or self._most == 1:
            return [uuid]
        if self._asked == ALONE + 1:
            self._next = iter(_after(uuid, list(known)))
        stale = (
            each for each in self._next if each != uuid and not is_fresh(each)
        )
        return [uuid, *itertools.islice(stale, self._most - 1)]


def _after(uuid: str, listed: list[str]) -> list[str]:
    """Return all other services, first those that follow in the list."""
    try:
        at = listed.index(uuid)
    except ValueError:
        return listed
    return listed[at + 1 :] + listed[:at]
