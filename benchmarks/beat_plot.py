# SPDX-License-Identifier: Apache-2.0

"""Shows what :mod:`benchmarks.nova_beats` has measured, for its page.

    python -m benchmarks.beat_plot RESULTS.csv... doc/source/admin

writes three files there: ``grouped-beats.csv`` with what a heartbeat costs,
``grouped-beats-ratios.csv`` with what a grouped one costs of nova's, and
``grouped-beats.svg``.
"""

import argparse
from collections.abc import Sequence
import csv
import pathlib
import sys

import matplotlib
from matplotlib import pyplot

NAMES = {'postgresql': 'PostgreSQL', 'mariadb': 'MariaDB'}

#: Of a result, what the page shows.
COLUMNS = (
    *('Database', 'Computes', 'Heartbeats', 'Per second'),
    *('Conductor ms', 'Broker ms', 'Database ms', 'Sender ms'),
    *('Statements', 'Transactions', 'Messages waiting'),
    *('Answered p50 ms', 'Answered p99 ms'),
)

RATIO_COLUMNS = ('', 'Conductor', 'Broker', 'Statements')

SERVERS = ('Conductor', 'Broker', 'Database')

COLOURS = {'nova': '#c0392b', 'grouped': '#1b6ca8'}

# Text stays text, and the same results give the same file.
matplotlib.use('svg')
matplotlib.rcParams.update({'svg.fonttype': 'none', 'svg.hashsalt': 'nova_sg'})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('results', type=pathlib.Path, nargs='+')
    parser.add_argument('directory', type=pathlib.Path)
    args = parser.parse_args()
    rows = []
    for path in args.results:
        with path.open(encoding='utf-8') as file:
            rows += list(csv.DictReader(file))
    if failed := [each for each in rows if int(each['Errors'])]:
        sys.exit(f'Heartbeats failed: {failed}')
    for each in rows:
        each['Database'] = NAMES[each['Database']]
    name = args.directory / 'grouped-beats'
    write(
        pathlib.Path(f'{name}.csv'),
        COLUMNS,
        [[each[column] for column in COLUMNS] for each in rows],
    )
    write(pathlib.Path(f'{name}-ratios.csv'), RATIO_COLUMNS, ratios(rows))
    draw(rows, pathlib.Path(f'{name}.svg'))


def write(
    path: pathlib.Path, columns: Sequence[str], rows: list[list[str]]
) -> None:
    with path.open('w', newline='', encoding='utf-8') as file:
        csv.writer(file, lineterminator='\n').writerows([columns, *rows])


def ratios(rows: list[dict[str, str]]) -> list[list[str]]:
    """Return what a grouped heartbeat costs of nova's, as fractions.

    What the servers spend without a heartbeat is in neither.
    """
    costs = {
        (each['Database'], each['Computes'], each['Heartbeats']): each
        for each in rows
    }
    found = []
    for (database, computes, way), novas in costs.items():
        ours = costs.get((database, computes, 'grouped'))
        if way != 'nova' or ours is None:
            continue
        parts = [
            float(novas[column]) / float(ours[column])
            for column in ('Conductor net ms', 'Broker net ms', 'Statements')
        ]
        found.append(
            [
                f'{int(computes):,} computes, {database}',
                *(f'1/{x:.0f}' if x >= 10 else f'1/{x:.1f}' for x in parts),
            ]
        )
    return found


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
    # The axes are shared; the highest bar bears its number, too.
    panels[0][0].margins(y=0.12)
    panels[0][-1].legend(fontsize='small', frameon=False)
    figure.savefig(
        path, bbox_inches='tight', metadata={'Date': None, 'Creator': None}
    )


if __name__ == '__main__':
    main()
