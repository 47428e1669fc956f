# SPDX-License-Identifier: Apache-2.0


"""What is to be reached, and whether it was.

Ratios within one run, on two cores. A target that is missed stays here as it
is; the documentation says what holds it back.

There are two floors, and a target names its own. ``floor`` is what nothing can
undercut. ``rows`` is the older one, with SQLAlchemy's rows of all columns, in
which some targets were set (see :mod:`benchmarks.floor.rows`).
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses

from benchmarks import in_tree
from benchmarks import results
from benchmarks import sides

#: What timing itself wobbles by, where a cost is to be "no higher".
NOISE = 1.1

Key = tuple[str, str, int]
Found = Mapping[Key, results.Result]


@dataclasses.dataclass(frozen=True)
class Target:
    """A bound on something that was measured.

    :param what: names it, with its unit
    :param keys: the results it is taken from
    :param measure: takes it from them
    :param at_least: it may not be below
    :param at_most: it may not be above
    :param floor: the floor that it is set in; results of a run that did not
        measure that are not judged
    """

    what: str
    keys: tuple[Key, ...]
    measure: Callable[[Found], float]
    at_least: float | None = None
    at_most: float | None = None
    floor: str = ''

    @property
    def bound(self) -> str:
        if self.at_least is not None:
            return f'at least {self.at_least:g}'
        return f'at most {self.at_most:g}'

    def judges(self, found: Found) -> bool:
        """Return whether all is there that it is taken from."""
        return all(key in found for key in self.keys) and (
            self.floor != sides.ROWS
            or all(self.floor in found[key].sides for key in self.keys)
        )

    def reached(self, value: float) -> bool:
        return (self.at_least is None or value >= self.at_least) and (
            self.at_most is None or value <= self.at_most
        )


@dataclasses.dataclass(frozen=True)
class Verdict:
    """A target, and what was measured for it."""

    target: Target
    value: float

    @property
    def reached(self) -> bool:
        return self.target.reached(self.value)


def judge(measured: Sequence[results.Result]) -> list[Verdict]:
    """Return the verdicts on targets whose results are all there."""
    found = {each.key: each for each in measured}
    return [
        Verdict(target, target.measure(found))
        for target in TARGETS
        if target.judges(found)
    ]


def faster(case: str, backend: str, times: float) -> Target:
    """At least so many times faster than nova, at 10,000 services."""
    key = (case, backend, 10_000)
    return Target(
        f'{case} on {backend}: nova / ours',
        (key,),
        lambda found: found[key].ratio('nova', 'ours') or 0.0,
        at_least=times,
    )


def within(
    case: str,
    backend: str,
    times: float,
    size: int = 10_000,
    floor: str = 'floor',
) -> Target:
    """At most so many times a floor, with so many services."""
    key = (case, backend, size)
    return Target(
        f'{case} on {backend}: ours / {floor}',
        (key,),
        lambda found: found[key].ratio('ours', floor) or float('inf'),
        at_most=times,
        floor=floor,
    )


def below(
    what: str,
    key: Key,
    measure: Callable[[results.Result], float],
    bound: float,
) -> Target:
    """At most so much, taken from one result."""
    return Target(
        what, (key,), lambda found: measure(found[key]), at_most=bound
    )


def inside(request: str, kept_by: str, times: float) -> Target:
    """At least so many times faster than a stock nova, in a nova's API."""
    return faster(in_tree.name(request), kept_by, times)


def no_slower_inside() -> Iterator[Target]:
    """What a cloud does all day costs no more, whatever keeps services."""
    for database in ('', ' on postgresql'):
        for kept_by in ('db', 'zk', 'zk:sql', 'mc', 'mc:sql'):
            for request in (
                *('/os-hypervisors/statistics', 'scheduling'),
                'servers with host_status',
            ):
                yield inside(
                    request, f'{kept_by}{database}', round(1 / NOISE, 2)
                )


def _growth(found: Found) -> float:
    """Return how the cost of a service grows from 10,000 to 100,000.

    What is added to the ``SELECT``: that itself grows, whoever makes it.
    """

    def added(size: int) -> float:
        sides = found['list', 'sqlite', size].sides
        return (sides['ours'].median - sides['floor'].median) / size

    return added(100_000) / added(10_000)


def _milliseconds(result: results.Result) -> float:
    return result.sides['ours'].median * 1e3


TARGETS = (
    faster('list', 'sqlite', 8),
    within('list', 'sqlite', 3),
    within('list', 'sqlite', 1.5, floor=sides.ROWS),
    within('list', 'postgresql', 1.8, floor=sides.ROWS),
    faster('list-zones', 'sqlite', 12),
    within('list-zones', 'sqlite', 4),
    faster('list-default-zone', 'sqlite', 60),
    within('list-default-zone', 'sqlite', 4),
    faster('get-services', 'sqlite', 20),
    within('get-services', 'sqlite', 3),
    within('get-services', 'sqlite', 1.3, floor=sides.ROWS),
    within('get-services', 'postgresql', 1.5, floor=sides.ROWS),
    below(
        'get-services on zk: ms',
        ('get-services', 'zk', 10_000),
        _milliseconds,
        10,
    ),
    below(
        'get-services-unchanged on zk: ms',
        ('get-services-unchanged', 'zk', 10_000),
        _milliseconds,
        0.5,
    ),
    below(
        'get-services of 100,000 on sqlite: seconds',
        ('get-services', 'sqlite', 100_000),
        lambda result: result.sides['ours'].median,
        0.7,
    ),
    below(
        'list on mariadb with mysqlclient: ms',
        ('list', 'mysqlclient', 10_000),
        _milliseconds,
        180,
    ),
    faster('get-services-default-zone', 'sqlite', 60),
    within('get-services-default-zone', 'sqlite', 3),
    faster('get-services-of-host', 'sqlite', 200),
    faster('get-hypervisors-detail', 'sqlite', 150),
    within('get-hypervisors-detail', 'sqlite', 5),
    inside('/os-services', 'zk', 20),
    below(
        'inside nova: GET /os-services on zk: CPU seconds',
        (in_tree.name('/os-services'), 'zk', 10_000),
        lambda result: result.sides['ours'].median,
        0.2,
    ),
    inside('/os-services', 'db on postgresql', 15),
    *(
        target
        for kept_by in ('db', 'zk')
        for target in (
            inside('/os-hypervisors/detail', kept_by, 100),
            below(
                f'inside nova: GET /os-hypervisors/detail on {kept_by}: CPU '
                'seconds',
                (in_tree.name('/os-hypervisors/detail'), kept_by, 10_000),
                lambda result: result.sides['ours'].median,
                0.5,
            ),
            inside('/os-availability-zone/detail', kept_by, 25),
        )
    ),
    *no_slower_inside(),
    faster('liveness', 'mc', 8),
    within('liveness', 'mc', 1.15),
    below(
        'liveness on zk, warm: µs a service',
        ('liveness', 'zk', 10_000),
        lambda result: result.sides['ours'].median * 1e6,
        1,
    ),
    faster('one-host', 'postgresql', 1.7),
    within('one-host', 'sqlite', 2.5, floor=sides.ROWS),
    within('beat', 'postgresql', 1.1, size=1_000),
    within('scheduling', 'postgresql', 2.6, size=100_000, floor=sides.ROWS),
    faster('beats', 'postgresql', 20),
    within('beats', 'postgresql', 2),
    below(
        'killed on zk: seconds to down, median',
        ('killed', 'zk', 0),
        lambda result: result.sides['ours'].median,
        6,
    ),
    below(
        'killed on zk: seconds to down, worst',
        ('killed', 'zk', 0),
        lambda result: max(result.sides['ours'].seconds),
        8,
    ),
    below(
        'list of 100,000 on sqlite: seconds',
        ('list', 'sqlite', 100_000),
        lambda result: result.sides['ours'].median,
        1.5,
    ),
    below(
        'API worker that lists 100,000 on sqlite: MB at most',
        ('get-services', 'sqlite', 100_000),
        lambda result: result.sides['ours'].memory or float('inf'),
        150,
    ),
    Target(
        'list on sqlite: what a service adds to the SELECT, at 100,000 / at '
        '10,000',
        (('list', 'sqlite', 10_000), ('list', 'sqlite', 100_000)),
        _growth,
        at_most=NOISE,
    ),
)

#: The results that targets are taken from.
KEYS = frozenset(key for each in TARGETS for key in each.keys)

#: Those of them that need the older floor.
IN_ROWS = frozenset(
    key for each in TARGETS for key in each.keys if each.floor == sides.ROWS
)
