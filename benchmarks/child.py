# SPDX-License-Identifier: Apache-2.0


"""The loop of a child process: told in JSON what to measure, line by line.

Runs in this project's environment and in nova's; it imports no more than
both have. A child imports what it needs once, and forks for each case: so
the first sample of a case does not wait for imports, and finds no connection
and no cache but what its operation has made when it was prepared (who beats
has joined).
"""

from collections.abc import Callable
from collections.abc import Mapping
import contextlib
import gc
import json
import os
import sys
import time
import traceback
from typing import Any

from benchmarks import counting

#: What a piece of work found out: facts, which are compared between the
#: sides. ``units`` is how often the work did what is measured (1).
Facts = dict[str, Any]
#: What takes time itself to find out is told by a function, which is called
#: when the time was taken.
Told = Facts | Callable[[], Facts]
Work = Callable[[], Told]

#: Makes a piece of work; called with the process, and what the case says.
Operation = Callable[..., Work]


class Operations(dict[str, Operation]):
    """The operations of a side; as a decorator it takes one in."""

    def __call__(self, operation: Operation) -> Operation:
        self[operation.__name__] = operation
        return operation


class Channel:
    """Lines of JSON on what were standard input and output.

    Whatever else is printed goes to standard error.
    """

    def __init__(self) -> None:
        self._input, self._output = os.dup(0), os.dup(1)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(2, 1)

    def receive(self) -> dict[str, Any] | None:
        # Byte for byte: what is read ahead would be lost in a fork.
        line = bytearray()
        while not line.endswith(b'\n'):
            more = os.read(self._input, 1)
            if not more:
                return None
            line += more
        told: dict[str, Any] = json.loads(line)
        return told

    def send(self, answer: Any) -> None:
        rest = memoryview(json.dumps(answer).encode() + b'\n')
        while rest:
            rest = rest[os.write(self._output, rest) :]


class Child:
    """One side of a benchmark.

    :param set_up: makes the process ready; called after a fork with the
        options of the deployment, and what it returns is the first argument
        of every operation
    :param operations: by name
    """

    def __init__(
        self,
        set_up: Callable[[dict[str, Any]], Any],
        operations: Mapping[str, Operation],
    ) -> None:
        self._set_up = set_up
        self._operations = operations
        self._process: Any = None
        self._work: Work = dict

    def run(self) -> None:
        """Do what is told until the parent closes the pipe."""
        channel = Channel()
        channel.send({'operations': sorted(self._operations)})
        while (told := channel.receive()) is not None:
            if told['do'] == 'begin':
                pid = os.fork()
                if pid:
                    os.waitpid(pid, 0)
                    continue
            if told['do'] == 'end':
                # No exit handler of what was imported.
                channel.send({})
                os._exit(0)
            try:
                answer = getattr(self, f'_{told.pop("do")}')(**told)
            except Exception:
                answer = {'error': traceback.format_exc()}
            channel.send(answer)
        os._exit(0)

    def _begin(self, options: dict[str, Any]) -> Facts:
        self._process = self._set_up(options)
        return {'memory': _memory()}

    def _prepare(self, operation: str, arguments: dict[str, Any]) -> Facts:
        self._work = self._operations[operation](self._process, **arguments)
        return {}

    def _measure(self) -> Facts:
        gc.collect()
        before = time.process_time()
        began = time.perf_counter()
        found = self._work()
        seconds = time.perf_counter() - began
        cpu = time.process_time() - before
        return {
            'seconds': seconds,
            'cpu': cpu,
            'memory': _memory(),
            'facts': found() if callable(found) else found,
        }

    def _count(self, ports: list[int]) -> Facts:
        with counting.Counter(ports) as counted:
            found = self._work()
        facts = found() if callable(found) else found
        units = facts.get('units', 1)
        return {
            'statements': counted.statements / units,
            'round_trips': counted.round_trips / units,
        }


def _memory() -> dict[str, float]:
    """Return what this process has resident, now and at most, in MB."""
    found: dict[str, float] = {}
    with open('/proc/self/status') as status:
        for line in status:
            name, _, value = line.partition(':')
            if name in ('VmRSS', 'VmHWM'):
                found[name] = int(value.split()[0]) * 1024 / 1e6
    return {'now': found['VmRSS'], 'peak': found['VmHWM']}


def main(
    set_up: Callable[[dict[str, Any]], Any],
    operations: Mapping[str, Operation],
) -> None:
    """Be a side of a benchmark until the parent has enough."""
    with contextlib.suppress(KeyboardInterrupt):
        Child(set_up, operations).run()
    sys.exit(0)
