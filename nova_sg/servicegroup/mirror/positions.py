# SPDX-License-Identifier: Apache-2.0

"""How much of the changes of each cell this process has seen.

A process never reads backwards. What it writes, and what it reads from the
backend itself, may be newer than its mirror::

    t=0  the mirror has seen the changes up to number 7
    t=1  an API worker reads a record directly; change 8 is in it
    t=2  the mirror must not answer before it has seen change 8, too

So each direct read also learns how far the changes are.
"""

import threading

from nova_sg.servicegroup import lease


class Positions(lease.Listener):
    """The first position that may not be seen yet, by cell."""

    def __init__(self) -> None:
        self.forked()
        #: By cell: which log, and the position in it.
        self._seen: dict[str, tuple[int, int]] = {}

    def forked(self) -> None:
        # Another thread of the parent may have held it.
        self._lock = threading.Lock()

    def seen(self, cell: str) -> int:
        """Return the position that a mirror must have come to."""
        return self._seen.get(cell, (0, 0))[1]

    def note(self, cell: str, position: int) -> None:
        """Note that all changes below a position were seen."""
        with self._lock:
            log, seen = self._seen.get(cell, (0, 0))
            self._seen[cell] = (log, max(position, seen))

    def learn(self, cell: str, log: int | None, position: int) -> None:
        """Note how far a log is, by what the backend says of it.

        :param log: which log: one that was made anew counts anew, and has a
            greater number; None where there is no log
        """
        with self._lock:
            if log is None:
                self._seen.pop(cell, None)
                return
            known, seen = self._seen.get(cell, (0, 0))
            if log == known or not known:
                self._seen[cell] = (log, max(position, seen))
            elif log > known:
                self._seen[cell] = (log, position)
