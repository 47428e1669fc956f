# SPDX-License-Identifier: Apache-2.0


"""Where results are kept, from run to run."""

import json
import pathlib

from benchmarks import in_tree
from benchmarks import plots
from benchmarks import report
from benchmarks import results
from benchmarks import targets

#: What ``benchmarks.nova_lists`` has measured, where it is beside.
IN_TREE = 'nova-tree-lists.csv'


class Store:
    """A directory of results: JSON, tables and plots.

    :param directory: made where it is not there
    :ivar found: all results, those of earlier runs too
    """

    def __init__(self, directory: pathlib.Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._directory = directory
        self._file = directory / 'results.json'
        self.found: list[results.Result] = []
        if self._file.exists():
            self.found = results.from_json(json.loads(self._file.read_text()))

    def keep(self, result: results.Result) -> None:
        """Keep a result, in place of an earlier one of its kind."""
        others = [each for each in self.found if each.key != result.key]
        self.found = sorted([*others, result], key=lambda each: each.key)
        told = json.dumps(results.to_json(self.found), indent=1)
        written = self._file.with_suffix('.new')
        written.write_text(told + '\n')
        written.replace(self._file)

    def draw(self) -> None:
        """Make the tables and plots of what is kept."""
        inside = in_tree.read(self._directory / IN_TREE)
        for name, rows in (
            ('results', report.measured(self.found)),
            ('targets', report.judged(targets.judge([*self.found, *inside]))),
            ('machine', report.machines(self.found)),
        ):
            path = self._directory / f'{name}.inc'
            path.write_text(report.rst(rows))
        plots.draw(self.found, self._directory, inside)
