# SPDX-License-Identifier: Apache-2.0

"""What the values of members' keys say of services; see :mod:`.values`."""

from collections.abc import Iterable
from collections.abc import Mapping
import datetime
from typing import Any

import orjson

from nova_sg.servicegroup import liveness
from nova_sg.servicegroup.backends.memcached import values as values_

_time = datetime.datetime.fromtimestamp
_member = liveness.member_of_values
_liveness = liveness.of_values


def verdicts(
    values: Mapping[str, bytes], known_at: float
) -> list[liveness.Liveness]:
    """Return what values say.

    :param values: by key
    :param known_at: ``time.monotonic()`` before they were asked for
    :returns: in the order of the values; of a value that cannot be read it is
        not known whether the service is up
    """
    try:
        # All as one text, which takes half the time.
        contents = orjson.loads(b'[%b]' % b','.join(values.values()))
        if len(contents) != len(values):
            raise ValueError('one value holds several')
        return _verdicts(contents, known_at)
    except values_.UNREADABLE:
        # One of them at least; the others are to be understood.
        return [
            _one_verdict(key, value, known_at) for key, value in values.items()
        ]


def _verdicts(
    contents: Iterable[Any], known_at: float
) -> list[liveness.Liveness]:
    """Return the verdicts about contents, in order.

    Most are packed and have one worker. To call functions for each of those
    would take a third longer.
    """
    # Each is looked up once for each service, else.
    member_of, liveness_of, time_of = _member, _liveness, _time
    packed, never, utc = values_.PACKED, liveness.NEVER, datetime.UTC
    return [
        liveness_of(
            (
                True,
                time_of(worker[4], utc),
                known_at,
                (member_of((worker[1], worker[3], worker[2])),),
                None,
            )
        )
        if type(content) is list
        and content[0] == packed
        and len(content[1]) == 1
        and 0 <= (worker := content[1][0])[3] < never
        and worker[4] > 0
        else _verdict(content, known_at)
        for content in contents
    ]


def _one_verdict(key: str, value: bytes, known_at: float) -> liveness.Liveness:
    try:
        return _verdict(orjson.loads(value), known_at)
    except values_.UNREADABLE as error:
        why = f'{key} cannot be read: {error}'
        return liveness.Liveness(False, None, known_at, unknown=why)


def _verdict(content: Any, known_at: float) -> liveness.Liveness:
    if isinstance(content, list):
        return _packed_verdict(content, known_at)
    if content['format'] > values_.NAMED:
        raise ValueError(f'format {content["format"]} is newer than here')
    members = []
    seen_at = 0.0
    for entry in content.get('workers', {}).values():
        if entry['seen_at'] > seen_at:
            seen_at = entry['seen_at']
        members.append(
            _joined((entry['pid'], entry['started_at'], entry['ttl']))
        )
    if not members:
        return liveness.Liveness(values_.EXPECTED in content, None, known_at)
    last_seen = _time(seen_at, datetime.UTC)
    return _liveness((True, last_seen, known_at, tuple(members), None))


def _packed_verdict(content: list[Any], known_at: float) -> liveness.Liveness:
    """Return what a packed value says; for lists, without making names."""
    if content[0] != values_.PACKED:
        raise ValueError(f'format {content[0]} is newer than here')
    members = []
    seen_at = 0.0
    for worker in content[1]:
        if worker[4] > seen_at:
            seen_at = worker[4]
        members.append(_joined((worker[1], worker[3], worker[2])))
    if not members:
        expected = values_.EXPECTED in content[-1]
        return liveness.Liveness(expected, None, known_at)
    last_seen = _time(seen_at, datetime.UTC)
    return _liveness((True, last_seen, known_at, tuple(members), None))


def _joined(member: tuple[int, float, int]) -> liveness.Member:
    if not 0 <= member[1] < liveness.NEVER:
        raise ValueError(f'no worker started at {member[1]}')
    return _member(member)
