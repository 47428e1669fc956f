# SPDX-License-Identifier: Apache-2.0

"""Whether nova's tests went as they should."""

import collections
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import csv
import dataclasses
import pathlib

import yaml

from nova_sg.tests.nova_suite import suite

_ALLOWED = pathlib.Path(__file__).with_name('allowed.yaml')

COLUMNS = ('Module', 'Passed', 'Failed', 'Skipped', 'Allowed', 'Statements')


@dataclasses.dataclass(frozen=True)
class Allowed:
    """What cannot be otherwise.

    :param failures: tests that cannot pass
    :param statements: tests that may name ``services`` to the database
    """

    failures: frozenset[str]
    statements: tuple[str, ...]

    @classmethod
    def read(cls, driver: str | None) -> 'Allowed':
        """Read the lists that hold for a driver; None is nova as it is."""
        if driver is None:
            return cls(frozenset(), ())
        lists = yaml.safe_load(_ALLOWED.read_text())
        return cls(
            frozenset(
                test
                for each in lists['failures']
                if driver in each['drivers']
                for test in each['tests']
            ),
            tuple(each['test'] for each in lists['statements']),
        )


@dataclasses.dataclass
class Row:
    """The counts of a module."""

    module: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    allowed: int = 0
    statements: int = 0

    def cells(self) -> Sequence[object]:
        return dataclasses.astuple(self)


class Verdict:
    """What a run of nova's tests shows.

    :param results: the run
    :param allowed: what cannot be otherwise
    """

    def __init__(self, results: suite.Results, allowed: Allowed) -> None:
        self._results = results
        self._failed = {
            each.test for each in results.outcomes if each.kind == 'failed'
        }
        self._allowed = allowed

    def rows(self) -> list[Row]:
        """Return the counts of every module, in order."""
        rows: dict[str, Row] = {}
        for outcome in self._results.outcomes:
            module = outcome.module
            row = rows.setdefault(module, Row(module))
            kind = outcome.kind
            if kind == 'failed' and outcome.test in self._allowed.failures:
                kind = 'allowed'
            setattr(row, kind, getattr(row, kind) + 1)
            row.statements += self._results.statements.get(outcome.test, 0)
        return [rows[module] for module in sorted(rows)]

    def total(self) -> Row:
        """Return the counts of all modules together."""
        total = Row('all')
        for row in self.rows():
            for field in dataclasses.fields(Row)[1:]:
                value = getattr(total, field.name) + getattr(row, field.name)
                setattr(total, field.name, value)
        return total

    def unexpected_failures(self) -> list[str]:
        """Return tests that failed, and are not allowed to."""
        return sorted(self._failed - self._allowed.failures)

    def needless_allowances(self) -> list[str]:
        """Return tests that ran and did not fail, though it is allowed."""
        ran = {each.test for each in self._results.outcomes}
        return sorted((self._allowed.failures & ran) - self._failed)

    def missing(self, modules: Iterable[str]) -> list[str]:
        """Return modules that were asked for and have no test."""
        ran = [each.test for each in self._results.outcomes]
        return [
            module
            for module in modules
            if not any(
                test.startswith(
                    f'{suite.PREFIX}{module.removeprefix(suite.PREFIX)}.'
                )
                for test in ran
            )
        ]

    def statements(self) -> Mapping[str, int]:
        """Return the statements naming ``services``, by test.

        Those of nova's own drivers are left out, and of tests that may.
        """
        own_drivers = f'{suite.PREFIX}{suite.OWN_DRIVERS}.'
        return collections.Counter(
            {
                test: count
                for test, count in self._results.statements.items()
                if not test.startswith(
                    (own_drivers, *self._allowed.statements)
                )
            }
        )


def print_table(rows: Sequence[Row]) -> None:
    """Print the counts, a line for each module."""
    width = max(len(row.module) for row in rows)
    for cells in (COLUMNS, *(row.cells() for row in rows)):
        first, *others = cells
        print(
            f'{first:<{width}}' + ''.join(f'{other:>11}' for other in others)
        )


def write_csv(rows: Sequence[Row], path: pathlib.Path) -> None:
    """Write the counts, for a table in a document."""
    with path.open('w', newline='') as file:
        writer = csv.writer(file, lineterminator='\n')
        writer.writerow(COLUMNS)
        writer.writerows(row.cells() for row in rows)
