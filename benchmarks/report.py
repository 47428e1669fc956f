# SPDX-License-Identifier: Apache-2.0


"""What was measured as tables: for a terminal, and for the documentation."""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
import statistics
from typing import Any

from benchmarks import results
from benchmarks import sides
from benchmarks import targets

HEADER = (
    'case',
    'backend',
    'services',
    'nova_sg',
    'nova 34',
    'floor',
    'nova / ours',
    'ours / floor',
    'ours / rows',
    'cold',
    'statements',
    'round trips',
    'MB',
)

_UNITS = ((1.0, 's'), (1e-3, 'ms'), (1e-6, 'µs'))


def time(seconds: float) -> str:
    """Return a time in three digits and the unit that suits it."""
    size, unit = next(
        (each for each in _UNITS if seconds >= each[0]), _UNITS[-1]
    )
    return f'{_digits(seconds / size)} {unit}'


def row(result: results.Result) -> tuple[str, ...]:
    """Return a result as a row under :data:`HEADER`."""
    return (
        result.case,
        result.backend,
        f'{result.size:,}' if result.size else '',
        *(_spread(result.sides.get(s)) for s in ('ours', 'nova', 'floor')),
        _ratio(result, 'nova', 'ours'),
        _ratio(result, 'ours', 'floor'),
        _ratio(result, 'ours', sides.ROWS),
        _side_by_side(result, _cold),
        _side_by_side(result, lambda side: _number(side.statements)),
        _side_by_side(result, lambda side: _number(side.round_trips)),
        _side_by_side(result, lambda side: _number(side.memory)),
    )


def text(rows: Sequence[Sequence[str]]) -> str:
    """Return rows in columns; the first row is the header."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        '  '.join(
            cell.ljust(width) for cell, width in zip(each, widths, strict=True)
        ).rstrip()
        for each in rows
    ]
    return '\n'.join([lines[0], '-' * len(lines[0]), *lines[1:]])


def rst(rows: Sequence[Sequence[str]]) -> str:
    """Return rows as a table of reStructuredText."""
    lines = ['.. list-table::', '   :header-rows: 1', '']
    for each in rows:
        for number, cell in enumerate(each):
            lines.append(f'   {"*" if not number else " "} - {cell}'.rstrip())
    return '\n'.join(lines) + '\n'


def measured(found: Sequence[results.Result]) -> list[tuple[str, ...]]:
    """Return the table of results."""
    return [HEADER, *(row(each) for each in found)]


def judged(verdicts: Sequence[targets.Verdict]) -> list[tuple[str, ...]]:
    """Return the table of targets."""
    return [
        ('target', 'bound', 'measured', 'verdict'),
        *(
            (
                each.target.what,
                each.target.bound,
                _digits(each.value),
                'reached' if each.reached else 'MISSED',
            )
            for each in verdicts
        ),
    ]


def machines(found: Sequence[results.Result]) -> list[tuple[str, ...]]:
    """Return the table of what was measured on, the latest last."""
    rows: list[tuple[str, ...]] = [('what', 'measured on')]
    known: dict[str, list[results.Result]] = {}
    for each in sorted(found, key=lambda each: each.measured_at):
        known.setdefault(_machine(each.machine), []).append(each)
    for machine, measured in known.items():
        days = sorted({each.measured_at[:10] for each in measured})
        rows.append((f'{len(measured)} results, {" ".join(days)}', machine))
    return rows


def _machine(machine: Mapping[str, Any]) -> str:
    parts = (
        f'{name}: ' + ', '.join(f'{p} {v}' for p, v in machine[name].items())
        for name in ('ours', 'nova', 'servers')
        if name in machine
    )
    return (
        f'{machine["cpu"]}, {machine["cores"]} cores, '
        f'{machine["memory_gb"]} GB, Linux {machine["kernel"]}, Python '
        f'{machine["python"]}; ' + '; '.join(parts)
    )


def _digits(value: float) -> str:
    return f'{value:.0f}' if value >= 100 else f'{value:.3g}'


def _spread(measured: results.Measured | None) -> str:
    if measured is None:
        return ''
    low, high = min(measured.seconds), max(measured.seconds)
    return f'{time(measured.median)} ({time(low)} to {time(high)})'


def _ratio(result: results.Result, side: str, other: str) -> str:
    ratios = result.ratios(side, other)
    if not ratios:
        return ''
    ratio = result.ratio(side, other)
    assert ratio is not None
    return (
        f'{_digits(ratio)} ({_digits(min(ratios))} to {_digits(max(ratios))})'
    )


def _side_by_side(
    result: results.Result, told: Callable[[results.Measured], str]
) -> str:
    """Return what is told of ours, nova and the floor, if there is any."""
    cells = [
        told(result.sides[side]) if side in result.sides else '-'
        for side in ('ours', 'nova', 'floor')
    ]
    return ' : '.join(cells) if set(cells) != {'-'} else ''


def _cold(measured: results.Measured) -> str:
    return time(statistics.median(measured.cold)) if measured.cold else '-'


def _number(value: float | None) -> str:
    return '-' if value is None else _digits(value)


def beside(result: results.Result) -> str:
    """Return the ratios of a case in words, empty where there are none."""
    said = []
    nova = result.ratio('nova', 'ours')
    if nova is not None:
        said.append(f'{_rounded(nova)} × as fast')
    floor = result.ratio('ours', 'floor')
    if floor is not None:
        said.append(f'{floor:.1f} × the floor')
    return ', '.join(said)


def _rounded(ratio: float) -> str:
    return f'{ratio:.0f}' if ratio >= 10 else f'{ratio:.1f}'
