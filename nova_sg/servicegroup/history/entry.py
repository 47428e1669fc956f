# SPDX-License-Identifier: Apache-2.0

"""One transition of one service."""

from collections.abc import Iterable
from collections.abc import Mapping
import datetime
from typing import Any
from typing import NamedTuple
from typing import Self

from nova_sg.servicegroup import liveness

DISABLED = 'disabled'
FORCED_DOWN = 'forced down'

#: The most characters that each text of an entry has.
MAX_LENGTH = 255

#: What stands between the words of a standing.
_SEPARATOR = ', '


class Standing(NamedTuple):
    """What is followed of a service.

    :param state: ``up`` or ``down``; a service that is forced down is down
    :param disabled: the scheduler does not use it
    :param forced_down: an operator forced it down
    """

    state: str
    disabled: bool = False
    forced_down: bool = False

    def __str__(self) -> str:
        words = [self.state]
        if self.disabled:
            words.append(DISABLED)
        if self.forced_down:
            words.append(FORCED_DOWN)
        return _SEPARATOR.join(words)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return a standing from its text.

        Words that only a newer release knows are left out.
        """
        state, *words = text.split(_SEPARATOR)
        return cls(state, DISABLED in words, FORCED_DOWN in words)

    @property
    def is_up(self) -> bool:
        return self.state == liveness.UP


class Entry(NamedTuple):
    """One transition of one service.

    :param uuid: of the service
    :param sequence: the number of this entry among those of the service,
        which begin with 1
    :param host: of the service, as it was then
    :param binary: likewise
    :param time: when a watcher saw it, aware UTC, by the clock of the backend
        where it has one; None of an entry that is still to be written
    :param before: how the service was in the entry before
    :param after: how it is since
    :param reason: why; None where that is not known
    :param observer: the process that saw it
    """

    uuid: str
    sequence: int
    host: str
    binary: str
    time: datetime.datetime | None
    before: Standing
    after: Standing
    reason: str | None
    observer: str

    @property
    def changed_at(self) -> datetime.datetime:
        """When a watcher saw it, of an entry that is written."""
        assert self.time is not None
        return self.time


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Return entries of many services in the order of their times.

    Those of one service stay in their own order, whatever the clocks of
    their writers say.
    """
    latest: dict[str, datetime.datetime] = {}
    placed = []
    for each in sorted(entries, key=lambda e: (e.uuid, e.sequence)):
        moment = max(each.changed_at, latest.get(each.uuid, each.changed_at))
        latest[each.uuid] = moment
        placed.append(((moment, each.uuid, each.sequence), each))
    return [each for _place, each in sorted(placed, key=lambda p: p[0])]


def dump(entry: Entry) -> dict[str, Any]:
    """Return what JSON carries of an entry."""
    return {
        **entry._asdict(),
        'time': None if entry.time is None else entry.time.isoformat(),
        'before': str(entry.before),
        'after': str(entry.after),
    }


def load(values: Mapping[str, Any]) -> Entry:
    """Return an entry from what :func:`dump` made of it.

    Values that only a newer release knows are left out.
    """
    known = {name: values[name] for name in Entry._fields}
    moment = known['time']
    return Entry(
        **{
            **known,
            'time': moment and datetime.datetime.fromisoformat(moment),
            'before': Standing.parse(known['before']),
            'after': Standing.parse(known['after']),
        }
    )
