# SPDX-License-Identifier: Apache-2.0

"""How live members bring their own records back to a server that lost them.

Each process keeps the records of its services as it saw them at its last
beat. It writes one back only where the server has another epoch than the one
in which the record was last seen: a record that is missing in the same epoch
was destroyed, and its tombstone has expired.
"""

from collections.abc import Iterable
import dataclasses
import threading

from nova_sg import exception
from nova_sg import forks
from nova_sg.servicegroup.backends.memcached import cell as cell_
from nova_sg.servicegroup.backends.memcached import cluster as cluster_
from nova_sg.servicegroup.backends.memcached import restorer
from nova_sg.servicegroup.records import codec


@dataclasses.dataclass
class Kept:
    """A record of a service of this process.

    :param stored: the record as it was when it was last seen
    :param epoch: an epoch in which it was seen
    :param latest: the epoch that was read along with it. A server that loses
        its memory between the two gives a new epoch beside an old record, so
        that only the next look counts.
    """

    stored: codec.Stored
    epoch: str
    latest: str


class Keeper:
    """Keeps the records of the services of this process, in one cell.

    :param cell: the cell
    :param cluster: the servers
    """

    def __init__(self, cell: cell_.Cell, cluster: cluster_.Cluster) -> None:
        self._cell = cell
        self._memory = cluster.memory(cell.server)
        # Threads join and beat at the same time.
        self._lock = forks.renewed(self, '_lock', threading.Lock)
        self._kept: dict[str, Kept] = {}

    def keep(self, uuids: Iterable[str]) -> set[str]:
        """Keep the records of services from now on.

        :returns: the services that have one
        """
        uuids = list(uuids)
        epoch = self._memory.read([]).epoch
        there = set()
        for uuid, stored in self._cell.read(uuids).items():
            if not stored.record.deleted:
                self._keep(uuid, Kept(stored, epoch, epoch))
                there.add(uuid)
        return there

    def check(self, uuids: Iterable[str]) -> set[str]:
        """Look after records, and write back those the server has lost.

        One request where all is well.

        :returns: the services without a record
        """
        with self._lock:
            wanted = {
                uuid: self._kept[uuid] for uuid in uuids if uuid in self._kept
            }
        key = self._cell.keys.service
        reading = self._memory.read([key(uuid) for uuid in wanted])
        gone = set()
        for uuid, kept in wanted.items():
            value = reading.values.get(key(uuid))
            if value is None:
                if not self._bring_back(uuid, kept, reading.epoch):
                    gone.add(uuid)
                continue
            stored = codec.decode(value, key(uuid))
            if stored.record.deleted:
                gone.add(uuid)
            elif cell_.pending(stored) is None:
                self._keep(uuid, Kept(stored, kept.latest, reading.epoch))
        with self._lock:
            for uuid in gone:
                self._kept.pop(uuid, None)
        return gone

    def _keep(self, uuid: str, kept: Kept) -> None:
        with self._lock:
            self._kept[uuid] = kept

    def _bring_back(self, uuid: str, kept: Kept, epoch: str) -> bool:
        """Write back a record that is missing; return whether it is there.

        :param kept: the record
        :param epoch: the server's epoch now
        """
        if epoch == kept.epoch:
            return False
        try:
            restorer.Restorer(self._cell).restore(kept.stored)
        except exception.Conflict:
            # Another worker has brought it back, perhaps as it was a moment
            # earlier or later; or its names are another service's by now.
            found = self._cell.find(uuid)
            if found is None or not found.live:
                return False
            self._keep(uuid, Kept(found.stored, epoch, epoch))
            return True
        self._keep(uuid, Kept(kept.stored, epoch, epoch))
        return True


class Keepers:
    """The keepers of a process, one for each cell it has services in.

    :param cluster: the servers
    """

    def __init__(self, cluster: cluster_.Cluster) -> None:
        self._cluster = cluster
        self._lock = forks.renewed(self, '_lock', threading.Lock)
        self._keepers: dict[str, Keeper] = {}

    def keep(self, cell: cell_.Cell, uuids: Iterable[str]) -> set[str]:
        """Keep the records of services of a cell from now on.

        :returns: the services that have one
        """
        with self._lock:
            keeper = self._keepers.get(cell.uuid)
            if keeper is None:
                keeper = Keeper(cell, self._cluster)
                self._keepers[cell.uuid] = keeper
        return keeper.keep(uuids)

    def check(self, uuids: Iterable[str]) -> set[str]:
        """Look after records; see :meth:`Keeper.check`.

        A server that cannot be asked has nothing to say.
        """
        uuids = list(uuids)
        gone: set[str] = set()
        with self._lock:
            keepers = list(self._keepers.values())
        for keeper in keepers:
            try:
                gone |= keeper.check(uuids)
            except exception.ServiceGroupUnavailable:
                continue
        return gone
