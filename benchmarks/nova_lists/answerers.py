# SPDX-License-Identifier: Apache-2.0

"""The processes that answer, as the one that measures sees them."""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import json
import subprocess
import sys

from benchmarks.nova_lists import answering
from benchmarks.nova_lists import configuration
from benchmarks.nova_lists import databases
from benchmarks.nova_lists import variants


class Answerer:
    """The process of one variant, which answers until it is told to end.

    :param process: runs ``benchmarks.nova_lists.answering``
    """

    def __init__(self, process: 'subprocess.Popen[str]') -> None:
        self._process = process

    def measure(self, name: str) -> answering.Cost:
        """Return what a request costs, once.

        :raises RuntimeError: the process has ended
        """
        assert self._process.stdin is not None
        print(name, file=self._process.stdin, flush=True)
        return answering.Cost(*json.loads(self.told()))

    def told(self) -> str:
        """Return what the process says next."""
        for line in self._process.stdout or ():
            if line.startswith(answering.MARK):
                return line.removeprefix(answering.MARK)
        raise RuntimeError('a process that answers has ended')


@contextlib.contextmanager
def begun(
    variant: str, stock: databases.Stock, number: int, asked: Sequence[str]
) -> Iterator[Answerer]:
    """Let a process answer that has answered each request before.

    :param stock: where its databases are copied from
    :param number: of computes
    :param asked: the names of the requests
    """
    copy = stock.copy(f'{variants.plain(variant)}_{number}')
    with variants.backend(variant) as options:
        if options:
            options['servicegroup']['cell'] = stock.cell
        configuration.write(copy.directory, copy.url, options)
        copy.fill(number, with_services=variants.in_nova(variant))
        with subprocess.Popen(
            [
                *(sys.executable, '-m', answering.__name__),
                *(variant, str(number), *asked),
            ],
            env=configuration.environment(copy.directory),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            answerer = Answerer(process)
            answerer.told()
            yield answerer
