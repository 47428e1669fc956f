# SPDX-License-Identifier: Apache-2.0

"""The entries of one service as one value, for backends that compare and set.

JSON with a format: entries are lists in the order of the fields of
``entry.Entry``, without the uuid. A newer release adds values behind these.
"""

from collections.abc import Sequence
import datetime
import json
from typing import Any

from nova_sg import exception
from nova_sg.servicegroup.history import entry as entry_

FORMAT = 1

#: The most bytes of a value. A server takes 1 MB at most, of which the
#: default limits use a fiftieth.
MOST = 500_000


def encode(entries: Sequence[entry_.Entry]) -> bytes:
    """Return the value of the entries of a service.

    The oldest are left out where it would be too long.
    """
    texts = [_dump(each) for each in entries]
    while len(texts) > 1 and sum(map(len, texts)) > MOST:
        del texts[0]
    return b'{"format":%d,"entries":[%b]}' % (FORMAT, b','.join(texts))


def decode(
    value: bytes,
    uuid: str,
    written_at: datetime.datetime | None = None,
    newest: int = 0,
) -> list[entry_.Entry]:
    """Return the entries of a service from their value.

    :param newest: only so many of them; 0 for all
    :param written_at: when the value was written; the time of an entry that
        has none
    :raises RecordUnreadable: this is no value of entries
    """
    try:
        return [
            _entry(uuid, each, written_at)
            for each in json.loads(value)['entries'][-newest:]
        ]
    except (ValueError, TypeError, KeyError) as error:
        raise exception.RecordUnreadable(
            where=f'the history of service {uuid}',
            reason=f'{type(error).__name__}: {error}',
        ) from error


def _dump(entry: entry_.Entry) -> bytes:
    _uuid, *values = entry_.dump(entry).values()
    return json.dumps(
        values, ensure_ascii=False, separators=(',', ':')
    ).encode(errors='replace')


def _entry(
    uuid: str, values: Sequence[Any], written_at: datetime.datetime | None
) -> entry_.Entry:
    names = entry_.Entry._fields[1:]
    found = entry_.load(
        {'uuid': uuid, **dict(zip(names, values, strict=False))}
    )
    return found if found.time else found._replace(time=written_at)
