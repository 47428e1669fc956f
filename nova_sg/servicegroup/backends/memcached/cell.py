# SPDX-License-Identifier: Apache-2.0

"""The records of one cell, as values on the server that keeps them.

They lie together on one server, with everything that leads to them: what is
lost is lost together, and nothing is ever half there because one server of
several is out.
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import datetime
import json
import random
import time
from typing import NamedTuple

from nova_sg import exception
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.memcached import keys
from nova_sg.servicegroup.backends.memcached import server as server_
from nova_sg.servicegroup.records import change
from nova_sg.servicegroup.records import codec

#: A field beside those of a record: the token of the change that creates it.
#: Until it is gone no reader sees the record, and it expires.
_PENDING = 'pending'

#: Seconds a write is tried for while others write the same, or while it is
#: not known whether it was done.
PATIENCE = 10.0

#: How often it is tried meanwhile, at most.
TRIES = 200


class Found(NamedTuple):
    """A record as it lies on the server.

    :param stored: the record, and what else its value holds
    :param version: of the value, for compare-and-set
    """

    stored: codec.Stored
    version: bytes

    @property
    def record(self) -> record.Record:
        return self.stored.record

    @property
    def pending(self) -> str | None:
        """See :func:`pending`."""
        return pending(self.stored)

    @property
    def live(self) -> bool:
        """See :func:`is_live`."""
        return is_live(self.stored)


class Cell:
    """The records of a cell.

    :param uuid: the cell's uuid
    :param server: the server they lie on
    :param cell_keys: their keys
    """

    def __init__(
        self, uuid: str, server: server_.Server, cell_keys: keys.CellKeys
    ) -> None:
        self.uuid = uuid
        self.server = server
        self.keys = cell_keys

    def find(self, uuid: str) -> Found | None:
        """Return a record, in whatever state it is, None without one."""
        key = self.keys.service(uuid)
        return self.found(key, self.server.gets([key]))

    @staticmethod
    def found(
        key: str, values: Mapping[str, tuple[bytes, bytes]]
    ) -> Found | None:
        """Return the record under a key, of values with their versions."""
        if key not in values:
            return None
        value, version = values[key]
        return Found(codec.decode(value, key), version)

    def live(self, uuid: str) -> record.Record | None:
        """Return a live record, None without one."""
        found = self.find(uuid)
        return found.record if found is not None and found.live else None

    def read(self, uuids: Iterable[str]) -> dict[str, codec.Stored]:
        """Return records that are not pending, by uuid."""
        wanted = {self.keys.service(uuid): uuid for uuid in uuids}
        values = self.server.get(list(wanted))
        found = {
            wanted[key]: codec.decode(value, key)
            for key, value in values.items()
        }
        return {
            uuid: stored
            for uuid, stored in found.items()
            if pending(stored) is None
        }

    def add(self, added: codec.Stored, ttl: int = 0) -> bool:
        """Write a record where there is none; return whether it was.

        :raises OutcomeUnknown: it may have been
        """
        key = self.keys.service(added.record.uuid)
        value = codec.encode(added)
        return self.server.add([(key, value)], ttl, once=True)[0]

    def add_pending(self, added: record.Record, by: str, ttl: int) -> bool:
        """Write a record that no reader sees yet; see :meth:`add`.

        :param by: tells the pending record of this caller from others
        """
        return self.add(codec.Stored(added, unknown={_PENDING: by}), ttl)

    def replace(
        self, found: Found, by: codec.Stored | None = None, ttl: int = 0
    ) -> bool:
        """Write a record where it is as it was found.

        :param by: what is written; None for what was found
        :returns: whether it was written
        :raises OutcomeUnknown: it may have been
        """
        written = found.stored if by is None else by
        key = self.keys.service(written.record.uuid)
        change = key, codec.encode(written), found.version
        return self.server.cas([change], ttl, once=True)[0]

    def follow(self, key: str) -> record.Record | None:
        """Return the live record a key leads to, None without one."""
        uuid = self.owner(key)[0]
        return None if uuid is None else self.live(uuid)

    def owner(self, key: str) -> tuple[str | None, bytes]:
        """Return the uuid a key leads to, and the version of that."""
        found = self.server.gets([key]).get(key)
        if found is None:
            return None, b''
        try:
            return str(json.loads(found[0])['uuid']), found[1]
        except (ValueError, LookupError, TypeError) as error:
            raise exception.RecordUnreadable(
                where=key, reason=str(error)
            ) from error

    def lead(self, key: str, uuid: str) -> bool:
        """Let a key lead to a uuid, where it leads nowhere yet."""
        return self.server.add([(key, leads_to(uuid))])[0]

    def drop(self, key: str, uuid: str) -> None:
        """Take a key away, if it still leads to a uuid."""
        owner, version = self.owner(key)
        if owner == uuid:
            self.server.cas([(key, leads_to(uuid), version)], -1)

    def change(self, what: str) -> change.Change:
        """Return a change to be tried until it is known to be made.

        :param what: is changed, for messages
        """
        return change.Change(
            what, PATIENCE, TRIES, self.server.unavailable, patient=True
        )

    def attempts(self) -> Iterator[None]:
        """Try again while others come between, within a bound.

        :raises ServiceGroupUnavailable: it has taken too long
        """
        deadline = time.monotonic() + PATIENCE
        pause = 0.001
        while time.monotonic() < deadline:
            yield
            time.sleep(random.uniform(0, pause))  # noqa: S311
            pause = min(2 * pause, 0.05)
        raise self.server.unavailable(
            f'others wrote the same for {PATIENCE:g} s'
        )


def pending(stored: codec.Stored) -> str | None:
    """Return what a record was written with that is not finished yet.

    :returns: None for a record that is live, or was
    """
    return stored.unknown.get(_PENDING)


def is_live(stored: codec.Stored) -> bool:
    """Return whether a record is neither pending nor destroyed."""
    return pending(stored) is None and not stored.record.deleted


def leads_to(uuid: str) -> bytes:
    """Return the value of a key that leads to a uuid."""
    return json.dumps({'format': 1, 'uuid': uuid}).encode()


def now() -> datetime.datetime:
    """Return when something is written, by the clock of this process.

    memcached has none to ask for. No verdict depends on it.
    """
    return datetime.datetime.now(datetime.UTC)
