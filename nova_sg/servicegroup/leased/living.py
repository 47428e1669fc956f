# SPDX-License-Identifier: Apache-2.0

"""Which services live, as one read of their members tells."""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
import datetime
import time
import types
from typing import NamedTuple

from nova_sg.servicegroup import liveness

SETTLING = 'the backend was unreachable, and services may not be back yet'


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
    :param asked_at: as ``before_at``, of services that were asked for alone
    """

    now: liveness.Members
    before: liveness.Members
    known_at: float
    before_at: float
    interval: float
    why: str | liveness.Doubt = SETTLING
    doubtful: Collection[str] = ()
    asked_at: Mapping[str, float] = types.MappingProxyType({})

    def verdict(self, uuid: str) -> liveness.Liveness | None:
        """Return what is known of a service, None where none of it lives."""
        if uuid in self.now:
            workers, known_at = self.now[uuid], self.known_at
            unknown: str | liveness.Doubt | None = None
        elif uuid in self.before:
            workers = self.before[uuid]
            known_at = self.asked_at.get(uuid, self.before_at)
            unknown = self.why
        elif uuid in self.doubtful:
            return liveness.Liveness(
                False, None, self.known_at, unknown=self.why
            )
        else:
            return None
        seen = last_seen(workers, *self._vouched_for(known_at))
        return liveness.Liveness(True, seen, known_at, workers, unknown)

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
                (
                    True,
                    # Nearly all have one worker, which joined long ago.
                    seen
                    if len(workers) == 1 and workers[0].started <= at
                    else last_seen(workers, seen, at),
                    known_at,
                    workers,
                    None,
                )
            )
            for uuid in uuids
        }

    @property
    def vouched(self) -> tuple[datetime.datetime, float]:
        """When members were last vouched for; and in seconds since 1970."""
        return self._vouched_for(self.known_at)

    def _vouched_for(self, known_at: float) -> tuple[datetime.datetime, float]:
        """Return when the backend last told that members live.

        By the clock of this host, which has no part in a verdict. No member
        writes when it beats: its lease is its sign of life.
        """
        at = time.time() - (time.monotonic() - known_at)
        at -= at % self.interval
        return datetime.datetime.fromtimestamp(at, datetime.UTC), at


def last_seen(
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
