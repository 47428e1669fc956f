# SPDX-License-Identifier: Apache-2.0

"""The latest changes of a cell, in the order in which they were made.

Each change of a record is also a znode with the next number, created in the
same transaction. ZooKeeper gives the numbers, without a gap, so that writers
never contend for one; and a reader that has seen number n can wait for the
znode of number n + 1 to appear. The value is what the record has become.

The log is here because kazoo 2.11 has neither persistent watches nor
multi-read. A watch on each record would have to be left anew after each
event, at 10,000 round trips for 10,000 records, and a change between two
watches goes unseen. With the log one watch per cell is enough, and nothing is
missed. A client with persistent recursive watches (ZooKeeper 3.6) would need
neither the log nor its trimming.
"""

import json
from typing import Any

from oslo_log import log as logging

from nova_sg import exception
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.zookeeper import layout
from nova_sg.servicegroup.backends.zookeeper import requests
from nova_sg.servicegroup.backends.zookeeper import session as sg_session
from nova_sg.servicegroup.records import codec

LOG = logging.getLogger(__name__)

#: How many changes the log keeps at least. A reader that falls back further
#: reads everything anew.
KEPT = 4000

#: Every so many changes the writer of one removes what is too old.
TRIM_EVERY = 100

FORMAT = 1


def changed(
    cell: layout.CellLayout, written: record.Record, stamp: str | None = None
) -> requests.Operation:
    """Note that a record was written.

    :param stamp: see :func:`codec.encode`
    """
    return _next(cell, codec.encode(codec.Stored(written), stamp))


def destroyed(cell: layout.CellLayout, uuid: str) -> requests.Operation:
    """Note that a record was destroyed."""
    value = json.dumps({'format': FORMAT, 'destroyed': uuid})
    return _next(cell, value.encode())


def _next(cell: layout.CellLayout, value: bytes) -> requests.Operation:
    return requests.create_next(f'{cell.log}/{layout.LOG_PREFIX}', value)


def decode(
    value: bytes, written_at: int, where: str
) -> tuple[str, record.Record | None]:
    """Return what a change has changed.

    :returns: the uuid, and the record or None where it was destroyed
    :raises RecordUnreadable: this code does not understand it
    """
    if b'"uuid"' not in value:
        return _destroyed(value, where), None
    read = codec.decode(value, where, written_at).record
    return read.uuid, read


def _destroyed(value: bytes, where: str) -> str:
    try:
        values = json.loads(value)
        if values['format'] <= FORMAT:
            return str(values['destroyed'])
        reason = f'it has format {values["format"]}, newer than here'
    except (ValueError, TypeError, KeyError) as error:
        reason = f'{type(error).__name__}: {error}'
    raise exception.RecordUnreadable(where=where, reason=reason)


def ask_position(cell: layout.CellLayout) -> requests.Request:
    """Ask how far the log of a cell is; see :func:`position_of`."""
    return requests.exists(cell.log)


def position_of(stat: Any) -> tuple[int | None, int]:
    """Return which log there is, and the number of its next change.

    ZooKeeper numbers the znodes of a log by how many were created. The
    ``cversion`` that it shows counts those created and those deleted.

    :param stat: the answer to :func:`ask_position`
    :returns: the transaction that created the log, None without one; and the
        number
    """
    if stat is None:
        return None, 0
    return stat.czxid, (stat.cversion + stat.numChildren) // 2


def numbers(names: list[str]) -> list[int]:
    """Return the numbers of changes from the names below the log."""
    return sorted(layout.number_of(name) for name in names)


def trim(
    session: sg_session.Session, cell: layout.CellLayout, number: int
) -> None:
    """Remove what is too old, now and then.

    Never fails: the writer of a later change does it then.

    :param number: of the change that was just made
    """
    if number % TRIM_EVERY:
        return
    try:
        (names,) = session.ask([requests.children(cell.log)])
        old = [n for n in numbers(names) if n <= number - KEPT]
        session.commit_many(
            [[requests.delete(cell.change(each))] for each in old]
        )
    except exception.ServiceGroupUnavailable as error:
        LOG.debug('Not trimming %s: %s', cell.log, error)
