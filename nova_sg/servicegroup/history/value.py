# SPDX-License-Identifier: Apache-2.0

"""The entries of one service as one value, for backends that compare and set.

JSON with a format: entries are lists in the order of the fields of
``entry.Entry``, without the uuid. A newer release adds values behind these.

One value that cannot be read is the history of one service, and not of all:
its service has none, and nothing is written over it. What is damaged goes when
old entries do, and what a later release wrote stays.
"""

from collections.abc import Sequence
import datetime
import json
from typing import Any

from oslo_log import log as logging

from nova_sg.servicegroup.history import entry as entry_

LOG = logging.getLogger(__name__)

FORMAT = 1

#: The most bytes of a value. A server takes 1 MB at most, of which the
#: default limits use a fiftieth.
MOST = 500_000

#: The services of which it was said that their history cannot be read.
_told: set[str] = set()


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
) -> list[entry_.Entry] | None:
    """Return the entries of a service from their value.

    :param newest: only so many of them; 0 for all
    :param written_at: when the value was written; the time of an entry that
        has none
    :returns: nothing of a damaged value; None for one of a later format
    """
    try:
        content = json.loads(value)
        if content['format'] > FORMAT:
            _tell(uuid, 'of a later format')
            return None
        return [
            _entry(uuid, each, written_at)
            for each in content['entries'][-newest:]
        ]
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        _tell(uuid, f'damaged: {type(error).__name__}: {error}')
        return []


def _tell(uuid: str, what: str) -> None:
    """Say once of a service that its history cannot be read."""
    if uuid not in _told:
        _told.add(uuid)
        LOG.warning('The history of service %s is %s', uuid, what)


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
