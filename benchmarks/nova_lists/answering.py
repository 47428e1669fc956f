# SPDX-License-Identifier: Apache-2.0

"""The process of one variant: nova's compute API, and what it costs."""

import contextlib
import importlib
import json
import sys
import time
from typing import Any
from typing import NamedTuple

from benchmarks.nova_lists import computes
from benchmarks.nova_lists import variants
from benchmarks.nova_lists import work
from nova_sg.tests.fixtures import statements
from nova_sg.tests.nova_deployment import ways
from nova_sg.tests.nova_suite import watcher

#: What begins a line that is meant for the process that measures.
MARK = 'answering: '


class Cost(NamedTuple):
    """What a request costs.

    :param seconds: that pass
    :param computed: those of them in which this process computes
    :param statements: of SQL
    :param naming: those of them that name the table of the services
    """

    seconds: float
    computed: float
    statements: int
    naming: int


def main(variant: str, number: int, asked: list[str]) -> None:
    """Be the compute API of a variant, and tell what requests cost.

    Each line of standard input names one.
    """
    way = ways.Way(on=variant != variants.NOVA)
    application = importlib.import_module(way.application).application
    # nova logs what ends a process, and nobody reads its log here.
    sys.excepthook = sys.__excepthook__
    living: Any = contextlib.nullcontext()
    if variants.beats_elsewhere(variant):
        living = computes.alive(number)
    with living:
        wanted = {name: work.make(application, number, name) for name in asked}
        # The first ones also read what a process keeps, some of it in threads.
        for call in wanted.values():
            call()
        print(MARK, flush=True)
        for line in sys.stdin:
            cost = measured(wanted[line.strip()])
            print(MARK, json.dumps(cost), sep='', flush=True)


def measured(call: work.Work) -> Cost:
    """Return what a request costs."""
    with statements.StatementCounter() as counted:
        seconds, computed = timed(call)
    return Cost(
        seconds,
        computed,
        len(counted),
        sum(map(watcher.names_services, counted.statements)),
    )


def timed(call: work.Work) -> tuple[float, float]:
    """Return how long a call takes, and what of that is computed."""
    start, started = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - start, time.process_time() - started


if __name__ == '__main__':
    arguments = sys.argv[1:]
    # nova takes the command line of the process for its own.
    sys.argv[1:] = []
    main(arguments[0], int(arguments[1]), arguments[2:])
