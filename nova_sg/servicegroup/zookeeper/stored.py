# SPDX-License-Identifier: Apache-2.0

"""A record as the value of a znode.

The clock of whoever writes is in none of its times. The writer names the
field that is to hold the moment of the write, and who reads fills in the
time that ZooKeeper has noted for it.
"""

from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import datetime
import sys
from typing import Any

from nova_sg.servicegroup import record
from nova_sg.servicegroup.records import codec

#: The key of what is ours in the value, beside the fields of the record.
_OURS = 'zookeeper'

#: How many of its latest writes a record remembers.
_WRITES = 8


@dataclasses.dataclass(frozen=True)
class Stored:
    """A record as read, and what else its value holds.

    :param record: the record
    :param writes: tokens of its latest writes, by which a writer knows its
        own again after the answer was lost
    :param unknown: fields of a newer writer, by name
    """

    record: record.Record
    writes: Sequence[str] = ()
    unknown: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def rewritten(stored: Stored, changed: record.Record, token: str) -> Stored:
    """Return what is stored once a record is changed.

    :param token: of this write; no other has it
    """
    return Stored(changed, (*stored.writes, token)[-_WRITES:], stored.unknown)


def encode(stored: Stored, stamp: str | None = None) -> bytes:
    """Return the value that keeps a record.

    :param stamp: the field which holds the moment of this write
    """
    ours: dict[str, Any] = {}
    if stored.writes:
        ours['writes'] = list(stored.writes)
    if stamp is not None:
        ours['stamp'] = stamp
    unknown = {**stored.unknown, _OURS: ours} if ours else stored.unknown
    return codec.encode(codec.Stored(stored.record, unknown))


def decode(value: bytes, written_at: int, where: str) -> Stored:
    """Return the record that a value keeps.

    :param written_at: when ZooKeeper wrote the value, in milliseconds
    :param where: the path, for messages
    :raises RecordUnreadable: it is no record, or of a later format
    """
    found = codec.decode(value, where)
    unknown = dict(found.unknown)
    ours = unknown.pop(_OURS, {})
    # Thousands of services have these in common: keep each once.
    changes: dict[str, Any] = {
        field: sys.intern(value)
        for field in ('binary', 'topic')
        if (value := getattr(found.record, field)) is not None
    }
    if 'stamp' in ours:
        changes[ours['stamp']] = time_of(written_at)
    return Stored(
        found.record._replace(**changes), ours.get('writes', ()), unknown
    )


def time_of(milliseconds: int) -> datetime.datetime:
    """Return a time of ZooKeeper's."""
    return datetime.datetime.fromtimestamp(
        milliseconds / 1000, tz=datetime.UTC
    )
