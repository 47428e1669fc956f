# SPDX-License-Identifier: Apache-2.0


"""What was measured as plots, in SVG.

A case is a line on a logarithmic axis, and a side a dot on it: equal
distances are equal ratios, and the ratios are written beside. Bars are not
for such an axis: where one begins means nothing.
"""

from collections.abc import Sequence
import pathlib
import statistics

from matplotlib import pyplot

from benchmarks import figures
from benchmarks import growth
from benchmarks import report
from benchmarks import results

#: Cases which are no time for so many services.
LIFETIMES = ('killed', 'stopped')

#: The case of whose CPU time that of 1,000 computes is reckoned, and how many
#: heartbeats they send in a second.
BEAT, BEATS = 'beat', 100


def draw(
    found: Sequence[results.Result],
    directory: pathlib.Path,
    in_tree: Sequence[results.Result] = (),
) -> None:
    """Draw every plot there are results for.

    :param found: what was measured of each by itself
    :param directory: where the plots go
    :param in_tree: what was measured inside a nova
    """
    at_10000 = [each for each in (*in_tree, *found) if each.size == 10_000]
    if at_10000:
        _dots(at_10000, '10,000 services', directory / 'cases.svg')
    lifetimes = [each for each in found if each.case in LIFETIMES]
    if lifetimes:
        _dots(lifetimes, 'Until it is down', directory / 'lifetimes.svg')
        _operators(found, directory / 'operators.svg')
    growth.draw(found, directory / 'growth.svg')


def _dots(
    found: Sequence[results.Result], title: str, path: pathlib.Path
) -> None:
    """Draw the median of each side as a dot on the line of its case."""
    figure, axes = pyplot.subplots(figsize=(10, 0.26 * len(found) + 1.3))
    for place, result in enumerate(reversed(found)):
        medians = {
            side: result.sides[side].median
            for side in figures.COLOURS
            if side in result.sides
        }
        ends = min(medians.values()), max(medians.values())
        axes.plot(ends, (place, place), color='#d0d0d0', zorder=1)
        for side, middle in medians.items():
            axes.scatter(
                middle, place, 36, color=figures.COLOURS[side], zorder=2
            )
        axes.text(
            *(1.01, place, report.beside(result)),
            transform=axes.get_yaxis_transform(),
            verticalalignment='center',
            fontsize='small',
        )
    axes.set_yticks(
        range(len(found)),
        [f'{r.case}, {r.backend}, a {r.unit}' for r in reversed(found)],
        fontsize='small',
    )
    axes.set_ylim(-0.7, len(found) - 0.3)
    axes.set_xscale('log')
    axes.grid(axis='x', color='#eeeeee')
    axes.set_axisbelow(True)
    axes.set_xlabel('seconds')
    axes.set_title(title, loc='left')
    _explain(axes, found)
    figures.save(figure, path)


def _explain(axes: pyplot.Axes, found: Sequence[results.Result]) -> None:
    """Say which side a dot is of, above the plot."""
    sides = [
        s for s in figures.COLOURS if any(s in each.sides for each in found)
    ]
    axes.legend(
        [
            pyplot.Line2D(
                [], [], marker='o', linestyle='', color=figures.COLOURS[s]
            )
            for s in sides
        ],
        [figures.NAMES[side] for side in sides],
        loc='lower right',
        bbox_to_anchor=(1, 1),
        ncols=len(sides),
        frameon=False,
    )


def _operators(found: Sequence[results.Result], path: pathlib.Path) -> None:
    """Draw what an operator chooses a backend by."""
    figure, (crash, load) = pyplot.subplots(1, 2, figsize=(10, 3))
    _panel(
        crash,
        'Seconds until a crash is seen',
        {
            _driver(each, side): each.sides[side].median
            for each in found
            if each.case == 'killed'
            for side in ('nova', 'ours')
            if side in each.sides
        },
        '{:.0f} s',
    )
    beats = [each for each in found if each.case == BEAT]
    least = min((each.size for each in beats), default=0)
    _panel(
        load,
        'CPU to beat for 1,000 computes, % of a core',
        {
            _driver(each, side): BEATS
            * 100
            * statistics.median(each.sides[side].cpu)
            for each in beats
            if each.size == least
            for side in ('nova', 'ours')
            if side in each.sides
        },
        '{:.0f} %',
    )
    figures.save(figure, path)


def _driver(result: results.Result, side: str) -> str:
    return f'{figures.NAMES[side]}, {result.backend}'


def _panel(
    axes: pyplot.Axes, title: str, values: dict[str, float], form: str
) -> None:
    """Draw a bar from zero for each value, the least one at the top."""
    ordered = sorted(values.items(), key=lambda each: -each[1])
    for place, (name, value) in enumerate(ordered):
        side = 'nova' if name.startswith(figures.NAMES['nova']) else 'ours'
        axes.barh(place, value, 0.6, color=figures.COLOURS[side])
        axes.text(
            *(value, place, f' {form.format(value)}'),
            verticalalignment='center',
            fontsize='small',
        )
    axes.set_yticks(
        range(len(ordered)), [name for name, _ in ordered], fontsize='small'
    )
    axes.margins(x=0.18)
    axes.set_title(title, fontsize='medium')
