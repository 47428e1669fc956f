# SPDX-License-Identifier: Apache-2.0

"""The operations of which the change of a record is made.

A record, its entries and its change in the log go into one transaction; the
change in the log is the last operation.
"""

from collections.abc import Mapping

from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.zookeeper import changelog
from nova_sg.servicegroup.backends.zookeeper import layout
from nova_sg.servicegroup.backends.zookeeper import lookup
from nova_sg.servicegroup.backends.zookeeper import multiread
from nova_sg.servicegroup.backends.zookeeper import requests
from nova_sg.servicegroup.records import codec

#: How many of its latest changes a record remembers at most, so that the
#: value stays far below the 1 MB that a server takes.
MOST = 500


def written(
    before: codec.Stored, after: record.Record, token: str
) -> codec.Stored:
    """Return what is stored once the change with a token is made."""
    return before.changed(token, after, most=MOST)


def creation(
    cell: layout.CellLayout, value: codec.Stored, stamp: str | None = None
) -> list[requests.Operation]:
    """Return what creates a record, or the trace of one.

    The second operation has the time of the write in its result: ZooKeeper
    tells it only of a znode that is changed.

    :param stamp: see :func:`codec.encode`
    """
    made = value.record
    place = place_of(cell, made)
    # A uuid is in one of these places, and once.
    (other,) = {cell.service(made.uuid), cell.trace(made.uuid)} - {place}
    operations = [
        requests.create(place),
        requests.change(place, codec.encode(value, stamp), 0),
        requests.create(other),
        requests.delete(other),
        *difference({}, entries_of(cell, made)),
    ]
    if not made.deleted:
        operations.append(changelog.changed(cell, made, stamp))
    return operations


def rewriting(
    cell: layout.CellLayout, found: lookup.Found, value: codec.Stored
) -> list[requests.Operation]:
    """Return what changes a live record.

    The first operation has the time of the write in its result.
    """
    path = cell.service(value.record.uuid)
    return [
        requests.change(
            path, codec.encode(value, 'updated_at'), found.version
        ),
        *difference(cell.entries(found.record), cell.entries(value.record)),
        changelog.changed(cell, value.record, 'updated_at'),
    ]


def destruction(
    cell: layout.CellLayout, found: lookup.Found, trace: codec.Stored
) -> list[requests.Operation]:
    """Return what makes a live record a trace."""
    gone = trace.record
    return [
        requests.delete(cell.service(gone.uuid), found.version),
        requests.create(
            cell.trace(gone.uuid), codec.encode(trace, 'deleted_at')
        ),
        *difference(cell.entries(found.record), entries_of(cell, gone)),
        changelog.destroyed(cell, gone.uuid),
    ]


def place_of(cell: layout.CellLayout, of: record.Record) -> str:
    """Return where a record belongs."""
    return cell.trace(of.uuid) if of.deleted else cell.service(of.uuid)


def entries_of(cell: layout.CellLayout, of: record.Record) -> dict[str, bytes]:
    """Return what stands beside a record: of a trace, only its id."""
    if of.deleted:
        return {cell.id(of.id): of.uuid.encode()}
    return cell.entries(of)


def removal(
    cell: layout.CellLayout, place: str, value: multiread.Value
) -> list[requests.Operation]:
    """Return what takes a record away, and all that stands beside it."""
    gone = codec.decode(value.data, place, value.stat.mtime).record
    operations = [
        requests.delete(place, value.stat.version),
        *difference(entries_of(cell, gone), {}),
    ]
    if not gone.deleted:
        operations.append(changelog.destroyed(cell, gone.uuid))
    return operations


def difference(
    before: Mapping[str, bytes], after: Mapping[str, bytes]
) -> list[requests.Operation]:
    """Return what turns the entries of a record into others."""
    return [
        *(requests.delete(path) for path in before if path not in after),
        *(
            requests.create(path, value)
            for path, value in after.items()
            if path not in before
        ),
    ]
