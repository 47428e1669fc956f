# SPDX-License-Identifier: Apache-2.0

"""Services that were up before an outage, and may not be back yet.

A backend that stood still for longer than its timeout expires the leases of
processes that live. They are back in a moment. Until then services that were
up stand as they did, by what this process remembers::

    t=0   reader R learns that A and B are up
    t=1   the ensemble pauses; B's host loses its power
    t=9   the ensemble goes on, and expires the sessions of A and B; R is
          settling: its lease tells it so
    t=9   R is asked for A and B, and finds neither: both are up as before,
          with a note that their state is in doubt
    t=10  A has joined again. R is asked for C, of which it knows nothing, and
          does not find it: C may be on its way back, so R looks again until
          C is there or the doubt is over
    t=15  the doubt is over: B is down
"""

from collections.abc import Collection
from collections.abc import Container
from collections.abc import Iterable
from collections.abc import Sequence
import threading
import time

from nova_sg import forks
from nova_sg.servicegroup import lease as sg_lease
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup.leased import keys as sg_keys
from nova_sg.servicegroup.leased import living as sg_living
from nova_sg.servicegroup.mirror import mirror as sg_mirror

#: Seconds between two looks for members which may be on their way back.
LOOK_AGAIN = 0.2


class Memory:
    """What was last known of the members of services.

    :param lease: it knows when the backend was lost
    :param interval: see :class:`.living.Living`
    """

    def __init__(self, lease: sg_lease.Lease, interval: float) -> None:
        self._lease = lease
        self._interval = interval
        self._known: liveness.Members = {}
        self._known_at = time.monotonic()
        #: The same of services that were asked for since all were known.
        self._asked_at: dict[str, float] = {}
        #: Whether all that live are known: a mirror has told of them until the
        #: connection was lost.
        self._complete = False
        #: Members are learned in a thread of the client library, too.
        self._learning = forks.renewed(self, '_learning', threading.Lock)

    def in_doubt(
        self, living: liveness.Members, asked: Iterable[str]
    ) -> list[str]:
        """Return the services of which it is too early to say: down.

        The backend was lost, so that members which are missing may be on
        their way back, and this process does not know how they were before.

        :param living: the workers of services, by uuid
        :param asked: the services that are asked for
        """
        if self._complete or not self._lease.settling:
            return []
        known = self._known
        return [
            uuid for uuid in asked if uuid not in living and uuid not in known
        ]

    def learn(
        self, living: liveness.Members, asked: Collection[str] | None = None
    ) -> sg_living.Living:
        """Take in which workers live, unless an outage may have changed it.

        :param living: the workers of services, by uuid
        :param asked: the services it tells of; None for all there are
        """
        now = time.monotonic()
        with self._learning:
            if self._lease.settling:
                before, asked_at = self._known, self._asked_at
                self._known = {**before, **living}
                self._asked_at = {**asked_at, **dict.fromkeys(living, now)}
                return sg_living.Living(
                    living,
                    before,
                    now,
                    self._known_at,
                    self._interval,
                    self._lease.doubt or sg_living.SETTLING,
                    asked_at=asked_at,
                )
            if asked is None:
                self._known, self._asked_at = living, {}
                self._known_at, self._complete = now, True
            else:
                known, asked_at = dict(self._known), dict(self._asked_at)
                for uuid in asked:
                    if uuid in living:
                        known[uuid], asked_at[uuid] = living[uuid], now
                    else:
                        known.pop(uuid, None)
                        asked_at.pop(uuid, None)
                self._known, self._asked_at = known, asked_at
        return sg_living.Living(living, {}, now, now, self._interval)

    def last(
        self, uuids: Iterable[str], services: Container[str]
    ) -> dict[str, liveness.Liveness]:
        """Return what was last known of services.

        :param services: uuids of services there are; of others it is known
            only that they live
        """
        with self._learning:
            known, known_at = self._known, self._known_at
            asked_at, complete = self._asked_at, self._complete
        told = [
            uuid
            for uuid in uuids
            if uuid in known or (complete and uuid in services)
        ]
        if not asked_at:
            return sg_living.Living(
                known, {}, known_at, known_at, self._interval
            ).verdicts(told)
        living = sg_living.Living(
            {}, known, known_at, known_at, self._interval, asked_at=asked_at
        )
        return {
            uuid: each._replace(unknown=None)
            for uuid, each in living.verdicts(told).items()
        }

    def forget(self, uuids: Iterable[str]) -> None:
        """Drop members that this process has taken out itself."""
        gone = set(uuids)
        with self._learning:
            self._known = {
                uuid: each
                for uuid, each in self._known.items()
                if uuid not in gone
            }
            for uuid in gone & self._asked_at.keys():
                del self._asked_at[uuid]


class LivenessReader:
    """Tells which services live, by the mirror, the backend and memory.

    :param lease: the lease of this process
    :param keys: the keys of members in the backend
    :param mirror: it answers where this process asks often
    :param interval: see :class:`.living.Living`
    """

    def __init__(
        self,
        lease: sg_lease.Lease,
        keys: sg_keys.MemberKeys,
        mirror: sg_mirror.Mirror,
        interval: float,
    ) -> None:
        self._lease = lease
        self._keys = keys
        self._mirror = mirror
        self._memory = Memory(lease, interval)

    def lost(self) -> None:
        """Note that the connection is lost.

        From now on the mirror may show what the outage does to members.
        """
        mirrored = self._mirror.latest_living()
        if mirrored is not None:
            self._memory.learn(mirrored)

    def living(self, uuids: Sequence[str]) -> sg_living.Living:
        """Return which workers of services live.

        After an outage a reader without prior state waits until all members
        have joined again, or had the time to. Where outages go on, what is
        still missing then is unknown.

        :raises ServiceGroupUnavailable: the backend cannot be asked
        """
        self._mirror.note_verdicts(uuids)
        found, asked = self._read(uuids)
        deadline = time.monotonic() + self._lease.timeout + LOOK_AGAIN
        while (
            doubtful := self._memory.in_doubt(found, uuids)
        ) and time.monotonic() < deadline:
            time.sleep(LOOK_AGAIN)
            found = {**found, **self._read(doubtful)[0]}
        return self._memory.learn(found, asked)._replace(doubtful=doubtful)

    def last(self, uuids: Iterable[str]) -> dict[str, liveness.Liveness]:
        """Return what was last known of services; see :class:`Memory`."""
        return self._memory.last(uuids, self._mirror.services())

    def changed(self, uuids: Sequence[str]) -> None:
        """Note that this process has put members of services."""
        self._mirror.touch(uuids)

    def forget(self, uuids: Sequence[str]) -> None:
        """Note that this process has deleted members of services."""
        self._memory.forget(uuids)
        self._mirror.touch(uuids)

    def _read(
        self, uuids: Sequence[str]
    ) -> tuple[liveness.Members, Sequence[str] | None]:
        """Return which workers live, and of which services (None: all)."""
        mirrored = self._mirror.living()
        follows = self._mirror.latest_living() is not None
        if follows and not self._lease.connected:
            # What is too old is not waited for either.
            raise self._lease.unavailable('the connection is lost')
        if mirrored is None:
            return self._keys.read(uuids), uuids
        return mirrored, None
