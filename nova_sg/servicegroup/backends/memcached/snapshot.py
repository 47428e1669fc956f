# SPDX-License-Identifier: Apache-2.0

"""The records of a cell, as this process has read them last.

A list reads all values of the cell, but takes apart only those that changed::

    t=0  the API lists 10,000 services: it reads the index and the records,
         decodes the records, and keeps both replies
    t=1  an operator disables host 7, in another process
    t=2  the API lists again: the index is the same, the records are not. It
         decodes the record of host 7, and takes all others as they were.
    t=3  it lists again: both replies are the same, byte by byte, and so is
         the list

So there is nothing to invalidate, and nothing that could be stale: what
counts is what the server has just answered. It takes no help of the writers,
which may be of an older release.
"""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import NamedTuple

from nova_sg import sequences
from nova_sg.servicegroup import record
from nova_sg.servicegroup import view
from nova_sg.servicegroup.backends.memcached import cell as cell_
from nova_sg.servicegroup.backends.memcached import connection
from nova_sg.servicegroup.backends.memcached import index
from nova_sg.servicegroup.backends.memcached import server as server_
from nova_sg.servicegroup.records import codec


class _Read(NamedTuple):
    """What was read, and what that says.

    :param shards: the reply with the index
    :param uuids: what the index holds, by the key of the record
    :param requests: for the records
    :param replies: with the records, one for each request
    :param records: those that are live, by key
    :param view: the same
    :param lost: uuids of the index without a record
    """

    shards: bytes
    uuids: Mapping[str, str]
    requests: Sequence[bytes]
    replies: Sequence[bytes]
    records: Mapping[str, record.Record]
    view: view.View
    lost: Sequence[str]


_NOTHING = _Read(b'', {}, (), (), {}, view.View({}), ())


class Snapshot:
    """The live records of one cell. Any thread may use it.

    :param cell: the cell
    """

    def __init__(self, cell: cell_.Cell) -> None:
        self._server = cell.server
        self._key = cell.keys.service
        self._index = index.Index(cell, index.LIVE)
        self._question = connection.question(self._index.keys)
        # Replaced as a whole, so that it needs no lock.
        self._last = _NOTHING

    def read(self) -> view.View:
        """Return the records as they are now; two requests.

        One more for each :data:`.server.READ_BATCH` records. What is in the
        index without a record is removed from it.
        """
        last = self._last
        now = self._records(self._listed(last), last)
        if now is not last:
            self._last = now
        for uuid in now.lost:
            self._index.discard(uuid)
        return now.view

    def _listed(self, last: _Read) -> _Read:
        """Return what the index says; what was read, where it is the same."""
        shards, values = self._server.get_changed(self._question, last.shards)
        if values is None:
            return last
        uuids = {self._key(each): each for each in index.uuids_of(values)}
        requests = [
            connection.question(batch)
            for batch in sequences.batched([*uuids], server_.READ_BATCH)
        ]
        return _NOTHING._replace(shards=shards, uuids=uuids, requests=requests)

    def _records(self, listed: _Read, last: _Read) -> _Read:
        """Return what the records say; what was read, where that is so."""
        replies: list[bytes] = []
        parts: list[Mapping[str, bytes] | None] = []
        for number, request in enumerate(listed.requests):
            before = last.replies[number] if listed is last else b''
            reply, values = self._server.get_changed(request, before)
            replies.append(reply)
            parts.append(values)
        if listed is last and all(part is None for part in parts):
            return last
        known = _values(last.replies)
        there: dict[str, bytes] = {}
        for reply, part in zip(replies, parts, strict=True):
            there.update(_values([reply]) if part is None else part)
        records: dict[str, record.Record] = {}
        for key, value in there.items():
            if known.get(key) == value:
                if key in last.records:
                    records[key] = last.records[key]
                continue
            stored = codec.decode(value, key)
            if cell_.is_live(stored):
                records[key] = stored.record
        return listed._replace(
            replies=replies,
            records=records,
            view=view.View({each.uuid: each for each in records.values()}),
            lost=[
                uuid for key, uuid in listed.uuids.items() if key not in there
            ],
        )


def _values(replies: Sequence[bytes]) -> dict[str, bytes]:
    """Return the values in replies that are whole."""
    found: dict[str, bytes] = {}
    for reply in replies:
        found.update(connection.parse(reply) or {})
    return found
