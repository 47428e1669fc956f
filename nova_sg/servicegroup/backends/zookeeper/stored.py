# SPDX-License-Identifier: Apache-2.0

"""A record as the value of a znode: ZooKeeper notes the time of each write."""

from nova_sg.servicegroup import record
from nova_sg.servicegroup.records import codec

#: How many of its latest changes a record remembers at most, so that the
#: value stays far below the 1 MB that a server takes.
MOST = 500

Stored = codec.Stored
encode = codec.encode
time_of = codec.time_of


def created(made: record.Record, token: str) -> Stored:
    """Return what is stored of a new record.

    :param token: of the change that creates it
    """
    return rewritten(Stored(made), made, token)


def rewritten(before: Stored, changed: record.Record, token: str) -> Stored:
    """Return what is stored once a record is changed.

    :param token: of this change
    """
    return before.changed(token, changed, most=MOST)


def decode(value: bytes, written_at: int, where: str) -> Stored:
    """Return the record that a value keeps.

    :param written_at: when ZooKeeper wrote the value, in milliseconds
    :param where: the path, for messages
    :raises RecordUnreadable: it is no record, or of a later format
    """
    return codec.decode(value, where, written_at)
