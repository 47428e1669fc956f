# SPDX-License-Identifier: Apache-2.0

"""What was last said of a service: it is expected, or why it is gone.

A member's key expires with its beats, and so does the note that all have left.
Another key stays::

    {"format": 1, "reason": "expected", "at": 1763843123.1, "by": "c1:4711"}

A worker writes it with its first beat, and then with each renewal of its trace
(see :mod:`.silence`), so that not each beat is two writes. The last worker
that leaves writes ``stopped``::

    t=0    agent A joins: expected
    t=30   A beats, and renews what it said
    t=42   A is killed; its member's key expires
    t=110  a command that has just begun finds no member, and "expected" of
           t=30: A is silent, and was seen at t=30 or later

A worker that leaves writes it just before it leaves the member's key, so that
whatever finds the service down finds out why; and only if no other process has
written there since, so that it cannot undo what one says that joins meanwhile.
Times are seconds since 1970 by the clock of the process that says it, to be
shown and for nothing else.
"""

from collections.abc import Mapping
import datetime
import time

import orjson

from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup.backends.memcached import connection
from nova_sg.servicegroup.backends.memcached.silence import TRACE_TTL

Write = connection.Write

FORMAT = 1

_EXPECTED = 'expected'


def expected(key: str) -> Write:
    """Return what a worker says that beats."""
    return Write('set', key, _value(_EXPECTED), TRACE_TTL)


class End:
    """What is said as a worker ends, which may be tried again.

    :param key: where it is said
    """

    def __init__(self, key: str) -> None:
        self._key = key
        self._said = False

    def says(
        self,
        alone: bool,
        found: tuple[bytes, bytes] | None,
        reason: str,
        seen_at: float | None = None,
    ) -> list[Write]:
        """Return what to write before the worker is taken out.

        :param alone: there is no other worker
        :param found: what was there before, with its token
        :param reason: one of ``reasons``
        :param seen_at: when it was seen last; None: now, by this process
        """
        if not alone:
            # Another worker came when it had been said that all are gone.
            again = [expected(self._key)] if self._said else []
            self._said = False
            return again
        self._said = True
        value = _value(reason, seen_at)
        if found is None:
            return [Write('add', self._key, value, TRACE_TTL)]
        return [Write('cas', self._key, value, TRACE_TTL, found[1])]


def departures(
    values: Mapping[str, bytes], keys: Mapping[str, str]
) -> dict[str, reasons.Departure]:
    """Return why services are down.

    :param values: what was read, by key
    :param keys: the keys, by uuid of the service
    :returns: by uuid, without those of which nothing can be read
    """
    found = {}
    for uuid, key in keys.items():
        why = _departure(values.get(key))
        if why is not None:
            found[uuid] = why
    return found


def _value(reason: str, seen_at: float | None = None) -> bytes:
    content = {'format': FORMAT, 'reason': reason, 'at': time.time()}
    if seen_at is None:
        return orjson.dumps({**content, 'by': reasons.this_process()})
    return orjson.dumps({**content, 'at': seen_at})


def _departure(value: bytes | None) -> reasons.Departure | None:
    try:
        content = orjson.loads(value or b'')
        reason, at = content['reason'], float(content['at'])
        if content['format'] > FORMAT or not 0 <= at < liveness.NEVER:
            return None
    except (ValueError, LookupError, TypeError):
        return None
    moment = datetime.datetime.fromtimestamp(at, datetime.UTC)
    if reason == _EXPECTED:
        reason = reasons.SILENT
    return reasons.Departure(reason, moment, moment, content.get('by'))
