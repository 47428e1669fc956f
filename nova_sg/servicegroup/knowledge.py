# SPDX-License-Identifier: Apache-2.0

"""What this process last learned of liveness, and how old that is."""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import datetime
import threading
import time
from typing import Any

from nova_sg import forks
from nova_sg.servicegroup import doubt as sg_doubt
from nova_sg.servicegroup import last_known
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import outages
from nova_sg.servicegroup import pace
from nova_sg.servicegroup import record

#: Seconds for which a verdict answers without asking the backend again.
FRESH = 1.0

#: Seconds after a question about all services in which a caller that asks for
#: one after the other is taken for the same.
GOES_ON = 2 * FRESH

#: Services of a list of which each verdict is kept by itself.
FEW = 100

Verdicts = last_known.Verdicts


class Knowledge:
    """The last known verdict of each service, by uuid. Thread safe.

    A backend that cannot be reached is not a dead service: meanwhile the last
    known state stays, and its age is logged. After an outage long enough to
    explain a missing beat, a service that was up stays up until it has had
    time to beat again. See :mod:`nova_sg.servicegroup.doubt`, and
    :mod:`.last_known` for what stands.

    :param bounds: of the doubt after an outage
    :ivar outages: whether the backend answers
    """

    def __init__(self, bounds: sg_doubt.Bounds) -> None:
        #: Guards all of the following but for reads of one value.
        self._lock = forks.renewed(self, '_lock', threading.Lock)
        self.outages = outages.Outages(bounds)
        self._pace = pace.Pace()
        self._last = last_known.LastKnown()
        # What the last long list has told, with the verdicts as they stand.
        self._list = last_known.NOTHING

    def learn(self, answer: Verdicts) -> Verdicts:
        """Take in what the backend answered.

        :param answer: verdicts by uuid
        :returns: the verdicts as they stand: with what was known last where
            the backend cannot tell, and where a missing beat proves nothing
        """
        with self._lock:
            return self._last.learn(answer, self.outages.answered())

    def unsure(self) -> Collection[str]:
        """Return the services of which the last beat has to be told.

        Those that were down, and those of which the backend could not tell.
        """
        with self._lock:
            return self._last.unsure()

    def listed(
        self, answer: liveness.AllBut, filters: Mapping[str, Any]
    ) -> None:
        """Take in what a list has told of all its services.

        :param answer: its verdicts have been learned already
        :param filters: by what the services were chosen
        """
        self.learn({})
        with self._lock:
            self._last.rolls.remember(answer, filters)

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
            stands = self._last.learn(answer.but, self.outages.answered())
            self._last.all = answer._replace(but=stands)
            return [
                uuid
                for uuid in self._last.unsure()
                if uuid in answer.services and uuid not in stands
            ]

    def failed(self, error: Exception) -> None:
        """Note that the backend could not be asked."""
        with self._lock:
            last = self._last
            self.outages.failed(error, last.rolls.size or len(last.known))

    def forget(self, uuid: str) -> None:
        """Drop what is known of a service that was destroyed."""
        with self._lock:
            self._list = last_known.NOTHING
            self._last.forget(uuid)

    def fresh(self, uuid: str) -> liveness.Liveness | None:
        """Return a verdict young enough to need no asking, else None."""
        last = self._last
        known = last.known.get(uuid)
        oldest = time.monotonic() - FRESH
        if known is not None and known.known_at >= oldest:
            return known
        for every in (last.all, self._list):
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
            last = self._last
            age = time.monotonic() - last.all.known_at
            return age > FRESH and self._pace.is_for_all(
                max(len(last.known), last.rolls.size),
                goes_on=age < GOES_ON,
            )

    def services(self) -> list[str]:
        """Return the services of which a verdict is known."""
        with self._lock:
            return list(self._last.known)

    def last(self, uuids: Iterable[str]) -> dict[str, liveness.Liveness]:
        """Return the last known verdicts, however old."""
        with self._lock:
            return {
                uuid: known
                for uuid in uuids
                if (known := self._last.before(uuid)) is not None
            }

    def last_seen_up(
        self, uuids: Iterable[str]
    ) -> dict[str, datetime.datetime]:
        """Return when services were last seen that have gone down since.

        :returns: without those that this process has not known to be up
        """
        with self._lock:
            seen = self._last.seen
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
            return self._last.doubtful_for()
