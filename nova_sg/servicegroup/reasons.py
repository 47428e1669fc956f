# SPDX-License-Identifier: Apache-2.0

"""Why a service is down: it left, fell silent, was wedged, or was forced.

A verdict (:mod:`.liveness`) says whether a service is up, and is read for all
services all the time. A reason is asked for apart, about those that are down,
so that lists and heartbeats pay nothing for it::

    t=0    agent A joins; the backend keeps a *trace* of A from now on
    t=60   A is stopped: it leaves, and its trace says so
    t=70   a command that has just begun asks: A is ``stopped`` since t=60

    t=0    agent B joins; its trace says that it is expected
    t=60   B is killed, or its host loses its power, or its network is cut, or
           its process is suspended: nobody can tell which from elsewhere
    t=120  B is down, and its trace still expects it: B is ``silent`` since
           its last sign of life

    t=0    agent C joins; another thread of its process watches C's own loop
    t=60   the loop hangs
    t=120  C is down, and that thread has seen to it that the trace says why:
           C is ``wedged``

A trace is written when a service joins and leaves, never with each heartbeat.
"""

import datetime
import os
import socket
from typing import NamedTuple

#: It is up: it beats, and nobody has forced it down.
UP = 'up'

#: Its last worker left by itself, as a process that is stopped does.
STOPPED = 'stopped'

#: It was expected to beat and did not. Killed, cut off and suspended
#: processes look the same from elsewhere.
SILENT = 'silent'

#: Its process lived, its own loop did not beat for the service down time, and
#: another thread of the process said so: it withdrew a member that it holds a
#: lease for, or noted it (see :mod:`.membership.watchdog`).
WEDGED = 'wedged'

#: An operator forced it down, whether it beats or not.
FORCED = 'forced'

#: Nobody can tell whether it is up, or why it is down: the backend cannot be
#: asked, it keeps no trace of the service, or the service never joined.
UNKNOWN = 'unknown'

#: All of them.
REASONS = (UP, STOPPED, SILENT, WEDGED, FORCED, UNKNOWN)


class Departure(NamedTuple):
    """Why a service is as it is, and since when.

    :param reason: one of :data:`REASONS`
    :param since: when it left or was withdrawn; of a silent service its last
        sign of life. None where that is not known
    :param last_seen: its last sign of life; a service that leaves gives one.
        Where a backend keeps the time of a trace and not of each heartbeat
        this is the latest that is known: the last one was not earlier
    :param seen_by: the process that saw it last, as ``HOST:PID``: its own
        worker, or the reader that watched. None where nobody noted it

    Times are aware UTC, to be shown and for no verdict.
    """

    reason: str
    since: datetime.datetime | None = None
    last_seen: datetime.datetime | None = None
    seen_by: str | None = None

    def __str__(self) -> str:
        """Return it in words for an operator, as logs have it."""
        words = self.reason
        if self.since is not None and self.since != self.last_seen:
            words += f' since {_text(self.since)}'
        if self.last_seen is not None:
            words += f', last seen at {_text(self.last_seen)}'
            if self.seen_by is not None:
                words += f' by {self.seen_by}'
        return words


def _text(moment: datetime.datetime) -> str:
    return moment.strftime('%Y-%m-%dT%H:%M:%SZ')


def this_process() -> str:
    """Return this process as ``seen_by`` names it."""
    return f'{socket.gethostname()}:{os.getpid()}'


def of_row(
    beaten: datetime.datetime | None,
    reason: str | None = None,
    noted_at: datetime.datetime | None = None,
    last_seen: datetime.datetime | None = None,
    seen_by: str | None = None,
) -> Departure | None:
    """Return why a service is down that beats in a row, stamped by its store.

    :param beaten: the stamp of its last heartbeat
    :param reason: of its trace, and so on; None without a trace
    :param noted_at: the stamp of the trace; a trace that is older than a
        heartbeat is of an earlier end
    :returns: None where nobody can tell: it never beat
    """
    if reason is not None and noted_at is not None:
        if beaten is None or beaten <= noted_at:
            since = last_seen if reason == SILENT else noted_at
            return Departure(reason, since, last_seen, seen_by)
    if beaten is None:
        return None
    return Departure(SILENT, beaten, beaten)
