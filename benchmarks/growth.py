# SPDX-License-Identifier: Apache-2.0


"""What each case costs over the number of services, as a plot.

A panel for each case that was measured with more than one number; a line for
each side on each backend. Both axes are logarithmic: what costs the same for
each service rises by one decade in one.
"""

from collections.abc import Sequence
import itertools
import math
import pathlib

from matplotlib import pyplot

from benchmarks import figures
from benchmarks import results
from benchmarks import servers

#: How the lines of backends look, one after the other.
STYLES = ('-', '--', ':', (0, (6, 1, 1, 1, 1, 1)), '-.', (0, (1, 3)))

#: Panels beside each other.
ACROSS = 3


def draw(found: Sequence[results.Result], path: pathlib.Path) -> None:
    """Draw a panel for each case; nothing where no case has grown."""
    cases = results.growth(found)
    if not cases:
        return
    down = math.ceil(len(cases) / ACROSS)
    figure, panels = pyplot.subplots(
        down,
        ACROSS,
        figsize=(3.6 * ACROSS, 3.1 * down),
        squeeze=False,
        sharex=True,
    )
    styles = dict(zip(servers.BACKENDS, itertools.cycle(STYLES)))
    for axes in panels.flat[len(cases) :]:
        axes.set_axis_off()
    for axes, (case, of) in zip(panels.flat, cases.items(), strict=False):
        for (backend, side), line in of.items():
            if side not in figures.COLOURS:
                continue
            axes.plot(
                *zip(*line, strict=True),
                linestyle=styles[backend],
                color=figures.COLOURS[side],
                marker='o',
                markersize=3,
            )
        axes.set_xscale('log')
        axes.set_yscale('log')
        axes.set_title(case, fontsize='medium', loc='left')
        axes.grid(color='#eeeeee')
        axes.set_axisbelow(True)
        axes.tick_params(labelsize='small', labelbottom=True)
    figure.supxlabel('services', fontsize='medium')
    figure.supylabel('seconds', fontsize='medium')
    _explain(figure, cases, styles)
    figures.save(figure, path)


def _explain(
    figure: pyplot.Figure,
    cases: dict[str, results.Lines],
    styles: dict[str, object],
) -> None:
    """Say below the panels what colours and styles mean."""
    shown = {key for of in cases.values() for key in of}
    backends = [b for b in styles if any(b == each for each, _ in shown)]
    sides = [s for s in figures.COLOURS if any(s == each for _, each in shown)]
    figure.legend(
        [pyplot.Line2D([], [], color=figures.COLOURS[s]) for s in sides]
        + [
            pyplot.Line2D([], [], color='black', linestyle=styles[b])
            for b in backends
        ],
        [figures.NAMES[side] for side in sides] + backends,
        loc='upper center',
        bbox_to_anchor=(0.5, 0.0),
        ncols=len(sides) + len(backends),
        frameon=False,
        fontsize='small',
    )
