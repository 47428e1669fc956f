# SPDX-License-Identifier: Apache-2.0


"""Measures a case: sides in turn, sample by sample, in the same run."""

from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import time
from typing import Any

from benchmarks import cases
from benchmarks import results
from benchmarks import sides
from benchmarks import world as world_

#: Facts about the work itself, in which sides may differ.
OWN_FACTS = {'units'}


@dataclasses.dataclass(frozen=True)
class Effort:
    """How much is measured.

    :param rounds: fresh processes of each side
    :param samples: warm samples in each
    """

    rounds: int
    samples: int


class Disagree(Exception):
    """Two sides found different things, so their times mean nothing."""


def measure(
    case: cases.Case,
    world: world_.World,
    taking_part: Sequence[sides.Side],
    effort: Effort,
    machine: Mapping[str, Any],
) -> results.Result:
    """Measure a case.

    Before each sample of each side all services beat and ten are disabled.
    The sides take turns, and the first turn is another's each time.

    :raises Disagree: nova and nova_sg have found different things
    """
    world.set_zoned(case.zoned)
    measured = {each.name: results.Measured() for each in taking_part}
    for _ in range(effort.rounds):
        _round(case, world, taking_part, effort.samples, measured)
    return results.Result.now(
        case=case.name,
        title=case.title,
        backend=world.backend,
        size=world.size,
        unit=case.unit,
        sides=measured,
        machine=dict(machine),
    )


def _round(
    case: cases.Case,
    world: world_.World,
    taking_part: Sequence[sides.Side],
    samples: int,
    measured: dict[str, results.Measured],
) -> None:
    for side in taking_part:
        side.begin(world.options())
        side.tell(
            'prepare',
            operation=case.operation,
            arguments=case.arguments(world),
        )
    # The first is the cold one.
    for number in range(samples + 1):
        turn = number % len(taking_part)
        found = {}
        for side in [*taking_part[turn:], *taking_part[:turn]]:
            _churn(case, world)
            sample = side.tell('measure')
            found[side.name] = sample['facts']
            measured[side.name].note(sample, cold=number == 0)
        _compare(case, found)
    for side in taking_part:
        if case.counted:
            _churn(case, world)
            counted = side.tell('count', ports=world.ports)
            measured[side.name].statements = counted['statements']
            measured[side.name].round_trips = counted['round_trips']
        side.end()


def _churn(case: cases.Case, world: world_.World) -> None:
    """Let everything change, and be forgotten."""
    world.churn()
    time.sleep(case.pause)


def _compare(case: cases.Case, found: Mapping[str, Mapping[str, Any]]) -> None:
    """See that all sides saw the same deployment."""
    (first, one), *others = found.items()
    for name, other in others:
        for fact in (one.keys() & other.keys()) - OWN_FACTS:
            if one[fact] != other[fact]:
                raise Disagree(
                    f'{case.name}: {fact} is {one[fact]} for {first}, and '
                    f'{other[fact]} for {name}'
                )
