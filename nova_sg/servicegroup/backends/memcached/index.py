# SPDX-License-Identifier: Apache-2.0

"""Which services there are: memcached cannot be asked for its keys.

An index is cut into shards, so that writers seldom meet and no value grows
too long: 100,000 services are 400 to a shard. A uuid is added before its
record goes live, and removed after it is gone, so that no live record is ever
missing. The next reader of a list removes what is in the index without a
record. Lists of live records are read by :mod:`.snapshot`.
"""

from collections.abc import Collection
from collections.abc import Mapping
import json
import zlib

from nova_sg.servicegroup.backends.memcached import cell as cell_
from nova_sg.servicegroup.records import codec

SHARDS = 256


class Index:
    """An index of the records of a cell.

    :param cell: the cell
    :param name: of the index
    """

    def __init__(self, cell: cell_.Cell, name: str) -> None:
        self._cell = cell
        self._name = name

    @property
    def keys(self) -> list[str]:
        """The keys of its shards."""
        return [self._cell.keys.shard(self._name, n) for n in range(SHARDS)]

    def read(self) -> list[codec.Stored]:
        """Return all records of the index; two requests.

        One more for each :data:`.server.READ_BATCH` records. What is in it
        without a record is removed.
        """
        uuids = uuids_of(self._cell.server.get(self.keys))
        if not uuids:
            return []
        keys = [self._cell.keys.service(uuid) for uuid in uuids]
        values = self._cell.server.get(keys)
        for uuid, key in zip(uuids, keys, strict=True):
            if key not in values:
                self.discard(uuid)
        found = [codec.decode(value, key) for key, value in values.items()]
        return [each for each in found if cell_.pending(each) is None]

    def add(self, uuid: str) -> None:
        """Put a uuid in.

        Its record is on the server already. The shard is written even if the
        uuid is in it: so a process that is about to remove it notices.
        """
        key = self._key(uuid)
        for _attempt in self._cell.attempts():
            if self._cell.server.add([(key, _encode([uuid]))])[0]:
                return
            found = self._cell.server.gets([key]).get(key)
            if found is None:
                continue
            uuids = {*_decode(found[0]), uuid}
            if self._cell.server.cas([(key, _encode(uuids), found[1])])[0]:
                return

    def discard(self, uuid: str) -> None:
        """Remove a uuid; its record is gone, or is in another index.

        It stays if another process writes to the shard at the same time.
        """
        key = self._key(uuid)
        found = self._cell.server.gets([key]).get(key)
        if found is None or self._belongs(uuid):
            return
        uuids = [each for each in _decode(found[0]) if each != uuid]
        self._cell.server.cas([(key, _encode(uuids), found[1])])

    def _belongs(self, uuid: str) -> bool:
        found = self._cell.find(uuid)
        return found is not None and self._name == name(found)

    def _key(self, uuid: str) -> str:
        number = zlib.crc32(uuid.encode()) % SHARDS
        return self._cell.keys.shard(self._name, number)


#: The index of live services, and of those destroyed.
LIVE = 'index'
GONE = 'gone'


def name(found: cell_.Found) -> str:
    """Return the name of the index a record belongs to."""
    return GONE if found.record.deleted else LIVE


def uuids_of(shards: Mapping[str, bytes]) -> list[str]:
    """Return the uuids in the values of shards."""
    return [uuid for value in shards.values() for uuid in _decode(value)]


def _encode(uuids: Collection[str]) -> bytes:
    return json.dumps(
        {'format': 1, 'uuids': sorted(uuids)}, separators=(',', ':')
    ).encode()


def _decode(value: bytes) -> list[str]:
    uuids: list[str] = json.loads(value)['uuids']
    return uuids
