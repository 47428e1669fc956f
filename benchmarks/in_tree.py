# SPDX-License-Identifier: Apache-2.0

"""What was measured inside a nova, beside what was measured by itself."""

from collections.abc import Mapping
import csv
import pathlib

from benchmarks import results

#: Which services nobody but nova keeps.
STOCK = 'nova'

#: The database of a nova for which none is named.
SQLITE = 'sqlite'


def read(path: pathlib.Path) -> list[results.Result]:
    """Return what ``benchmarks.nova_lists`` has measured.

    :param path: the CSV that it wrote; without it there are no results
    """
    if not path.exists():
        return []
    with path.open(newline='') as file:
        rows = list(csv.DictReader(file))
    stock = {
        _asked(each): _cost(each)
        for each in rows
        if each['Services kept by'] == STOCK
    }
    return [
        results.Result(
            case=name(each['Request']),
            title=each['Request'],
            backend=_backend(each),
            size=int(each['Computes']),
            unit='request',
            sides={
                'ours': results.Measured(seconds=[_cost(each)]),
                'nova': results.Measured(seconds=[stock[_asked(each)]]),
            },
            measured_at='',
            machine={},
        )
        for each in rows
        if each['Services kept by'] != STOCK
    ]


def name(request: str) -> str:
    """Return what the case of a request is called."""
    get = 'GET ' if request.startswith('/') else ''
    return f'inside nova: {get}{request}'


def _cost(row: Mapping[str, str]) -> float:
    """Return what a request costs: CPU time, where that was written.

    The time that passes tells of what else the machine did.
    """
    return float(row.get('CPU') or row['Seconds'])


def _asked(row: Mapping[str, str]) -> tuple[str, str, str]:
    """Return what was asked, whoever keeps the services."""
    return _database(row), row['Request'], row['Computes']


def _database(row: Mapping[str, str]) -> str:
    return row.get('Database', SQLITE)


def _backend(row: Mapping[str, str]) -> str:
    database = _database(row)
    kept_by = row['Services kept by']
    return kept_by if database == SQLITE else f'{kept_by} on {database}'
