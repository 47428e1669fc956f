# SPDX-License-Identifier: Apache-2.0


"""What was measured as plots, in SVG."""

from collections.abc import Sequence
import pathlib

import matplotlib
from matplotlib import pyplot

from benchmarks import results
from benchmarks import world

#: How each side is shown.
COLOURS = {'ours': '#1b6ca8', 'nova': '#c0392b', 'floor': '#8a8a8a'}
NAMES = {'ours': 'nova_sg', 'nova': 'nova 34', 'floor': 'floor'}

#: How each backend is shown where both are.
STYLES = ('-', '--', ':', '-.', (0, (1, 3)), '-')

#: Cases which are no time for so many services.
LIFETIMES = ('killed', 'stopped')

# Text stays text, and the same results give the same file.
matplotlib.use('svg')
matplotlib.rcParams.update({'svg.fonttype': 'none', 'svg.hashsalt': 'nova_sg'})


def draw(found: Sequence[results.Result], directory: pathlib.Path) -> None:
    """Draw every plot there are results for."""
    at_10000 = [each for each in found if each.size == 10_000]
    if at_10000:
        _bars(at_10000, '10,000 services', directory / 'cases.svg')
    lifetimes = [each for each in found if each.case in LIFETIMES]
    if lifetimes:
        _bars(lifetimes, 'Until it is down', directory / 'lifetimes.svg')
    lists = [each for each in found if each.case == 'list']
    if len({each.size for each in lists}) > 1:
        _growth(lists, directory / 'growth.svg')


def _bars(
    found: Sequence[results.Result], title: str, path: pathlib.Path
) -> None:
    """Draw the median of each side as a bar, and its spread as a line."""
    figure, axes = pyplot.subplots(figsize=(9, 0.5 * len(found) + 1.2))
    for place, result in enumerate(reversed(found)):
        for number, (side, colour) in enumerate(COLOURS.items()):
            measured = result.sides.get(side)
            if measured is None:
                continue
            middle = measured.median
            spread = [
                [middle - min(measured.seconds)],
                [max(measured.seconds) - middle],
            ]
            axes.barh(
                place + 0.25 * (1 - number),
                middle,
                0.25,
                xerr=spread,
                color=colour,
                ecolor='#333333',
            )
    axes.set_yticks(
        range(len(found)),
        [f'{r.case}, {r.backend}, a {r.unit}' for r in reversed(found)],
    )
    axes.set_xscale('log')
    axes.set_xlabel('seconds')
    axes.set_title(title)
    axes.legend(
        [pyplot.Rectangle((0, 0), 1, 1, color=c) for c in COLOURS.values()],
        [NAMES[side] for side in COLOURS],
    )
    _save(figure, path)


def _growth(found: Sequence[results.Result], path: pathlib.Path) -> None:
    """Draw the time of a list over the number of services."""
    figure, axes = pyplot.subplots(figsize=(9, 5))
    styles = dict(zip(world.BACKENDS, STYLES, strict=True))
    for backend in dict.fromkeys(each.backend for each in found):
        for side, colour in COLOURS.items():
            points = sorted(
                (each.size, each.sides[side].median)
                for each in found
                if each.backend == backend and side in each.sides
            )
            if points:
                axes.plot(
                    *zip(*points, strict=True),
                    linestyle=styles[backend],
                    color=colour,
                    marker='o',
                    label=f'{NAMES[side]}, {backend}',
                )
    axes.set_xscale('log')
    axes.set_yscale('log')
    axes.set_xlabel('services')
    axes.set_ylabel('seconds for a list with state')
    axes.legend(fontsize='small')
    _save(figure, path)


def _save(figure: pyplot.Figure, path: pathlib.Path) -> None:
    figure.tight_layout()
    figure.savefig(path, metadata={'Date': None})
    pyplot.close(figure)
