# SPDX-License-Identifier: Apache-2.0

"""When to ask for all services instead of one after the other.

::

    t=0.00  a scheduler asks for hosts 1 to 100 of 100,000, one after the
            other: each is a question of its own
    t=0.05  it asks for host 101: all services are up, but for these three
    t=0.05+ it asks for hosts 102 to 100,000: all of them are known
    t=1.05  what was learned of them all is not fresh any more; a scheduler
            that is not done goes on, and asks for all after ten questions
"""

import time

#: Within :data:`WITHIN` seconds so many services are asked for, each by
#: itself, and so many of a thousand that are known, before all of them are.
#: By then the questions have cost about as much as the one for all does.
ALONE = 10
ALONE_OF_A_THOUSAND = 1
WITHIN = 1.0


class Pace:
    """Counts the questions of a second. Not thread safe."""

    def __init__(self) -> None:
        # How often one was asked for, and until when that counts.
        self._asked = 0
        self._until = 0.0

    def is_for_all(self, known: int, *, goes_on: bool) -> bool:
        """Note a question, and return whether it should be for all services.

        :param known: how many services are known
        :param goes_on: whether all were asked for a moment ago
        """
        now = time.monotonic()
        if now >= self._until:
            self._asked = 0
            self._until = now + WITHIN
        self._asked += 1
        if goes_on:
            return self._asked > ALONE
        return self._asked > max(ALONE, known * ALONE_OF_A_THOUSAND // 1000)
