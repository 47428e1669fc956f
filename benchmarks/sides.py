# SPDX-License-Identifier: Apache-2.0


"""The processes that are measured, as the parent sees them."""

from collections.abc import Mapping
import contextlib
import json
import os
import pathlib
import select
import signal
import subprocess
from typing import Any
from typing import Self

#: The side that measures the older floor, see :mod:`benchmarks.floor.rows`.
ROWS = 'rows'

TOP = pathlib.Path(__file__).parent.parent


class SideFailed(Exception):
    """A child could not do what it was told; the message is its traceback."""


class Side:
    """A child process.

    :param name: ``ours``, ``nova``, ``floor`` or :data:`ROWS`
    :param python: the interpreter of its environment
    :param module: what it runs
    :ivar environment: of its process, without options of nova_sg
    """

    def __init__(self, name: str, python: str, module: str) -> None:
        self.name = name
        self.python = python
        self.environment = {
            **{
                variable: value
                for variable, value in os.environ.items()
                if not (variable.startswith('OS_') and '__' in variable)
            },
            'PYTHONPATH': str(TOP),
            # nova warns of eventlet, and it is not used.
            'PYTHONWARNINGS': 'ignore',
            # nova's native threads, as it runs by default.
            'OS_NOVA_DISABLE_EVENTLET_PATCHING': 'True',
        }
        self._process = subprocess.Popen(
            [python, '-m', module],
            cwd=TOP,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # It forks for each case: all of them end together.
            start_new_session=True,
        )
        self._operations = frozenset(self._receive()['operations'])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if error[0] is not None:
            # It may be at something that takes minutes yet.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def can(self, operation: str) -> bool:
        """Return whether this side does such a thing at all."""
        return operation in self._operations

    def begin(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Become a fresh process of a deployment."""
        return self.tell('begin', options=options)

    def end(self) -> None:
        """End the fresh process."""
        self.tell('end')

    def tell(self, what: str, **how: Any) -> dict[str, Any]:
        """Have the child do something, and return its answer.

        :raises SideFailed: it could not
        """
        self.start(what, **how)
        return self.finish()

    def start(self, what: str, **how: Any) -> None:
        """Have the child begin with something; :meth:`finish` must follow."""
        assert self._process.stdin is not None
        line = json.dumps({'do': what, **how}).encode() + b'\n'
        self._process.stdin.write(line)
        self._process.stdin.flush()

    def answers(self, seconds: float) -> bool:
        """Return whether the child has done it, waiting so long at most."""
        return bool(select.select([self._process.stdout], [], [], seconds)[0])

    def finish(self) -> dict[str, Any]:
        """Wait until the child has done it, and return its answer.

        :raises SideFailed: it could not
        """
        answer = self._receive()
        if 'error' in answer:
            raise SideFailed(f'{self.name}: {answer["error"]}')
        return answer

    def once(
        self, options: Mapping[str, Any], operation: str, **arguments: Any
    ) -> dict[str, Any]:
        """Do an operation once, in a process of its own, and return facts."""
        self.begin(options)
        try:
            self.tell('prepare', operation=operation, arguments=arguments)
            facts: dict[str, Any] = self.tell('measure')['facts']
        finally:
            self.end()
        return facts

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SideFailed(
                f'{self.name} ended with {self._process.wait()}; what it said '
                'stands above'
            )
        answer: dict[str, Any] = json.loads(line)
        return answer
