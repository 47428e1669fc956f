# SPDX-License-Identifier: Apache-2.0

"""Measures the variants of nova, which take turns; see the package."""

import argparse
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import csv
import os
import pathlib
import statistics
import sys
import tempfile

from benchmarks import nova_lists
from benchmarks.nova_lists import answerers
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
                rows += [
                    (kind, number, *row)
                    for row in measure(
                        stock,
                        number,
                        args.variant or variants.VARIANTS,
                        asked,
                        args.runs,
                    )
                ]
    if args.csv is not None:
        with args.csv.open('w', newline='') as file:
            writer = csv.writer(file, lineterminator='\n')
            writer.writerow(COLUMNS)
            # What is to be compared stands together.
            writer.writerows(sorted(rows, key=lambda row: row[:3]))


def measure(
    stock: databases.Stock,
    number: int,
    wanted: Sequence[str],
    asked: Sequence[str],
    runs: int,
) -> Iterator[tuple[str, str, str, str, int, int]]:
    """Measure variants, and print and return what was measured, as rows.

    They take turns: how fast a machine is changes in minutes.
    """
    with contextlib.ExitStack() as stack:
        answering = {
            variant: stack.enter_context(
                answerers.begun(variant, stock, number, asked)
            )
            for variant in wanted
        }
        for name in asked:
            samples = [
                [each.measure(name) for each in answering.values()]
                for _ in range(runs)
            ]
            for variant, costs in zip(
                answering, zip(*samples, strict=True), strict=True
            ):
                seconds, computed, count, naming = map(
                    statistics.median, zip(*costs, strict=True)
                )
                print(
                    f'{variant:7} {name:28} {seconds:8.3f} s {computed:8.3f} '
                    f's CPU {count:6} statements, {naming:6} name services',
                    flush=True,
                )
                yield (
                    *(name, variant, f'{seconds:.3f}', f'{computed:.3f}'),
                    *(count, naming),
                )


if __name__ == '__main__':
    try:
        main()
    except processes.ERRORS as error:
        sys.exit(str(error))
