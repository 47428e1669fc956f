# SPDX-License-Identifier: Apache-2.0

"""Reads the services of a deployment again and again.

t=0 s  the first list is read: it is where the following begins.
t=2 s  the second one differs in a host: one transition.
t=4 s  the backend is unreachable: one transition of the backend. The services
       stay as they were, with their age; none of them is shown as down.
t=60 s it can be read again: one of the backend, and what changed meanwhile.
"""

from collections.abc import Callable
from collections.abc import Mapping
import dataclasses
import datetime
import threading
import time

from nova_sg import exception
from nova_sg.cmd.watch import transitions

#: Errors that may be over with the next reading. A conductor has some of its
#: own: another one may serve the next call.
PASSING = (exception.ServiceGroupUnavailable, exception.ConductorError)

#: The share of the time that reading may take at most: a list of many
#: services is read less often than asked for.
SHARE = 0.25


@dataclasses.dataclass(frozen=True, slots=True)
class News:
    """What one reading brought."""

    services: Mapping[str, transitions.Sighting]
    #: When the services were as they are shown.
    read_at: datetime.datetime
    #: When this was learned; later than ``read_at`` in an outage.
    learned_at: datetime.datetime
    changes: list[transitions.Transition]
    #: Why the backend could not be read this time.
    error: str | None = None


class Follower:
    """Follows the services that a function lists.

    :param read: returns the services by uuid
    :param interval: seconds between two readings
    """

    def __init__(
        self,
        read: Callable[[], dict[str, transitions.Sighting]],
        interval: float,
    ) -> None:
        self._read = read
        self._interval = interval
        self._last: News | None = None
        self._pause = interval

    def begin(self) -> News:
        """Read the services for the first time.

        :raises ServiceGroupUnavailable: the backend cannot be read
        """
        self._last = self._read_once({})
        # The first list is no change.
        self._last = dataclasses.replace(self._last, changes=[])
        return self._last

    def next(self) -> News:
        """Read the services again, after :meth:`begin`."""
        last = self._last
        assert last is not None
        try:
            self._last = self._read_once(last.services)
        except PASSING as error:
            self._last = self._unread(last, str(error))
            return self._last
        if last.error is not None:
            self._last.changes.insert(0, _backend(again=True))
        return self._last

    def follow(
        self, tell: Callable[[News], None], stop: threading.Event
    ) -> None:
        """Call a function with what each further reading brings.

        :param tell: the function
        :param stop: ends the following
        """
        while not stop.wait(self._pause):
            tell(self.next())

    def _read_once(self, before: Mapping[str, transitions.Sighting]) -> News:
        began = time.monotonic()
        services = self._read()
        took = time.monotonic() - began
        self._pause = max(self._interval, took / SHARE - took)
        now = _now()
        changes = transitions.compare(before, services)
        return News(services, now, now, changes)

    def _unread(self, last: News, why: str) -> News:
        changes = []
        if last.error is None:
            changes = [_backend(again=False, reason=why)]
        return News(last.services, last.read_at, _now(), changes, why)


def _backend(
    *, again: bool, reason: str | None = None
) -> transitions.Transition:
    before, after = transitions.REACHABLE, transitions.UNREACHABLE
    if again:
        before, after = after, before
    return transitions.Transition(
        transitions.BACKEND, before, after, reason=reason
    )


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
