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
          with a note that nobody can tell now
    t=10  A has joined again. R is asked for C, of which it knows nothing, and
          does not find it: C may be on its way back, so R looks again until
          C is there or the doubt is over
    t=15  the doubt is over: B is down
"""

from collections.abc import Collection
from collections.abc import Container
from collections.abc import Iterable
import datetime
import threading
import time
from typing import NamedTuple

from nova_sg import forks
from nova_sg.servicegroup import doubt
from nova_sg.servicegroup import lease as sg_lease
from nova_sg.servicegroup import liveness

SETTLING = 'the backend was away, and members may not be back yet'


class Living(NamedTuple):
    """Which workers of services live.

    :param now: the workers of services, by uuid
    :param before: those which stand as they did before an outage
    :param known_at: ``time.monotonic()`` when ``now`` was known
    :param before_at: ``time.monotonic()`` when ``before`` was known
    :param interval: seconds between two times at which a service is told to
        have been seen
    :param why: the cause of doubt
    :param doubtful: services of which it is not known whether they live
    """

    now: liveness.Members
    before: liveness.Members
    known_at: float
    before_at: float
    interval: float
    why: str | doubt.Doubt = SETTLING
    doubtful: Collection[str] = ()

    def verdict(self, uuid: str) -> liveness.Liveness | None:
        """Return what is known of a service, None where none of it lives."""
        if uuid in self.now:
            workers, known_at = self.now[uuid], self.known_at
            unknown: str | doubt.Doubt | None = None
        elif uuid in self.before:
            workers, known_at = self.before[uuid], self.before_at
            unknown = self.why
        elif uuid in self.doubtful:
            return liveness.Liveness(
                False, None, self.known_at, unknown=self.why
            )
        else:
            return None
        seen = _last_seen(workers, *self._vouched_for(known_at))
        return liveness.Liveness(True, seen, known_at, workers, unknown)

    def without(self, uuids: Iterable[str]) -> set[str]:
        """Return those of the services of which no worker is known to live."""
        return set(uuids).difference(self.now, self.before)

    def verdicts(self, uuids: Iterable[str]) -> dict[str, liveness.Liveness]:
        """Return what is known of services that there are.

        A service of which no worker lives is down.
        """
        known_at = self.known_at
        down = liveness.Liveness(False, None, known_at)
        if self.before or self.doubtful:
            return {uuid: self.verdict(uuid) or down for uuid in uuids}
        make, workers_of = liveness.of_values, self.now.get
        seen, at = self._vouched_for(known_at)
        return {
            uuid: down
            if (workers := workers_of(uuid)) is None
            else make(
                (True, _last_seen(workers, seen, at), known_at, workers, None)
            )
            for uuid in uuids
        }

    def _vouched_for(self, known_at: float) -> tuple[datetime.datetime, float]:
        """Return when the ensemble last told that members live.

        By the clock of this host, which has no part in a verdict. No member
        writes when it beats: its session is its sign of life.
        """
        at = time.time() - (time.monotonic() - known_at)
        at -= at % self.interval
        return datetime.datetime.fromtimestamp(at, datetime.UTC), at


def _last_seen(
    workers: Collection[liveness.Member], seen: datetime.datetime, at: float
) -> datetime.datetime | None:
    """Return when workers were last seen: at least when they joined.

    :param seen: when they were vouched for
    :param at: the same in seconds since 1970
    :returns: None without workers: the service is expected
    """
    if not workers:
        return None
    for each in workers:
        if each.started > at:
            seen, at = each.started_at, each.started
    return seen


class Memory:
    """What was last known of the members of services.

    :param lease: it knows when the backend was away
    :param interval: see :class:`Living`
    """

    def __init__(self, lease: sg_lease.Lease, interval: float) -> None:
        self._lease = lease
        self._interval = interval
        self._known: liveness.Members = {}
        self._known_at = time.monotonic()
        #: Whether all that live are known: a mirror has told of them until the
        #: connection was lost.
        self._complete = False
        #: Members are learned in a thread of the client library, too.
        self._learning = forks.renewed(self, '_learning', threading.Lock)

    def in_doubt(
        self, living: liveness.Members, asked: Iterable[str]
    ) -> list[str]:
        """Return the services of which it is too early to say: down.

        The backend was away, so that members which are missing may be on
        their way back, and this process does not know how they were before.

        :param living: the workers of services, by uuid
        :param asked: the services which somebody wants to know of
        """
        if self._complete or not self._lease.settling:
            return []
        known = self._known
        return [
            uuid for uuid in asked if uuid not in living and uuid not in known
        ]

    def learn(
        self, living: liveness.Members, asked: Collection[str] | None = None
    ) -> Living:
        """Take in which workers live, unless an outage may have changed it.

        :param living: the workers of services, by uuid
        :param asked: the services it tells of; None for all there are
        """
        now = time.monotonic()
        with self._learning:
            if self._lease.settling:
                before, self._known = self._known, {**self._known, **living}
                return Living(
                    living,
                    before,
                    now,
                    self._known_at,
                    self._interval,
                    self._lease.doubt or SETTLING,
                )
            if asked is None:
                self._known = living
                self._complete = True
            else:
                known = dict(self._known)
                for uuid in asked:
                    if uuid in living:
                        known[uuid] = living[uuid]
                    else:
                        known.pop(uuid, None)
                self._known = known
            self._known_at = now
        return Living(living, {}, now, now, self._interval)

    def last(
        self, uuids: Iterable[str], services: Container[str]
    ) -> dict[str, liveness.Liveness]:
        """Return what was last known of services.

        :param services: uuids of services there are; of others it is known
            only that they live
        """
        with self._learning:
            now, known_at = self._known, self._known_at
            complete = self._complete
        known = Living(now, {}, known_at, known_at, self._interval)
        return known.verdicts(
            uuid
            for uuid in uuids
            if uuid in now or (complete and uuid in services)
        )

    def forget(self, uuids: Iterable[str]) -> None:
        """Drop members that this process has taken out itself."""
        gone = set(uuids)
        with self._learning:
            self._known = {
                uuid: each
                for uuid, each in self._known.items()
                if uuid not in gone
            }
