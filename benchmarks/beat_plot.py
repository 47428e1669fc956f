# SPDX-License-Identifier: Apache-2.0

"""Draws what :mod:`benchmarks.nova_beats` has measured.

python -m benchmarks.beat_plot doc/source/admin/grouped-beats.csv
    doc/source/admin/grouped-beats.svg
"""

import argparse
import csv
import pathlib

import matplotlib
from matplotlib import pyplot

SERVERS = ('Conductor', 'Broker', 'Database')

COLOURS = {'nova': '#c0392b', 'grouped': '#1b6ca8'}

# Text stays text, and the same results give the same file.
matplotlib.use('svg')
matplotlib.rcParams.update({'svg.fonttype': 'none', 'svg.hashsalt': 'nova_sg'})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('csv', type=pathlib.Path)
    parser.add_argument('svg', type=pathlib.Path)
    args = parser.parse_args()
    with args.csv.open(encoding='utf-8') as file:
        draw(list(csv.DictReader(file)), args.svg)


def draw(rows: list[dict[str, str]], path: pathlib.Path) -> None:
    """Draw the CPU time of a heartbeat, a panel for each run of computes."""
    runs = list(dict.fromkeys((r['Database'], r['Computes']) for r in rows))
    figure, panels = pyplot.subplots(
        1, len(runs), figsize=(3 * len(runs), 3), sharey=True, squeeze=False
    )
    for axes, run in zip(panels[0], runs, strict=True):
        for row in rows:
            if (row['Database'], row['Computes']) != run:
                continue
            way = row['Heartbeats']
            shift = 0.2 if way == 'grouped' else -0.2
            bars = axes.bar(
                [place + shift for place in range(len(SERVERS))],
                [float(row[f'{each} ms']) for each in SERVERS],
                0.4,
                color=COLOURS[way],
                label=f'beats = {way}',
            )
            axes.bar_label(bars, fmt='%.2f', fontsize='x-small')
        axes.set_xticks(range(len(SERVERS)), SERVERS, fontsize='small')
        axes.set_title(f'{run[0]}, {int(run[1]):,} computes', fontsize='small')
    panels[0][0].set_ylabel('ms of CPU a heartbeat')
    panels[0][-1].legend(fontsize='small', frameon=False)
    figure.savefig(
        path, bbox_inches='tight', metadata={'Date': None, 'Creator': None}
    )


if __name__ == '__main__':
    main()
