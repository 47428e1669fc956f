# SPDX-License-Identifier: Apache-2.0


"""What was measured, and what follows from it."""

from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import datetime
import statistics
from typing import Any
from typing import Self


@dataclasses.dataclass(kw_only=True)
class Measured:
    """What a side took; :meth:`note` adds to it.

    :param seconds: of each warm sample, for one unit
    :param cold: of the first sample of each fresh process
    :param cpu: seconds of CPU of this side's process, as ``seconds``; for
        who looks at the JSON
    :param memory: MB resident at most, of the process as a whole
    :param statements: for one unit
    :param round_trips: for one unit
    """

    seconds: list[float] = dataclasses.field(default_factory=list)
    cold: list[float] = dataclasses.field(default_factory=list)
    cpu: list[float] = dataclasses.field(default_factory=list)
    memory: float | None = None
    statements: float | None = None
    round_trips: float | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def note(self, sample: Mapping[str, Any], *, cold: bool) -> None:
        """Add a sample, as a child told it."""
        units = sample['facts'].get('units', 1)
        self.memory = max(self.memory or 0.0, sample['memory']['peak'])
        if cold:
            self.cold.append(sample['seconds'] / units)
            return
        self.seconds.append(sample['seconds'] / units)
        self.cpu.append(sample['cpu'] / units)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Result:
    """A case on a backend, for a number of services.

    :param size: services; 0 where it does not matter
    :param unit: what the seconds are for
    :param sides: ``ours``, ``nova``, ``floor`` and ``rows`` (the older floor),
        as far as they took part
    :param measured_at: when, ISO 8601
    :param machine: what it was measured on, see :mod:`benchmarks.machine`
    """

    case: str
    title: str
    backend: str
    size: int
    unit: str
    sides: dict[str, Measured]
    measured_at: str
    machine: dict[str, Any]

    @classmethod
    def now(cls, **what: Any) -> Self:
        """Return a result that was measured now."""
        now = datetime.datetime.now(datetime.UTC)
        return cls(
            **{'size': 0, **what},
            measured_at=now.isoformat(timespec='seconds'),
        )

    @property
    def key(self) -> tuple[str, str, int]:
        return self.case, self.backend, self.size

    def ratios(self, side: str, other: str) -> list[float]:
        """Return how much longer a side took than another, run by run."""
        one, two = self.sides.get(side), self.sides.get(other)
        if one is None or two is None:
            return []
        if len(one.seconds) != len(two.seconds):
            return [one.median / two.median]
        return [
            mine / theirs
            for mine, theirs in zip(one.seconds, two.seconds, strict=True)
        ]

    def ratio(self, side: str, other: str) -> float | None:
        """Return the median of :meth:`ratios`, None without one."""
        ratios = self.ratios(side, other)
        return statistics.median(ratios) if ratios else None


def to_json(results: Sequence[Result]) -> list[dict[str, Any]]:
    return [dataclasses.asdict(each) for each in results]


def from_json(told: Sequence[dict[str, Any]]) -> list[Result]:
    return [
        Result(
            **{
                **each,
                'sides': {
                    name: Measured(**measured)
                    for name, measured in each['sides'].items()
                },
            }
        )
        for each in told
    ]


#: The points of lines, by backend and side.
Lines = dict[tuple[str, str], list[tuple[int, float]]]


def growth(found: Sequence[Result]) -> dict[str, Lines]:
    """Return what each case costs over the number of services.

    :returns: lines by case and unit, without lines of one point
    """
    cases: dict[str, Lines] = {}
    for each in sorted(found, key=lambda each: each.size):
        case = cases.setdefault(f'{each.case}, a {each.unit}', {})
        for side, measured in each.sides.items():
            line = case.setdefault((each.backend, side), [])
            line.append((each.size, measured.median))
    kept = {
        case: {key: line for key, line in of.items() if len(line) > 1}
        for case, of in cases.items()
    }
    return {case: of for case, of in sorted(kept.items()) if of}
