# SPDX-License-Identifier: Apache-2.0

"""Whether *no member* could beat for a while, or only one client could not.

Members count *ticks* on each server: the first that finds the tick it beats in
to be a report interval old begins the next one. No clock of the server or of
a client is compared with another. While no member can beat, the tick stands
still. Each member leaves a *trace* that outlives its key: the tick in which it
last beat. A client that was cut off for long says which tick it knew before it
says anything else::

    tick 7   agents A and B beat, C has been dead since tick 1
             memcached hangs for longer than the service down time
    tick 7   it goes on; the keys of A and B have expired. It first reads what
             waits in its sockets, also of A: "silence since tick 7"
    tick 7   a process that has just begun finds no key of A, B and C, and the
             silence. The traces of A and B say 7: they could not beat, and are
             not called down. That of C says 1: it is down.
    tick 8   A beats
    tick 9   B beats; the silence expires

and with one client that is cut off::

    tick 7   A, B and C beat; A is cut off, and C dies
    tick 13  A is back: "silence since tick 7". But B went on counting: it was
             A's silence and no other member's. C is down.

Where no member is left, none counts. A client that could read for as long as
all members need to beat, and still finds the same tick, has seen that they are
dead: it tells of no silence, however often its own link fails, and believes in
none.

No client may be back to say it, where memcached kept its connections or all
were cut off from it. So a member that begins a tick renews ``counting``, a key
that expires before the first member does. A process that has just begun, and
finds members missing and none counting, tells of the silence itself, once
for each tick::

    tick 7   the network between memcached and all hosts is cut for longer
             than the service down time: the keys of A and B, and counting,
             expire
    tick 7   it is mended; a command begins before A and B beat. None
             counts: "silence since tick 7". A and B are not called down
    tick 7   had they died, they are down when the silence expires: that of
             tick 7 was told
"""

from collections.abc import Collection
from collections.abc import Mapping
import json
import threading
import time
from typing import NamedTuple

from oslo_config import cfg

from nova_sg import forks
from nova_sg.servicegroup.backends.memcached import connection
from nova_sg.servicegroup.backends.memcached import keys as keys_

Write = connection.Write

#: Seconds for which a trace is kept: longer than any outage should last.
TRACE_TTL = 7 * 86400

#: Ticks from the one that a client knew before a silence of all to the last
#: in which not all have beaten since: another may have begun just before the
#: silence, the first that is back begins one, and all beat within the next.
SLACK = 3

#: The share of a report interval after which a tick is over.
_ROUND = 0.9


class Bounds(NamedTuple):
    """How ticks are counted, and what they prove.

    :param interval: seconds of a tick
    :param tolerable: seconds without a beat that no key expires in
    :param settling: seconds in which all members beat after a silence
    :param renewal: ticks after which a member renews its trace, so that not
        each beat is two writes; one that died more ticks before a silence
        was down without it
    :param counting: seconds after a tick began in which another one is sure
        to begin, and no member that beat in it expires
    """

    interval: int
    tolerable: float
    settling: int
    renewal: int
    counting: int


def bounds(conf: cfg.ConfigOpts, settling: int) -> Bounds:
    """Return the bounds of a deployment.

    :param conf: a loaded configuration
    :param settling: seconds in which every living member beats again
    """
    interval: int = conf.servicegroup.report_interval
    down_time: int = conf.servicegroup.service_down_time
    return Bounds(
        interval,
        # A member's last beat was up to an interval before a silence, and its
        # next one comes up to an interval after it.
        down_time - 2 * interval - settling,
        settling,
        max(1, down_time // interval - 3),
        max(2 * interval, down_time - interval - 1),
    )


class Silence:
    """The ticks of one server, as one process has seen them. Thread safe.

    :param keys: the keys of the deployment
    :param within: how they are counted
    """

    def __init__(self, keys: keys_.Keys, within: Bounds) -> None:
        self._keys = keys
        self.bounds = within
        self._lock = forks.renewed(self, '_lock', threading.Lock)
        self._tick: int | None = None
        self._since = 0.0
        # For how long the server answered, and the tick stood still; up to
        # when that is counted, None since an outage.
        self._idle = 0.0
        self._read_at: float | None = None
        # A tick in which this process saw that its members were dead.
        self._disproved: int | None = None
        self._told = False

    def saw(self, value: bytes | None) -> int:
        """Note the tick that was read; return it, 0 without one."""
        tick = _number(value)
        now = time.monotonic()
        with self._lock:
            if tick != self._tick:
                if self._saw_them_dead():
                    self._disproved = self._tick
                self._tick = tick
                self._since = now
                self._idle = 0.0
            elif self._read_at is not None:
                # Between two reads far apart there may have been an outage.
                passed = min(now - self._read_at, self.bounds.interval)
                self._idle += max(passed, 0.0)
            self._read_at = now
        return tick

    def beat(
        self, found: tuple[bytes, bytes] | None
    ) -> tuple[int, list[Write]]:
        """Return the tick of a beat, and what begins it, if it is new.

        :param found: the tick that was read, with its token; None: there is
            none
        """
        if found is None:
            self.saw(b'1')
            return 1, [Write('add', self._keys.tick, b'1'), self._counting()]
        value, token = found
        tick = self.saw(value)
        with self._lock:
            age = time.monotonic() - self._since
            if age < _ROUND * self.bounds.interval:
                return tick, []
            tick += 1
            self._tick = tick
            self._since += age
            self._idle = 0.0
        begins = Write('cas', self._keys.tick, b'%d' % tick, 0, token)
        return tick, [begins, self._counting()]

    def _counting(self) -> Write:
        return Write('set', self._keys.counting, b'1', self.bounds.counting)

    def greeting(self, seconds: float) -> Write | None:
        """Return what to tell a server that was out for this process.

        :param seconds: how long it was
        """
        with self._lock:
            tick, dead = self._tick, self._saw_them_dead()
        if seconds <= self.bounds.tolerable or not tick or dead:
            return None
        self._told = True
        return self._note(tick)

    def unheard(
        self, tick: int, counting: bytes | None, told: bytes | None
    ) -> list[Write]:
        """Return what to tell a server where members are missing.

        :param tick: the tick that was read
        :param counting: what was read of that key
        :param told: what was read of that key
        :returns: nothing where a member counts, or the silence of this tick
            was told
        """
        with self._lock:
            dead = self._saw_them_dead()
        if counting is not None or not tick or dead or _number(told) == tick:
            return []
        return [
            self._note(tick),
            Write('set', self._keys.told, b'%d' % tick),
        ]

    def _note(self, tick: int) -> Write:
        note = json.dumps({'format': 1, 'tick': tick}).encode()
        return Write('add', self._keys.silence, note, self.bounds.settling)

    def _saw_them_dead(self) -> bool:
        """Return whether members that live would have begun another tick."""
        return self._idle >= self.bounds.settling

    def returned(self) -> None:
        """Note that a server answers again that was out for this process.

        Of the time that members have to beat, each silence that was told
        takes an interval: a link that fails again and again would never leave
        them enough.
        """
        with self._lock:
            if self._told:
                self._idle += self.bounds.interval
            self._told = False
            self._read_at = None

    def begun(self, note: bytes | None, tick: int) -> int | None:
        """Return the tick in which all fell silent, None where they did not.

        :param note: what a client has told the server, None without it
        :param tick: the tick now
        """
        if note is None:
            return None
        try:
            told = int(json.loads(note)['tick'])
        except (ValueError, LookupError, TypeError):
            return None
        with self._lock:
            if self._saw_them_dead() or told == self._disproved:
                return None
        return told if tick - SLACK <= told <= tick else None

    def earliest(self, tick: int) -> int:
        """Return the earliest tick of a silence that is not over yet."""
        return tick - SLACK

    def kept_silent(
        self, traces: Mapping[str, bytes], began: int
    ) -> Collection[str]:
        """Return the services which beat when all fell silent.

        :param traces: by service
        :param began: the tick in which they did
        """
        return {
            service
            for service, trace in traces.items()
            if _number(trace) >= max(began - self.bounds.renewal, 1)
        }


def _number(value: bytes | None) -> int:
    try:
        return int(value or 0)
    except ValueError:
        return 0
