# SPDX-License-Identifier: Apache-2.0

"""What was measured inside a nova, beside what was measured by itself."""

import csv
import pathlib

from benchmarks import results

#: Which services nobody but nova keeps.
STOCK = 'nova'


def read(path: pathlib.Path) -> list[results.Result]:
    """Return what ``benchmarks/nova_tree.py`` has measured.

    :param path: the CSV that it wrote; without it there are no results
    """
    if not path.exists():
        return []
    with path.open(newline='') as file:
        rows = list(csv.DictReader(file))
    stock = {
        (each['Request'], each['Computes']): float(each['Seconds'])
        for each in rows
        if each['Services kept by'] == STOCK
    }
    return [
        results.Result(
            case=f'inside nova: GET {each["Request"]}',
            title=each['Request'],
            backend=each['Services kept by'],
            size=int(each['Computes']),
            unit='request',
            sides={
                'ours': results.Measured(seconds=[float(each['Seconds'])]),
                'nova': results.Measured(
                    seconds=[stock[each['Request'], each['Computes']]]
                ),
            },
            measured_at='',
            machine={},
        )
        for each in rows
        if each['Services kept by'] != STOCK
    ]
