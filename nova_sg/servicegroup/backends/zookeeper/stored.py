# SPDX-License-Identifier: Apache-2.0

"""A record as the value of a znode.

The clock of whoever writes is in none of its times. The writer names the
field that is to hold the moment of the write, and who reads fills in the
time that ZooKeeper has noted for it.
"""

import base64
from collections.abc import Mapping
import dataclasses
import datetime
import hashlib
import sys
from typing import Any

from nova_sg.servicegroup import record
from nova_sg.servicegroup.records import change
from nova_sg.servicegroup.records import codec

#: The key of what is ours in the value, beside the fields of the record.
_OURS = 'zookeeper'

#: How many of its latest changes a record remembers at most, so that the
#: value stays far below the 1 MB that a server takes.
_MOST = 500


@dataclasses.dataclass(frozen=True)
class Stored:
    """A record as read, and what else its value holds.

    :param record: the record
    :param writes: the latest changes, oldest first: when each was made by
        ZooKeeper's clock, in milliseconds, by the digest of its token
    :param unknown: fields of a newer writer, by name
    """

    record: record.Record
    writes: Mapping[str, int] = dataclasses.field(default_factory=dict)
    unknown: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def holds(self, token: str) -> bool:
        """Return whether the change with a token is in this."""
        return _digest(token) in self.writes


def created(made: record.Record, token: str) -> Stored:
    """Return what is stored of a new record.

    :param token: of the change that creates it
    """
    return Stored(made, {_digest(token): 0})


def rewritten(before: Stored, changed: record.Record, token: str) -> Stored:
    """Return what is stored once a record is changed.

    Tokens that were too old at the change before this one are dropped.

    :param token: of this change
    """
    newest = max(before.writes.values(), default=0)
    kept = {
        digest: made_at
        for digest, made_at in before.writes.items()
        if made_at >= newest - change.KEPT * 1000
    }
    latest = [*kept.items()][-_MOST + 1 :]
    return Stored(changed, {**dict(latest), _digest(token): 0}, before.unknown)


def _digest(token: str) -> str:
    """Return a token in 11 characters."""
    made = hashlib.blake2b(token.encode(), digest_size=8).digest()
    return base64.urlsafe_b64encode(made).decode().rstrip('=')


def encode(stored: Stored, stamp: str | None = None) -> bytes:
    """Return the value that keeps a record.

    :param stamp: the field which holds the moment of this write
    """
    ours: dict[str, Any] = {}
    if stored.writes:
        # The time of this write is for ZooKeeper to note.
        ours['writes'] = [
            f'{digest}:{made_at}' if made_at else digest
            for digest, made_at in stored.writes.items()
        ]
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
    writes = {}
    for each in ours.get('writes', ()):
        digest, _, made_at = each.partition(':')
        writes[digest] = int(made_at or written_at)
    return Stored(found.record._replace(**changes), writes, unknown)


def time_of(milliseconds: int) -> datetime.datetime:
    """Return a time of ZooKeeper's."""
    return datetime.datetime.fromtimestamp(
        milliseconds / 1000, tz=datetime.UTC
    )
