# SPDX-License-Identifier: Apache-2.0

"""Services that were created, and whose first beat cannot be there yet.

A backend with leases ages nothing but a lease, so that a service counts from
its creation by a key on the lease of the process that created it::

    t=0   a conductor creates the record of agent A, and A's expected key
    t=1   a command finds that key, and no worker: A is up
    t=2   A joins, and deletes the key
    t=9   A crashes, and is down with its lease

    t=0   a conductor creates the record of agent B, and B's expected key
    t=60  B has not joined within the service down time: the conductor
          deletes the key, and B is down

Where the process that created the service ends before that, its lease deletes
the key: the service is down until it joins.
"""

from collections.abc import Iterable
import time

from nova_sg.servicegroup.leased import keys as sg_keys


class Expected:
    """The services which this process has announced. Not thread safe.

    :param keys: the keys of members in the backend
    :param seconds: for how long a service is expected
    """

    def __init__(self, keys: sg_keys.MemberKeys, seconds: float) -> None:
        self._keys = keys
        self._seconds = seconds
        # By key, ``time.monotonic()`` until when.
        self._until: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._until)

    def add(self, uuid: str) -> None:
        """Expect a service.

        :raises ServiceGroupUnavailable: the backend cannot be asked; if the
            key was created, it will go in time
        """
        key = self._keys.expected(uuid)
        self._until[key] = time.monotonic() + self._seconds
        self._keys.expect(key)

    def joined(self, uuids: Iterable[str]) -> list[str]:
        """Return the keys to be deleted, since services have joined."""
        keys = [self._keys.expected(uuid) for uuid in uuids]
        for key in keys:
            self._until.pop(key, None)
        return keys

    def overdue(self) -> list[str]:
        """Return the keys to be deleted, since services have not joined."""
        now = time.monotonic()
        keys = [key for key, until in self._until.items() if until < now]
        for key in keys:
            del self._until[key]
        return keys
