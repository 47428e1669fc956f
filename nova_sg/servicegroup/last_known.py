# SPDX-License-Identifier: Apache-2.0

"""The last known verdict of each service, and which of two stands."""

from collections.abc import Mapping
import datetime
import math
import time

from oslo_utils import timeutils

from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import rolls

#: Seconds without a verdict after which a service is taken for destroyed, and
#: how many services more than at the last look are worth another.
FORGOTTEN_AFTER = 3600.0
PRUNE_STEP = 1000

#: Seconds without a word about a service in doubt after which its verdict is
#: not told to be old: the service may have been destroyed by another process.
DOUBT_ENDS = 300.0

#: Verdicts by uuid.
Verdicts = Mapping[str, liveness.Liveness]

#: What is known of all services before anything is.
NOTHING = liveness.AllBut((), {}, -math.inf)


class LastKnown:
    """The last known verdict of each service. Not thread safe.

    A service that was down is up with its next beat, and not before: not
    because the backend's clock was set back, nor because a time that lay in
    the future has come.

    :ivar known: verdicts by uuid, of services that were told of one by one
    :ivar all: what was learned last of all services at once, with the verdicts
        as they stand
    :ivar rolls: what lists have told
    :ivar seen: when services were last seen that have gone down since
    """

    def __init__(self) -> None:
        self.known: dict[str, liveness.Liveness] = {}
        self.all = NOTHING
        self.rolls = rolls.Rolls()
        self.seen: dict[str, datetime.datetime] = {}
        # The last beat of services that are down.
        self._down: dict[str, datetime.datetime | None] = {}
        self._prune_above = PRUNE_STEP
        # Of services that the backend could not tell of when it was last
        # asked: when their last known state was known, and when that was told.
        self._doubtful: dict[str, tuple[float, float]] = {}

    def learn(
        self, answer: Verdicts, doubt: liveness.Doubt | None
    ) -> Verdicts:
        """Take in what the backend answered.

        :param answer: verdicts by uuid
        :param doubt: why a missing beat proves nothing now; None where it does
        :returns: the verdicts as they stand
        """
        instead = self._instead(answer, doubt)
        stands = {**answer, **instead} if instead else answer
        now = time.monotonic()
        doubtful = {
            uuid: (each.known_at, now)
            for uuid, each in instead.items()
            if each.unknown is not None or answer[uuid].unknown is not None
        }
        sure = (
            {u: each for u, each in stands.items() if u not in doubtful}
            if doubtful
            else stands
        )
        self.known.update(sure)
        if self._doubtful:
            for uuid in self._doubtful.keys() & answer.keys():
                del self._doubtful[uuid]
        self._doubtful.update(doubtful)
        if len(self.known) > self._prune_above:
            self._prune()
        return stands

    def unsure(self) -> set[str]:
        """Return the services of which the last beat has to be told.

        Those that were down, and those of which the backend could not tell.
        """
        return {*self._down, *self._doubtful}

    def doubtful_for(self) -> float:
        """Return the age of the oldest verdict that stands in doubt; or 0.

        Without those that were not told for :data:`DOUBT_ENDS`.
        """
        now = time.monotonic()
        return max(
            (
                now - known_at
                for known_at, told_at in self._doubtful.values()
                if told_at > now - DOUBT_ENDS
            ),
            default=0.0,
        )

    def forget(self, uuid: str) -> None:
        """Drop what is known of a service that was destroyed."""
        self.all = NOTHING
        self.rolls.forget(uuid)
        for each in (self.known, self._down, self.seen, self._doubtful):
            each.pop(uuid, None)

    def before(self, uuid: str) -> liveness.Liveness | None:
        """Return the last known verdict about a service, None without one."""
        return self.rolls.latest(uuid, self.known.get(uuid))

    def _instead(
        self, answer: Verdicts, doubt: liveness.Doubt | None
    ) -> dict[str, liveness.Liveness]:
        """Return what stands instead of verdicts, or is not for sure.

        Services that are up, nearly all of them, are not looked at.
        """
        instead: dict[str, liveness.Liveness] = {}
        for uuid in self._down.keys() & answer.keys():
            verdict = answer[uuid]
            if not verdict.up or verdict.unknown is not None:
                continue
            if verdict.last_seen == self._down[uuid] is not None:
                instead[uuid] = verdict._replace(up=False)
            else:
                del self._down[uuid]
        for uuid, verdict in answer.items():
            if verdict.up and verdict.unknown is None:
                continue
            before = self.before(uuid)
            if verdict.unknown is not None:
                instead[uuid] = _last_known(verdict, before)
            elif doubt and before and _had_no_say(verdict, before):
                # The list that told it may be forgotten while this lasts.
                self.known[uuid] = before
                instead[uuid] = verdict._replace(
                    up=True,
                    known_at=self._known_up_at(uuid, before),
                    unknown=doubt,
                )
            else:
                if before is not None and before.up:
                    self.seen[uuid] = self._seen_at(uuid, before)
                self._down[uuid] = verdict.last_seen
        return instead

    def _seen_at(
        self, uuid: str, before: liveness.Liveness
    ) -> datetime.datetime:
        """Return when a service was last seen that was known to be up."""
        if before.last_seen is not None:
            return before.last_seen
        age = time.monotonic() - self._known_up_at(uuid, before)
        return timeutils.utcnow(with_timezone=True) - datetime.timedelta(
            seconds=age
        )

    def _known_up_at(self, uuid: str, before: liveness.Liveness) -> float:
        """Return when a service was last known to be up."""
        every = self.all
        if uuid in every.services and uuid not in every.but:
            return max(before.known_at, every.known_at)
        return before.known_at

    def _prune(self) -> None:
        """Drop services that others destroyed, so that memory is bounded."""
        horizon = time.monotonic() - FORGOTTEN_AFTER
        self.known = {
            uuid: known
            for uuid, known in self.known.items()
            if known.known_at > horizon
        }
        for each in (self._down, self.seen, self._doubtful):
            for uuid in each.keys() - self.known.keys():
                del each[uuid]
        self._prune_above = 2 * len(self.known) + PRUNE_STEP


def _last_known(
    verdict: liveness.Liveness, before: liveness.Liveness | None
) -> liveness.Liveness:
    """Return what stands where the backend cannot tell.

    What the membership or a conductor remembers is newer than what this
    process does; what it presumes is not.
    """
    remembered = verdict.members or verdict.last_seen is not None
    if before is None or remembered:
        return verdict
    return before._replace(unknown=verdict.unknown) if before.up else before


def _had_no_say(verdict: liveness.Liveness, before: liveness.Liveness) -> bool:
    """Return whether a service that was up may only lack the time to beat.

    A service that has left since is another matter: its last beat lies
    before the one that was known.
    """
    return (
        before.up
        and verdict.last_seen is not None
        and before.last_seen is not None
        and verdict.last_seen >= before.last_seen
    )
