# SPDX-License-Identifier: Apache-2.0

"""What this process last learned of liveness, and how old that is."""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import itertools
import time

from oslo_log import log as logging

from nova_sg.servicegroup import liveness

LOG = logging.getLogger(__name__)

#: Seconds for which a verdict answers without asking the backend again, and
#: for which a backend that failed is not asked again.
FRESH = 1.0

#: How many services are asked for within a second, each by itself, before
#: others are taken along.
ALONE = 10

#: Seconds after which a service nobody has heard of is taken for destroyed,
#: and how many services more than at the last look are worth another.
FORGOTTEN_AFTER = 3600.0
PRUNE_STEP = 1000


class Knowledge:
    """The last known verdict of each service, by uuid.

    A backend that cannot be asked is not a dead service: while it is away
    the last known state stands, and its age is logged. Nor is a service dead
    whose beats had nowhere to go: after an outage one that was up stands as it
    did until it had time to beat again.

    :param settling: seconds which members get to beat after an outage
    :param along: for how many services at most to ask where one is asked for
    """

    def __init__(self, settling: float, along: int) -> None:
        self._settling = settling
        self._along = along
        self._settled_at = 0.0
        self._known: dict[str, liveness.Liveness] = {}
        self._asked_at: float | None = None
        self._failed_at: float | None = None
        self._prune_above = PRUNE_STEP
        # Those of which the backend could not tell when it was last asked.
        self._unknown: set[str] = set()
        # How often the backend had to be asked where one service was asked
        # for, until when that counts, and who may be next.
        self._row = 0
        self._row_until = 0.0
        self._next: Iterator[str] = iter(())

    def learn(
        self, answer: Mapping[str, liveness.Liveness]
    ) -> Mapping[str, liveness.Liveness]:
        """Take in what the backend answered.

        :param answer: verdicts by uuid; those of which the backend cannot
            tell stay as they are known
        :returns: the verdicts, as they stand after an outage
        """
        now = time.monotonic()
        if self._failed_at is not None:
            LOG.info('The servicegroup backend answers again.')
            self._failed_at = None
            self._settled_at = now + self._settling
        if now < self._settled_at:
            answer = self._after_outage(answer)
        unknown = {uuid for uuid, each in answer.items() if each.unknown}
        self._known.update(
            {u: each for u, each in answer.items() if u not in unknown}
            if unknown
            else answer
        )
        self._unknown = (self._unknown - answer.keys()) | unknown
        if len(self._known) > self._prune_above:
            self._prune()
        self._asked_at = now
        return answer

    def failed(self, error: Exception) -> None:
        """Note that the backend could not be asked."""
        if self._failed_at is None:
            LOG.warning(
                '%(error)s The last known state of %(count)d service(s) '
                'stands; it is %(age)s old.',
                {
                    'error': error,
                    'count': len(self._known),
                    'age': 'unknown'
                    if self._asked_at is None
                    else f'{time.monotonic() - self._asked_at:.0f} s',
                },
            )
        self._failed_at = time.monotonic()

    def forget(self, uuid: str) -> None:
        """Drop what is known of a service that was destroyed."""
        self._known.pop(uuid, None)
        self._unknown.discard(uuid)

    def fresh(self, uuid: str) -> liveness.Liveness | None:
        """Return a verdict young enough to need no asking, else None."""
        known = self._known.get(uuid)
        if known is None or time.monotonic() - known.known_at > FRESH:
            return None
        return known

    def with_next(self, uuid: str) -> list[str]:
        """Return a service that is asked for, and who may be next.

        Who asks for very many, one after the other, as a scheduler does for
        its hosts, is not done within a second, and would then ask the backend
        for each. So who asks for more than a few within a second gets others
        along that are not fresh, as many as the backend tells of at once.
        """
        now = time.monotonic()
        if now >= self._row_until:
            self._row = 0
            self._row_until = now + FRESH
        self._row += 1
        if self._row <= ALONE or self._along == 1:
            return [uuid]
        if self._row == ALONE + 1:
            self._next = iter(self._known_after(uuid))
        # Threads share the iterator of a list, which suffers it.
        stale = (
            each
            for each in self._next
            if each != uuid and self.fresh(each) is None
        )
        return [uuid, *itertools.islice(stale, self._along - 1)]

    def last(self, uuids: Iterable[str]) -> dict[str, liveness.Liveness]:
        """Return the last known verdicts, however old."""
        known = self._known
        return {uuid: known[uuid] for uuid in uuids if uuid in known}

    @property
    def failing(self) -> bool:
        """Whether the backend failed so recently that asking is no use."""
        failed_at = self._failed_at
        return failed_at is not None and time.monotonic() - failed_at < FRESH

    @property
    def age(self) -> float:
        """How old knowledge is, in seconds; 0.0 while the backend answers.

        Where it answers in part, that is the age of the oldest verdict.
        """
        now = time.monotonic()
        if self._failed_at is not None and self._asked_at is not None:
            return now - self._asked_at
        known = self.last(self._unknown).values()
        return max((now - each.known_at for each in known), default=0.0)

    def _after_outage(
        self, answer: Mapping[str, liveness.Liveness]
    ) -> dict[str, liveness.Liveness]:
        """Let stand what was up, and has not had its say since."""
        settled = dict(answer)
        for uuid, verdict in answer.items():
            before = self._known.get(uuid)
            if (
                before is not None
                and before.up
                and not verdict.up
                and verdict.last_seen is not None
                and verdict.last_seen == before.last_seen
            ):
                settled[uuid] = before
        return settled

    def _known_after(self, uuid: str) -> list[str]:
        """Return all other services, those first that follow in a list."""
        known = list(self._known)
        try:
            at = known.index(uuid)
        except ValueError:
            return known
        return known[at + 1 :] + known[:at]

    def _prune(self) -> None:
        """Drop services that others destroyed, so that memory is bounded."""
        horizon = time.monotonic() - FORGOTTEN_AFTER
        self._known = {
            uuid: known
            for uuid, known in self._known.items()
            if known.known_at > horizon
        }
        self._prune_above = 2 * len(self._known) + PRUNE_STEP
