# SPDX-License-Identifier: Apache-2.0

"""Services that were created, and whose first beat cannot be there yet.

Nothing in ZooKeeper ages but a session, so that a service counts from its
creation by an ephemeral znode of the process that created it::

    t=0   a conductor creates the record of agent A, and A's expected znode
    t=1   a command finds that znode, and no worker: A is up
    t=2   A joins, and deletes the znode
    t=9   A crashes, and is down with its session

    t=0   a conductor creates the record of agent B, and B's expected znode
    t=60  B has not joined within the service down time: the conductor
          deletes the znode, and B is down

A process that ends before that takes the znode along: the service is down
from then on until it joins.
"""

from collections.abc import Iterable
import time

from kazoo import exceptions

from nova_sg.servicegroup.backends.zookeeper import members
from nova_sg.servicegroup.backends.zookeeper import requests
from nova_sg.servicegroup.backends.zookeeper import session as sg_session


class Expected:
    """The services which this process has announced. Not thread safe.

    :param session: the session that holds their znodes
    :param seconds: for how long a service is expected
    """

    def __init__(self, session: sg_session.Session, seconds: float) -> None:
        self._session = session
        self._seconds = seconds
        # By path, ``time.monotonic()`` until when.
        self._until: dict[str, float] = {}

    def __len__(self) -> int:
        return len(self._until)

    def add(self, uuid: str) -> bool:
        """Expect a service.

        :returns: False where the directory for its znode is not there yet
        :raises ServiceGroupUnavailable: ZooKeeper cannot be asked; if the
            znode was created, it will go in time
        """
        path = self.path(uuid)
        self._until[path] = time.monotonic() + self._seconds
        (answer,) = self._session.ask([requests.make_ephemeral(path)])
        return not isinstance(answer, exceptions.NoNodeError)

    def path(self, uuid: str) -> str:
        """Return the znode by which a service is expected."""
        return self._session.layout.member(uuid, members.expected(uuid))

    def joined(self, uuids: Iterable[str]) -> list[str]:
        """Return what is to be deleted, since services have joined."""
        paths = [self.path(uuid) for uuid in uuids]
        for path in paths:
            self._until.pop(path, None)
        return paths

    def overdue(self) -> list[str]:
        """Return what is to be deleted, since services have not joined."""
        now = time.monotonic()
        paths = [path for path, until in self._until.items() if until < now]
        for path in paths:
            del self._until[path]
        return paths
