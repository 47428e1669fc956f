# SPDX-License-Identifier: Apache-2.0

"""A worker of a service, as it writes the value of the service's key.

How that is written is said by :mod:`.values`. Times are seconds since 1970 by
the worker's own clock, to be shown and for nothing else.
"""

import math
import os
import time
from typing import Any
from typing import NamedTuple
import uuid

from nova_sg.servicegroup import invocation as sg_invocation
from nova_sg.servicegroup.backends.memcached import last
from nova_sg.servicegroup.backends.memcached import values as values_


class Rest(NamedTuple):
    """What is left in a key without one worker.

    :param value: the value
    :param ttl: seconds for which it stays
    :param alone: there was no other worker
    """

    value: bytes
    ttl: int
    alone: bool


class Others(NamedTuple):
    """What is left in a key without the workers of an invocation.

    :param value: the value
    :param alone: there were no other workers
    :param taken: how many were of the invocation
    :param seen_at: when the last of those beat, by its own clock
    """

    value: bytes
    alone: bool
    taken: int
    seen_at: float


class Worker:
    """One process's membership of one service, and what it sees of others.

    :param key: the service's key
    :param ttl: seconds after which it is down without a further beat
    :param trace: the key of when the service last beat, in ticks
    :param said: the key of what was last said of the service
    :param form: the format that it writes; see :mod:`.values`
    :ivar last: the same as ``said``
    :ivar end: what is said there when this worker leaves
    """

    def __init__(
        self,
        key: str,
        ttl: int,
        trace: str,
        said: str,
        form: int = values_.NAMED,
    ) -> None:
        self.key = key
        self.ttl = ttl
        self.trace = trace
        self.last = said
        self.end = last.End(said)
        self._form = form
        self._traced: int | None = None
        self._name = uuid.uuid4().hex[:12]
        self._started_at = time.time()
        self._invocation = sg_invocation.current()
        self._beats = 0
        # By worker: its beats, and when this process first saw so many.
        self._others: dict[str, tuple[int, float]] = {}

    def alone(self) -> bytes:
        """Return the value for a key that is not there."""
        return self._encode({'workers': {self._name: self._entry()}})

    def among(self, value: bytes) -> bytes | None:
        """Return a value with this worker's beat put into it.

        :returns: None where the service was forgotten
        """
        values = _decode(value)
        if 'forgotten' in values:
            return None
        values.pop(values_.EXPECTED, None)
        workers = self._living(values)
        workers[self._name] = self._entry()
        return self._encode({**values, 'workers': workers})

    def without(self, value: bytes) -> Rest | None:
        """Return what is left without this worker.

        Others may not beat any more: the key is given no longer than the
        last of them was seen to have.

        :returns: None where the service was forgotten
        """
        values = _decode(value)
        if 'forgotten' in values:
            return None
        workers = self._living(values)
        workers.pop(self._name, None)
        age = min((self._age(name) for name in workers), default=0.0)
        ttl = max(1, math.ceil(self.ttl - age))
        left_over = self._encode({**values, 'workers': workers})
        return Rest(left_over, ttl, not workers)

    def beat_last(self, value: bytes) -> bool:
        """Return whether no other worker has beaten since this one did.

        :param value: of the key, as it is now
        :returns: False also where the service was forgotten
        """
        values = _decode(value)
        return 'forgotten' not in values and all(
            name == self._name
            or self._others.get(name, (None,))[0] == entry['beats']
            for name, entry in values.get('workers', {}).items()
        )

    def leaves_trace(self, tick: int, renewal: int) -> bool:
        """Return whether the trace is to be written with this beat.

        :param tick: the tick of the beat
        :param renewal: ticks after which it is written again
        """
        traced = self._traced
        if traced is not None and 0 <= tick - traced < renewal:
            return False
        self._traced = tick
        return True

    def renew_trace(self) -> None:
        """Have the next beat say that the service is expected."""
        self._traced = None

    def count(self) -> None:
        """Begin another beat."""
        self._beats += 1

    def _encode(self, values: dict[str, Any]) -> bytes:
        return values_.encode(values, self._form)

    def _entry(self) -> dict[str, Any]:
        entry: dict[str, Any] = {
            'pid': os.getpid(),
            'ttl': self.ttl,
            'started_at': self._started_at,
            'seen_at': time.time(),
            'beats': self._beats,
        }
        if self._invocation is not None:
            entry['invocation'] = self._invocation
        return entry

    def _living(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return the entries of workers which have beaten lately.

        One that beats changes its entry. Which entry is old is judged by how
        long this process has seen it unchanged, not by any clock.
        """
        workers = dict(values.get('workers', {}))
        now = time.monotonic()
        for name, entry in list(workers.items()):
            if name == self._name:
                continue
            beats, _since = self._others.get(name, (None, now))
            if beats != entry['beats']:
                self._others[name] = (entry['beats'], now)
            elif self._age(name) > entry['ttl']:
                del workers[name]
        return workers

    def _age(self, name: str) -> float:
        return time.monotonic() - self._others[name][1]


def without_invocation(value: bytes, invocation: str) -> Others | None:
    """Return what is left of a value without the workers of an invocation.

    :returns: None where there is no such worker
    """
    values = _decode(value)
    workers = values.get('workers', {})
    taken = {
        name: entry
        for name, entry in workers.items()
        if entry.get('invocation') == invocation
    }
    if not taken:
        return None
    others = {name: workers[name] for name in workers if name not in taken}
    # As it was: this process may not be one of those that beat.
    form = values.get('format', values_.NAMED)
    rest = values_.encode({**values, 'workers': others}, form)
    seen_at = max(float(entry.get('seen_at', 0)) for entry in taken.values())
    return Others(rest, not others, len(taken), seen_at)


def _decode(value: bytes) -> dict[str, Any]:
    """Return what a value holds; of one that is not ours, nothing."""
    try:
        values = values_.decode(value)
        for entry in values.get('workers', {}).values():
            entry['beats'], entry['ttl']
    except values_.UNREADABLE:
        return {}
    return values
