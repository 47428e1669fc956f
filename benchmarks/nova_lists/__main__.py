# SPDX-License-Identifier: Apache-2.0

"""Measures one variant of nova after the other; see the package."""

import argparse
import csv
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from benchmarks import nova_lists
from benchmarks.nova_lists import configuration
from benchmarks.nova_lists import databases
from benchmarks.nova_lists import variants
from benchmarks.nova_lists import work
from nova_sg.tests.nova_deployment import processes

COLUMNS = (
    'Database',
    'Computes',
    'Request',
    'Services kept by',
    'Seconds',
    'CPU',
    'Statements',
    'On services',
)

Row = tuple[str, int, str, str, str, str, int, int]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=str(nova_lists.__doc__).splitlines()[0]
    )
    parser.add_argument(
        '--number', type=int, action='append', help='computes; repeatable'
    )
    parser.add_argument('--runs', type=int, default=3)
    parser.add_argument('--database', choices=databases.KINDS, action='append')
    parser.add_argument(
        '--variant', choices=variants.VARIANTS, action='append'
    )
    parser.add_argument('--request', choices=work.NAMES, action='append')
    parser.add_argument(
        '--csv', type=pathlib.Path, help='write a table for the documentation'
    )
    args = parser.parse_args()
    os.environ.setdefault('OS_NOVA_DISABLE_EVENTLET_PATCHING', 'true')
    asked = args.request or list(work.NAMES)
    rows: list[Row] = []
    for kind in args.database or ['sqlite']:
        with (
            tempfile.TemporaryDirectory() as made,
            databases.KINDS[kind](pathlib.Path(made)) as stock,
        ):
            for number in args.number or (1000, 10000):
                print(f'{number} computes on {kind}', flush=True)
                for variant in args.variant or variants.VARIANTS:
                    rows += run(kind, stock, variant, number, args.runs, asked)
    if args.csv is not None:
        with args.csv.open('w', newline='') as file:
            writer = csv.writer(file, lineterminator='\n')
            writer.writerow(COLUMNS)
            # What is to be compared stands together.
            writer.writerows(sorted(rows, key=lambda row: row[:3]))


def run(
    kind: str,
    stock: databases.Stock,
    variant: str,
    number: int,
    runs: int,
    asked: list[str],
) -> list[Row]:
    """Measure a variant, print what was measured, and return it as rows."""
    copy = stock.copy(f'{variants.plain(variant)}_{number}')
    with variants.backend(variant) as options:
        if options:
            options['servicegroup']['cell'] = stock.cell
        configuration.write(copy.directory, copy.url, options)
        copy.fill(number, with_services=variants.in_nova(variant))
        done = subprocess.run(
            [
                *(sys.executable, '-m', 'benchmarks.nova_lists.answering'),
                *(variant, str(number), str(runs), *asked),
            ],
            env=configuration.environment(copy.directory),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    rows: list[Row] = []
    for name, results in json.loads(done.stdout.splitlines()[-1]).items():
        seconds, computed, count, naming = results
        print(
            f'{variant:7} {name:28} {seconds:8.3f} s {computed:8.3f} s CPU '
            f'{count:6} statements, {naming:6} name services',
            flush=True,
        )
        rows.append(
            (
                *(kind, number, name, variant),
                *(f'{seconds:.3f}', f'{computed:.3f}', count, naming),
            )
        )
    return rows


if __name__ == '__main__':
    try:
        main()
    except processes.ERRORS as error:
        sys.exit(str(error))
