# SPDX-License-Identifier: Apache-2.0


"""One run: all cases that are wanted, backend by backend."""

import argparse
from collections.abc import Sequence
import contextlib
import sys
import time

from benchmarks import cases
from benchmarks import lifetimes
from benchmarks import machine
from benchmarks import report
from benchmarks import results
from benchmarks import runner
from benchmarks import sides
from benchmarks import store as store_
from benchmarks import targets
from benchmarks import visibility
from benchmarks import world as world_

FULL = runner.Effort(rounds=2, samples=4)
SHORT = runner.Effort(rounds=1, samples=3)
SLOW = runner.Effort(rounds=1, samples=3)

#: A sample of more services takes long, and wobbles less. Unless a size is
#: asked for, more are measured only for what a target is taken from.
LARGE_ABOVE = 10_000
QUICK_SIZE = 1_000

#: Disables that are looked for.
DISABLES, QUICK_DISABLES = 30, 5

#: Processes ended in each way. The moment within the ticks of ZooKeeper and
#: of the processes is chance: a median takes many. One of nova's takes
#: ten times as long to start.
VICTIMS, QUICK_VICTIMS = {'ours': 30, 'nova': 10}, {'ours': 2, 'nova': 2}


class Benchmark:
    """One run of the command.

    :param args: its arguments
    :param store: where results are kept
    :ivar found: the results of this run
    """

    def __init__(self, args: argparse.Namespace, store: store_.Store) -> None:
        self._names = args.names
        self._sizes = args.size or ([QUICK_SIZE] if args.quick else [])
        self._quick = args.quick
        self._targets_only = args.targets
        self._nova_python = args.nova
        self._machine = machine.describe(args.nova)
        self._store = store
        self._began = time.monotonic()
        self.found: list[results.Result] = []

    def run(self, backend: str) -> None:
        """Measure all cases that are wanted on a backend."""
        todo = self._todo(backend)
        ending = backend in lifetimes.BACKENDS and any(
            self._wants(end, backend) for end in lifetimes.ENDS
        )
        looking = self._wants(visibility.CASE, backend)
        if looking and not todo:
            todo[QUICK_SIZE] = []
        if not (todo or ending):
            return
        with contextlib.ExitStack() as children:

            def side(name: str, module: str = '') -> sides.Side:
                python = sys.executable
                if module == 'rival':
                    python = self._nova_python
                return children.enter_context(
                    sides.Side(name, python, f'benchmarks.{module or name}')
                )

            everybody = [side('ours'), side('floor')]
            keeper = None
            # nova has no driver for ZooKeeper any more.
            if backend != 'zk':
                everybody[1:1] = [side('nova', 'rival')]
                keeper = side('keeper', 'rival')
            measured = list(everybody)
            if any(each[1] == backend for each in targets.IN_ROWS):
                measured.append(side(sides.ROWS, 'floor.rows'))
            if todo:
                with world_.World(backend, keeper) as world:
                    for size in sorted(todo):
                        self._say(f'{backend}: {size:,} services')
                        world.grow(size)
                        self._measure(world, todo[size], measured)
                    if looking:
                        readers = [side('ours')]
                        if keeper is not None:
                            readers.append(side('nova', 'rival'))
                        self._look(world, everybody, readers)
            if ending:
                self._end(backend, everybody[:-1], keeper)

    def _todo(self, backend: str) -> dict[int, list[cases.Case]]:
        """Return the cases that are wanted, by numbers of services."""
        todo: dict[int, list[cases.Case]] = {}
        for case in cases.CASES:
            if backend not in case.backends:
                continue
            for size in self._sizes or case.sizes:
                if self._wants(case.name, backend, size):
                    todo.setdefault(size, []).append(case)
        return todo

    def _wants(self, case: str, backend: str, size: int = 0) -> bool:
        """Return whether a case is to be measured."""
        if case not in self._names:
            return False
        chosen = self._targets_only or (size > LARGE_ABOVE and not self._sizes)
        return not chosen or (case, backend, size) in targets.KEYS

    def _measure(
        self,
        world: world_.World,
        todo: Sequence[cases.Case],
        everybody: Sequence[sides.Side],
    ) -> None:
        for case in todo:
            effort = FULL
            if case.slow:
                effort = SLOW
            elif self._quick or world.size > LARGE_ABOVE:
                effort = SHORT
            taking_part = [
                each
                for each in everybody
                if each.can(case.operation) and _takes_part(each, case, world)
            ]
            self._keep(
                runner.measure(case, world, taking_part, effort, self._machine)
            )

    def _look(
        self,
        world: world_.World,
        everybody: Sequence[sides.Side],
        readers: Sequence[sides.Side],
    ) -> None:
        number = QUICK_DISABLES if self._quick else DISABLES
        pairs = list(zip(everybody, readers, strict=False))
        self._keep(visibility.measure(world, pairs, number, self._machine))

    def _end(
        self,
        backend: str,
        watching: Sequence[sides.Side],
        keeper: sides.Side | None,
    ) -> None:
        self._say(f'{backend}: killing and stopping processes')
        numbers = QUICK_VICTIMS if self._quick else VICTIMS
        for result in lifetimes.measure(
            backend, watching, keeper, numbers, self._machine
        ):
            self._keep(result)

    def _keep(self, result: results.Result) -> None:
        self.found.append(result)
        self._store.keep(result)
        self._say(' '.join(filter(None, report.row(result))))

    def _say(self, what: str) -> None:
        passed = time.monotonic() - self._began
        print(f'[{passed:5.0f} s] {what}', file=sys.stderr, flush=True)


def _takes_part(
    side: sides.Side, case: cases.Case, world: world_.World
) -> bool:
    if side.name == sides.ROWS:
        # Only where a target is set in it: it takes long.
        return (case.name, world.backend, world.size) in targets.IN_ROWS
    return case.is_for(side.name, world.backend, world.size)
