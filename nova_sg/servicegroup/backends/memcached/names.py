# SPDX-License-Identifier: Apache-2.0

"""The holder of a name: a binary on a host, and a topic on a host, once each.

A name is a key that leads to the uuid of its owner. It proves nothing by
itself: a name belongs to its owner only if the owner's record, live or
pending, has it. So a process that claims a name and finds an owner looks at
the owner's record. A creator that crashed leaves a pending record, which
expires, and names that are free from then on.
"""

from collections.abc import Iterable

from nova_sg import exception
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.memcached import cell as cell_


class Names:
    """The names of one record.

    :param cell: the cell of the record
    :param of: the record
    """

    def __init__(self, cell: cell_.Cell, of: record.Record) -> None:
        self._cell = cell
        self._of = of
        self.binary: str | None = None
        self.topic: str | None = None
        if of.host is not None and of.binary is not None:
            self.binary = cell.keys.binary(of.host, of.binary)
        if of.host is not None and of.topic is not None:
            self.topic = cell.keys.topic(of.host, of.topic)

    @property
    def keys(self) -> list[str]:
        """The keys, in the order in which all claim them."""
        return [key for key in (self.binary, self.topic) if key is not None]

    def claim(self, besides: 'Names | None' = None) -> None:
        """Claim the names; those claimed before a conflict are given back.

        :param besides: names the record has already
        :raises ServiceBinaryExists, ServiceTopicExists: one is taken
        """
        had = besides.keys if besides is not None else []
        claimed: list[str] = []
        for key in self.keys:
            if key in had:
                continue
            if not self._claim(key):
                self.release(claimed)
                raise self.taken(key)
            claimed.append(key)

    def confirm(self, keys: Iterable[str]) -> str | None:
        """Write names again which a live record has just taken on.

        Until then it did not bear them, and another process may take them for
        free. A process that is about to do so finds them changed.

        :returns: the name that was lost, None where there is none
        """
        uuid = self._of.uuid
        for key in keys:
            for _attempt in self._cell.attempts():
                owner, version = self._cell.owner(key)
                if owner != uuid:
                    return key
                value = cell_.leads_to(uuid)
                if self._cell.server.cas([(key, value, version)])[0]:
                    break
        return None

    def release(self, keys: Iterable[str]) -> None:
        """Give names back."""
        for key in keys:
            self._cell.drop(key, self._of.uuid)

    def taken(self, key: str) -> exception.Conflict:
        """Return the error that says that a name is taken."""
        if key == self.binary:
            return exception.ServiceBinaryExists(
                host=self._of.host, binary=self._of.binary
            )
        return exception.ServiceTopicExists(
            host=self._of.host, topic=self._of.topic
        )

    def _claim(self, key: str) -> bool:
        uuid = self._of.uuid
        for _attempt in self._cell.attempts():
            if self._cell.lead(key, uuid):
                return True
            owner, version = self._cell.owner(key)
            if owner == uuid:
                return True
            if owner is None:
                continue
            found = self._cell.find(owner)
            if found is not None and self._bears(found, key):
                if found.live:
                    return False
                # It goes live in a moment, or expires: its creator crashed.
                continue
            value = cell_.leads_to(uuid)
            if self._cell.server.cas([(key, value, version)])[0]:
                return True
        return False

    def _bears(self, found: cell_.Found, key: str) -> bool:
        if found.record.deleted:
            return False
        return key in Names(self._cell, found.record).keys
