# SPDX-License-Identifier: Apache-2.0

"""How much of each cell's change log this process has seen.

A process never reads backwards. What it writes, and what it reads from
ZooKeeper itself, may be newer than its mirror::

    t=0  the mirror has seen the changes up to number 7
    t=1  an API worker reads a record directly; change 8 is in it
    t=2  the mirror must not answer before it has seen change 8, too

So each direct read also asks how far the log is, behind the read and over the
same connection, which ZooKeeper answers in order.
"""

import threading
from typing import Any

from nova_sg.servicegroup import lease
from nova_sg.servicegroup.backends.zookeeper import layout
from nova_sg.servicegroup.backends.zookeeper import requests


def ask(cell: layout.CellLayout) -> requests.Request:
    """Ask how far the log of a cell is; see :meth:`Positions.learn`."""
    return requests.exists(cell.log)


def following(stat: Any) -> int:
    """Return the number of the next change in a log.

    ZooKeeper numbers the znodes of a log by how many were created. The
    ``cversion`` that it shows counts those created and those deleted.

    :param stat: the ZnodeStat of the log; None where there is no log
    """
    if stat is None:
        return 0
    number: int = (stat.cversion + stat.numChildren) // 2
    return number


class Positions(lease.Listener):
    """The number of the first change that may not be seen yet, by cell."""

    def __init__(self) -> None:
        self.forked()
        # The transaction that created the log: one made anew counts anew.
        self._seen: dict[str, tuple[int, int]] = {}

    def forked(self) -> None:
        # Another thread of the parent may have held it.
        self._lock = threading.Lock()

    def seen(self, cell: layout.CellLayout) -> int:
        """Return the number that a mirror must have come to."""
        return self._seen.get(cell.path, (0, 0))[1]

    def note(self, cell: layout.CellLayout, number: int) -> None:
        """Note that all changes below a number were seen."""
        with self._lock:
            log, seen = self._seen.get(cell.path, (0, 0))
            self._seen[cell.path] = (log, max(number, seen))

    def learn(self, cell: layout.CellLayout, stat: Any) -> None:
        """Note the answer to :func:`ask`."""
        with self._lock:
            if stat is None:
                self._seen.pop(cell.path, None)
                return
            log, seen = self._seen.get(cell.path, (0, 0))
            number = following(stat)
            if stat.czxid == log or not log:
                self._seen[cell.path] = (stat.czxid, max(number, seen))
            elif stat.czxid > log:
                self._seen[cell.path] = (stat.czxid, number)
