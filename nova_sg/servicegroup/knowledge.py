# SPDX-License-Identifier: Apache-2.0

"""What this process last learned of liveness, and how old that is."""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import datetime
import math
import threading
import time
from typing import Any

from oslo_utils import timeutils

from nova_sg import forks
from nova_sg.servicegroup import doubt as sg_doubt
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import outages
from nova_sg.servicegroup import pace
from nova_sg.servicegroup import record
from nova_sg.servicegroup import rolls

#: Seconds for which a verdict answers without asking the backend again.
FRESH = 1.0

#: Seconds after a question about all services in which a caller that asks for
#: one after the other is taken for the same.
GOES_ON = 2 * FRESH

#: Seconds without a verdict after which a service is taken for destroyed, and
#: how many services more than at the last look are worth another.
FORGOTTEN_AFTER = 3600.0
PRUNE_STEP = 1000

#: Services of a list of which each verdict is kept by itself.
FEW = 100

#: Verdicts by uuid.
Verdicts = Mapping[str, liveness.Liveness]

#: What is known of all services before anything is.
NOTHING = liveness.AllBut((), {}, -math.inf)


class Knowledge:
    """The last known verdict of each service, by uuid. Thread safe.

    A backend that cannot be reached is not a dead service: meanwhile the last
    known state stays, and its age is logged. After an outage long enough to
    explain a missing beat, a service that was up stays up until it has had
    time to beat again. See :mod:`nova_sg.servicegroup.doubt`.

    A service that was down is up with its next beat, and not before: not
    because the backend's clock was set back, nor because a time that lay in
    the future has come.

    :param bounds: of the doubt after an outage
    :ivar outages: whether the backend answers
    """

    def __init__(self, bounds: sg_doubt.Bounds) -> None:
        #: Guards all of the following but for reads of one value.
        self._lock = forks.renewed(self, '_lock', threading.Lock)
        self.outages = outages.Outages(bounds)
        self._pace = pace.Pace()
        self._known: dict[str, liveness.Liveness] = {}
        # What was learned last of all services at once; with the verdicts as
        # they stand.
        self._all = NOTHING
        # What the last long list has told, with the verdicts as they stand.
        self._list = NOTHING
        self._rolls = rolls.Rolls()
        # The last beat of services that are down.
        self._down: dict[str, datetime.datetime | None] = {}
        # When those were last seen that were up before.
        self._seen: dict[str, datetime.datetime] = {}
        self._prune_above = PRUNE_STEP
        # Of services that the backend could not tell of when it was last
        # asked: when their last known state was known.
        self._doubtful: dict[str, float] = {}

    def learn(self, answer: Verdicts) -> Verdicts:
        """Take in what the backend answered.

        :param answer: verdicts by uuid
        :returns: the verdicts as they stand: with what was known last where
            the backend cannot tell, and where a missing beat proves nothing
        """
        with self._lock:
            return self._learn(answer)

    def unsure(self) -> Collection[str]:
        """Return the services of which the last beat has to be told.

        Those that were down, and those of which the backend could not tell.
        """
        with self._lock:
            return {*self._down, *self._doubtful}

    def listed(
        self, answer: liveness.AllBut, filters: Mapping[str, Any]
    ) -> None:
        """Take in what a list has told of all its services.

        :param answer: its verdicts have been learned already
        :param filters: by what the services were chosen
        """
        self.learn({})
        with self._lock:
            self._rolls.remember(answer, filters)

    def learn_list(
        self,
        records: Sequence[record.Record],
        told: liveness.Listed,
        filters: Mapping[str, Any],
    ) -> Verdicts:
        """Take in what was read along with a list of records.

        Of very many services no verdict is made of one that is up.

        :param records: the services
        :param filters: by what they were chosen
        :returns: the verdicts as they stand, as :meth:`learn` does
        """
        few, unsure = len(records) <= FEW, self.unsure()
        wanted = records if few else []
        if unsure and not few:
            wanted = [each for each in records if each.uuid in unsure]
        verdicts = {
            each.uuid: liveness.Liveness(
                True, each.last_seen_up, told.known_at
            )
            for each in wanted
        }
        verdicts.update(told.but)
        stand = self.learn(verdicts)
        if few:
            return stand
        all_but = liveness.AllBut(
            told.services, verdicts, told.known_at, size=len(records)
        )
        self.listed(all_but, filters)
        self._list = all_but._replace(but=stand)
        return liveness.Listed(told.services, stand, told.known_at)

    def learn_all(self, answer: liveness.AllBut) -> list[str]:
        """Take in what the backend answered about all services at once.

        :returns: services that count as up in it, and have to be asked for:
            they were down, and their last beat tells whether they are back
        """
        with self._lock:
            stands = self._learn(answer.but)
            self._all = answer._replace(but=stands)
            return [
                uuid
                for uuid in {*self._down, *self._doubtful}
                if uuid in answer.services and uuid not in stands
            ]

    def _learn(self, answer: Verdicts) -> Verdicts:
        instead = self._instead(answer, self.outages.answered())
        stands = {**answer, **instead} if instead else answer
        doubtful = {
            uuid: each.known_at
            for uuid, each in instead.items()
            if each.unknown is not None or answer[uuid].unknown is not None
        }
        sure = (
            {u: each for u, each in stands.items() if u not in doubtful}
            if doubtful
            else stands
        )
        self._known.update(sure)
        if self._doubtful:
            for uuid in self._doubtful.keys() & answer.keys():
                del self._doubtful[uuid]
        self._doubtful.update(doubtful)
        if len(self._known) > self._prune_above:
            self._prune()
        return stands

    def failed(self, error: Exception) -> None:
        """Note that the backend could not be asked."""
        with self._lock:
            self.outages.failed(error, self._rolls.size or len(self._known))

    def forget(self, uuid: str) -> None:
        """Drop what is known of a service that was destroyed."""
        with self._lock:
            self._known.pop(uuid, None)
            self._all = self._list = NOTHING
            self._rolls.forget(uuid)
            self._down.pop(uuid, None)
            self._seen.pop(uuid, None)
            self._doubtful.pop(uuid, None)

    def fresh(self, uuid: str) -> liveness.Liveness | None:
        """Return a verdict young enough to need no asking, else None."""
        known = self._known.get(uuid)
        oldest = time.monotonic() - FRESH
        if known is not None and known.known_at >= oldest:
            return known
        for every in (self._all, self._list):
            if every.known_at < oldest or uuid not in every.services:
                continue
            verdict = every.but.get(uuid)
            if verdict is not None:
                return verdict
            if known is None:
                return every.up(uuid)
            # It may have to be asked for: see learn_all.
            return known if known.up else None
        return None

    def asks_for_all(self) -> bool:
        """Note that a service is asked for, and return whether all should be.

        A caller that asks for very many services, one after the other, would
        else ask the backend for each: see :mod:`.pace`.
        """
        with self._lock:
            age = time.monotonic() - self._all.known_at
            return age > FRESH and self._pace.is_for_all(
                max(len(self._known), self._rolls.size),
                goes_on=age < GOES_ON,
            )

    def services(self) -> list[str]:
        """Return the services of which a verdict is known."""
        with self._lock:
            return list(self._known)

    def last(self, uuids: Iterable[str]) -> dict[str, liveness.Liveness]:
        """Return the last known verdicts, however old."""
        with self._lock:
            return {
                uuid: known
                for uuid in uuids
                if (known := self._before(uuid)) is not None
            }

    def last_seen_up(
        self, uuids: Iterable[str]
    ) -> dict[str, datetime.datetime]:
        """Return when services were last seen that have gone down since.

        :returns: without those that this process has not known to be up
        """
        with self._lock:
            seen = self._seen
            return {uuid: seen[uuid] for uuid in uuids if uuid in seen}

    @property
    def age(self) -> float:
        """How old knowledge is, in seconds; 0.0 while the backend answers.

        Where it answers in part, or a missing beat proves nothing, that is
        the age of the oldest verdict that stands.
        """
        with self._lock:
            silent_for = self.outages.silent_for
            if silent_for is not None:
                return silent_for
            now = time.monotonic()
            return max(
                (now - known_at for known_at in self._doubtful.values()),
                default=0.0,
            )

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
            before = self._before(uuid)
            if verdict.unknown is not None:
                instead[uuid] = _last_known(verdict, before)
            elif doubt and before and _had_no_say(verdict, before):
                # The list that told it may be forgotten while this lasts.
                self._known[uuid] = before
                instead[uuid] = verdict._replace(
                    up=True,
                    known_at=self._known_up_at(uuid, before),
                    unknown=doubt,
                )
            else:
                if before is not None and before.up:
                    self._seen[uuid] = self._seen_at(uuid, before)
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

    def _before(self, uuid: str) -> liveness.Liveness | None:
        """Return the last known verdict about a service, None without one."""
        return self._rolls.latest(uuid, self._known.get(uuid))

    def _known_up_at(self, uuid: str, before: liveness.Liveness) -> float:
        """Return when a service was last known to be up."""
        every = self._all
        if uuid in every.services and uuid not in every.but:
            return max(before.known_at, every.known_at)
        return before.known_at

    def _prune(self) -> None:
        """Drop services that others destroyed, so that memory is bounded."""
        horizon = time.monotonic() - FORGOTTEN_AFTER
        self._known = {
            uuid: known
            for uuid, known in self._known.items()
            if known.known_at > horizon
        }
        for each in (self._down, self._seen, self._doubtful):
            for uuid in each.keys() - self._known.keys():
                del each[uuid]
        self._prune_above = 2 * len(self._known) + PRUNE_STEP


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
