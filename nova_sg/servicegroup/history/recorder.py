# SPDX-License-Identifier: Apache-2.0

"""Records what changes from one list of the services to the next."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import time
from typing import Any
from typing import Protocol

from oslo_log import log as logging

from nova_sg import context as sg_context
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup import record
from nova_sg.servicegroup.history import base
from nova_sg.servicegroup.history import entry as entry_

LOG = logging.getLogger(__name__)

Context = sg_context.RequestContext

#: Seconds between two deletions of old entries.
PRUNE_EVERY = 3600.0


class Services(Protocol):
    """What a recorder asks of the servicegroup API."""

    def list(
        self, context: Context
    ) -> tuple[Sequence[record.Record], Mapping[str, liveness.Liveness]]:
        """Return the services, and what is known of them by uuid."""

    def departures(
        self,
        context: Context,
        services: Iterable[Any],
        known: Mapping[str, liveness.Liveness] | None = None,
    ) -> Mapping[str, reasons.Departure]:
        """Return why services are up or down, by uuid."""


class Recorder:
    """Compares lists of services, and records what has changed.

    What it finds at first is no transition. It begins with the last entry of
    each service, and where there is none with the service as it is. While a
    service's state is unknown, or in doubt, it stays what it was; what was
    only presumed of a service is no state that it leaves.

    :param services: lists them
    :param history: where transitions are recorded
    :param observer: names this process in an entry
    :param context_of: returns the context of a look
    """

    def __init__(
        self,
        services: Services,
        history: base.History,
        observer: str,
        context_of: Callable[[], Context] = sg_context.get_admin_context,
    ) -> None:
        self._context_of = context_of
        self._services = services
        self._history = history
        self._observer = observer[: entry_.MAX_LENGTH]
        #: By uuid the number of the newest entry, 0 without one. It is an
        #: interval old when something is compared with it.
        self._numbers: dict[str, int] = {}
        #: How each service was then.
        self._standings: dict[str, entry_.Standing] = {}
        #: The services without an entry that were in doubt.
        self._presumed: set[str] = set()
        self._prune_at = 0.0

    def look(self) -> int:
        """List the services once, and record what has changed.

        :returns: how many transitions were recorded, here or elsewhere
        :raises ServiceGroupUnavailable: the backend cannot be asked
        """
        context = self._context_of()
        records, alive = self._services.list(context)
        services = {each.uuid: each for each in records}
        for uuid in self._numbers.keys() - services.keys():
            del self._numbers[uuid]
            self._standings.pop(uuid, None)
            self._presumed.discard(uuid)
        now = self._seen(services.values(), alive)
        self._settle(alive)
        known = self._numbers.keys() & now.keys()
        changed = [
            uuid for uuid in known if now[uuid] != self._standings[uuid]
        ]
        new = now.keys() - known
        last = self._history.last(context, [*changed, *new])
        for uuid in new:
            self._standings[uuid] = now[uuid]
            self._learn(uuid, last.get(uuid))
            verdict = alive.get(uuid)
            if uuid not in last and verdict and verdict.unknown is not None:
                self._presumed.add(uuid)
        # The others were recorded elsewhere since the last look, or more has
        # changed since: they are compared with what is there next time.
        mine = [
            services[uuid]
            for uuid in changed
            if self._knows(uuid, last.get(uuid))
        ]
        whys = self._whys(context, mine, now, alive)
        entries = [
            self._entry(each, now[each.uuid], whys.get(each.uuid))
            for each in mine
        ]
        for uuid in changed:
            self._learn(uuid, last.get(uuid))
        if entries:
            self._record(context, entries)
        self._prune(context, services)
        return len(entries)

    def _seen(
        self,
        services: Iterable[record.Record],
        alive: Mapping[str, liveness.Liveness],
    ) -> dict[str, entry_.Standing]:
        """Return how the services are, by uuid, as far as that is known."""
        seen = {}
        for each in services:
            verdict = alive.get(each.uuid)
            before = self._standings.get(each.uuid)
            if each.forced_down:
                state = liveness.DOWN
            elif verdict is not None and verdict.unknown is None:
                state = verdict.state
            elif before is not None and not before.forced_down:
                state = before.state
            elif verdict is not None and verdict.state != liveness.UNKNOWN:
                # Presumed. Not to look at it would lose what an operator
                # decides meanwhile.
                state = verdict.state
            else:
                continue
            seen[each.uuid] = entry_.Standing(
                state, bool(each.disabled), bool(each.forced_down)
            )
        return seen

    def _settle(self, alive: Mapping[str, liveness.Liveness]) -> None:
        """Begin with services as they are, once that is known."""
        for uuid in list(self._presumed):
            verdict = alive.get(uuid)
            if verdict is None or verdict.unknown is not None:
                continue
            self._presumed.discard(uuid)
            was = self._standings[uuid]
            if not (self._numbers[uuid] or was.forced_down):
                self._standings[uuid] = was._replace(state=verdict.state)

    def _learn(self, uuid: str, last: entry_.Entry | None) -> None:
        """Compare the next list with an entry.

        A history may have lost what it had, as memcached does: then the
        service is compared with how it was.
        """
        self._numbers[uuid] = 0 if last is None else last.sequence
        if last is not None:
            self._standings[uuid] = last.after

    def _knows(self, uuid: str, last: entry_.Entry | None) -> bool:
        """Return whether the newest entry is the one that is known here."""
        if last is None:
            return self._numbers[uuid] == 0
        known = self._numbers[uuid], self._standings[uuid]
        return known == (last.sequence, last.after)

    def _whys(
        self,
        context: Context,
        services: Sequence[record.Record],
        now: Mapping[str, entry_.Standing],
        alive: Mapping[str, liveness.Liveness],
    ) -> Mapping[str, reasons.Departure]:
        """Return why services have gone down, by uuid."""
        down = [
            each
            for each in services
            if self._standings[each.uuid].is_up and not now[each.uuid].is_up
        ]
        if not down:
            return {}
        return self._services.departures(context, down, alive)

    def _entry(
        self,
        service: record.Record,
        now: entry_.Standing,
        why: reasons.Departure | None,
    ) -> entry_.Entry:
        before = self._standings[service.uuid]
        reason = _reason(service, before, now, why)
        return entry_.Entry(
            uuid=service.uuid,
            sequence=self._numbers[service.uuid] + 1,
            host=service.host or '',
            binary=service.binary or '',
            time=None,
            before=before,
            after=now,
            reason=reason and reason[: entry_.MAX_LENGTH],
            observer=self._observer,
        )

    def _record(
        self, context: Context, entries: Sequence[entry_.Entry]
    ) -> None:
        recorded = self._history.record(context, entries)
        for each in entries:
            self._learn(each.uuid, recorded.get(each.uuid))

    def _prune(
        self, context: Context, services: Mapping[str, record.Record]
    ) -> None:
        """Delete old entries, once in a while."""
        if time.monotonic() < self._prune_at:
            return
        deleted = self._history.prune(context, services.keys())
        if deleted:
            LOG.info('Deleted %d old entries of the history', deleted)
        self._prune_at = time.monotonic() + PRUNE_EVERY


def _reason(
    service: record.Record,
    before: entry_.Standing,
    after: entry_.Standing,
    why: reasons.Departure | None,
) -> str | None:
    """Return why a service is no longer as it was, if that is known."""
    if after.forced_down and not before.forced_down:
        return reasons.FORCED
    if before.is_up and not after.is_up:
        return reasons.UNKNOWN if why is None else why.reason
    if after.disabled and not before.disabled:
        return service.disabled_reason
    return None
