# SPDX-License-Identifier: Apache-2.0

"""The value of a member's key: the workers behind a service.

It names each worker, its process, when it joined and when it last beat. The
key is there as long as one of them beats; without workers, all have left.
``forgotten`` stands instead of workers where the service was destroyed, and
``expected`` beside none where it was created and has not joined. A worker
whose process has no invocation (see :mod:`nova_sg.servicegroup.invocation`)
names none.

It is written as an object, or packed. Format 1 names everything, once for each
worker::

    {"format": 1, "workers": {"<worker>": {"pid": 4711, "ttl": 61,
     "started_at": 1763843000.5, "seen_at": 1763843123.1, "beats": 13,
     "invocation": "6f0c..."}}}

Format 2 says the same by position. It is JSON all the same, so that an
operator can read it; it is two thirds as long, and takes a third of the time
to parse (msgpack would save another fifth of that)::

    [2, [["<worker>", 4711, 61, 1763843000.5, 1763843123.1, 13, "6f0c..."]]]

What has no position stands in an object at the end: of the worker, and of the
whole. So a field of a newer writer is kept in either format.

Every reader takes both. A release that knows format 1 alone does not
understand the other, and says that the state of the service is unknown: so
``[memcached] member_format`` says which one a process writes.
"""

from typing import Any

import orjson

#: Marks a service that no worker has joined since it was created.
EXPECTED = 'expected'

#: What a value that is not as it should be raises.
UNREADABLE = (
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    OverflowError,
)

#: A value that names its fields, and one whose fields have their places.
NAMED, PACKED = 1, 2

#: The fields of a worker that have a place, behind its name. The last one may
#: be absent.
_PLACED = ('pid', 'ttl', 'started_at', 'seen_at', 'beats', 'invocation')
_OPTIONAL = 'invocation'

#: Where the object with the rest stands: in a worker, and in the whole.
_REST_OF_WORKER = 1 + len(_PLACED)
_REST = 2


def encode(values: dict[str, Any], form: int = NAMED) -> bytes:
    """Return the value that holds some fields.

    :param values: of which ``workers`` is one
    :param form: how it is written
    """
    fields = {name: values[name] for name in values if name != 'format'}
    if form == NAMED:
        return orjson.dumps({'format': NAMED, **fields})
    workers = fields.pop('workers', {})
    packed: list[Any] = [
        PACKED,
        [_pack(name, entry) for name, entry in workers.items()],
    ]
    if fields:
        packed.append(fields)
    return orjson.dumps(packed)


def decode(value: bytes) -> dict[str, Any]:
    """Return the fields of a value, by name.

    :returns: with ``format``, in which it was written
    :raises Exception: one of :data:`UNREADABLE`
    """
    content = orjson.loads(value)
    if not isinstance(content, list):
        return dict(content)
    workers = {each[0]: _unpack(each) for each in content[1]}
    rest = content[_REST] if len(content) > _REST else {}
    return {**rest, 'format': content[0], 'workers': workers}


def left() -> bytes:
    """Return the value of a service after its last worker has left."""
    return encode({'workers': {}})


def expected() -> bytes:
    """Return the value of a service that was created, and has not joined."""
    return encode({'workers': {}, EXPECTED: True})


def forgotten() -> bytes:
    """Return the value of a service that was destroyed."""
    return encode({'forgotten': True})


def _pack(name: str, entry: dict[str, Any]) -> list[Any]:
    packed = [name, *(entry.get(field) for field in _PLACED)]
    rest = {each: entry[each] for each in entry if each not in _PLACED}
    if rest:
        packed.append(rest)
    elif packed[-1] is None:
        packed.pop()
    return packed


def _unpack(packed: list[Any]) -> dict[str, Any]:
    entry = dict(zip(_PLACED, packed[1:], strict=False))
    if entry.get(_OPTIONAL) is None:
        entry.pop(_OPTIONAL, None)
    if len(packed) > _REST_OF_WORKER:
        entry.update(packed[_REST_OF_WORKER])
    return entry
