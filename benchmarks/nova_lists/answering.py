# SPDX-License-Identifier: Apache-2.0

"""The process of one variant: nova's compute API, and what it costs."""

import contextlib
import importlib
import json
import statistics
import sys
import time
from typing import Any

from benchmarks.nova_lists import computes
from benchmarks.nova_lists import variants
from benchmarks.nova_lists import work
from nova_sg.tests.fixtures import statements
from nova_sg.tests.nova_deployment import ways
from nova_sg.tests.nova_suite import watcher


def main(variant: str, number: int, runs: int, asked: list[str]) -> None:
    """Be the compute API of a variant, and print what requests cost."""
    way = ways.Way(on=variant != variants.NOVA)
    application = importlib.import_module(way.application).application
    # nova logs what ends a process, and nobody reads its log here.
    sys.excepthook = sys.__excepthook__
    living: Any = contextlib.nullcontext()
    if variants.beats_elsewhere(variant):
        living = computes.alive(number)
    with living:
        print(json.dumps(measure(application, number, runs, asked)))


def measure(
    application: Any, number: int, runs: int, asked: list[str]
) -> dict[str, Any]:
    costs = {}
    wanted = {name: work.make(application, number, name) for name in asked}
    # The first ones also read what a process keeps, some of it in threads.
    for call in wanted.values():
        call()
    for name, call in wanted.items():
        times = []
        for _ in range(runs):
            with statements.StatementCounter() as counted:
                times.append(timed(call))
        costs[name] = (
            *map(statistics.median, zip(*times, strict=True)),
            len(counted),
            sum(map(watcher.names_services, counted.statements)),
        )
    return costs


def timed(call: work.Work) -> tuple[float, float]:
    """Return how long a call takes, and what of that is computed."""
    start, started = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - start, time.process_time() - started


if __name__ == '__main__':
    arguments = sys.argv[1:]
    # nova takes the command line of the process for its own.
    sys.argv[1:] = []
    main(arguments[0], int(arguments[1]), int(arguments[2]), arguments[3:])
