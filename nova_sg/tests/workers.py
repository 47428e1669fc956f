# SPDX-License-Identifier: Apache-2.0

"""Run tests in several processes, and write one subunit stream.

::

    python -m nova_sg.tests.workers --workers 4 nova_sg.tests.unit

The tests are loaded once. Each worker is a fork that takes the next group
from a queue when it has finished one, whatever a group costs and however
laden the machine is. Those that take long come first, so that all workers
end together. A group, as ``.stestr.conf`` defines it, stays in one worker,
for its tests may share a server.
"""

import argparse
import atexit
import collections
from collections.abc import Sequence
import configparser
import ctypes
import fcntl
import gc
import io
import itertools
import os
import pathlib
import re
import signal
import sys
import tempfile
import traceback
from typing import Any
import unittest

TOP = pathlib.Path(__file__).resolve().parent.parent.parent

#: What the kernel sends a worker when the process that forked it ends.
_PR_SET_PDEATHSIG = 1

_NUMBER = 4  # bytes of a group's number in the queue

#: Seconds for a test of a group, by the first of these which is in its name.
#: They say what comes first, and need not be right.
SECONDS = {
    '.nova_tree.': 30,
    '.configurations.': 25,
    '.api.test_clients.': 25,
    '.api.test_metrics.': 8,
    '.api.test_process.': 20,
    '.api.test_remote.': 40,
    '.conductor.': 12,
    '.TestWeekend.': 5,
    '.TestOutages.': 4,
    '.TestCutOff.': 4,
    '.TestFlaps.': 4,
    '.TestReasons.': 3,
    '.TestSlowWrites.': 4,
    '.TestWorkers.': 3,
    '.test_faults_': 5,
    '.test_security_zookeeper.': 10,
    '.metrics.test_pro': 10,
    '.agent.': 4,
    '.cmd.': 3,
    '.dashboard.': 4,
    '': 0.5,
}


def groups_of(tests: Any) -> dict[str, list[Any]]:
    """Return what is run in one process each, by the name of the group."""
    config = configparser.RawConfigParser()
    config.read(TOP / '.stestr.conf')
    pattern = re.compile(config['DEFAULT']['group_regex'])
    groups: dict[str, list[Any]] = collections.defaultdict(list)

    def add(part: Any, test_id: str) -> None:
        found = pattern.search(test_id)
        groups[found.group() if found else test_id].append(part)

    def sort(suite: Any) -> None:
        for part in suite:
            if not isinstance(part, unittest.TestSuite):
                add(part, part.id())
            elif type(part).run is unittest.TestSuite.run:
                sort(part)
            elif first := next(_cases(part), None):
                # It has fixtures of its own, as a file of gabbi.
                add(part, first.id())

    sort(tests)
    return groups


def _cases(suite: Any) -> Any:
    for part in suite:
        if isinstance(part, unittest.TestSuite):
            yield from _cases(part)
        else:
            yield part


def by_length(groups: dict[str, list[Any]]) -> list[list[Any]]:
    """Return the groups, those first that may take long.

    Tests of the servicegroup mostly wait, and others mostly compute. The two
    kinds alternate, so that both run at all times.
    """
    kinds: dict[tuple[int, bool, bool], list[tuple[float, list[Any]]]]
    kinds = collections.defaultdict(list)
    for name, group in groups.items():
        kind = -_patience(group), '.functional.' not in name
        length = len(group) * seconds(name)
        kinds[*kind, '.servicegroup.' in name].append((length, group))
    places = []
    for (*before, _), kind_ in kinds.items():
        kind_.sort(key=lambda each: each[0], reverse=True)
        places += [
            (*before, index / len(kind_), group)
            for index, (_, group) in enumerate(kind_)
        ]
    places.sort(key=lambda place: place[:-1])
    return [group for *_, group in places]


def seconds(name: str) -> float:
    """Return how long a test of a group may take, by the name of the group."""
    return next(SECONDS[part] for part in SECONDS if part in name)


def _patience(group: list[Any]) -> int:
    """Return how much longer than others a group may take, as it says."""
    return max(getattr(each, 'TIMEOUT_SCALING_FACTOR', 1) for each in group)


class Stream(io.RawIOBase):
    """Standard output, to which each worker writes whole packets.

    :param lock: the path of a file which whoever writes has locked
    """

    def __init__(self, lock: str) -> None:
        self._lock = os.open(lock, os.O_RDWR)
        self._output = os.dup(sys.stdout.fileno())
        # What a test prints is no packet.
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def read(self, size: int = -1) -> bytes:
        # How subunit sees that this is no text.
        raise io.UnsupportedOperation

    def write(self, packet: Any) -> int:
        fcntl.lockf(self._lock, fcntl.LOCK_EX)
        try:
            written = 0
            while written < len(packet):
                written += os.write(self._output, packet[written:])
        finally:
            fcntl.lockf(self._lock, fcntl.LOCK_UN)
        return written


def work(groups: list[list[Any]], queue: int, lock: str) -> None:
    """Run the groups whose numbers are next in the queue, until none is."""
    import subunit
    from subunit import test_results
    import testtools

    result = test_results.AutoTimingTestResultDecorator(
        testtools.ExtendedToStreamDecorator(
            subunit.StreamResultToBytes(Stream(lock))
        )
    )
    result.startTestRun()
    while number := os.read(queue, _NUMBER):
        unittest.TestSuite(groups[int.from_bytes(number)])(result)
    result.stopTestRun()


def fork(groups: list[list[Any]], queue: int, lock: str) -> int:
    """Start a worker; return its process id."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            work(groups, queue, lock)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            # Servers of the worker end.
            atexit._run_exitfuncs()
            sys.stderr.flush()
            os._exit(code)
    return pid


def load(names: Sequence[str], top: pathlib.Path) -> unittest.TestSuite:
    """Return the tests of packages and modules.

    :param top: the directory they are imported from
    """
    loader = unittest.defaultTestLoader
    sys.path.insert(0, str(top))
    places = [(name, top.joinpath(*name.split('.'))) for name in names]
    return unittest.TestSuite(
        loader.discover(str(place), top_level_dir=str(top))
        if place.is_dir()
        else loader.loadTestsFromName(name)
        for name, place in places
    )


def choose(
    tests: unittest.TestSuite, match: Sequence[str], exclude: Sequence[str]
) -> Any:
    """Return the tests whose ids are wanted.

    :param match: expressions, of which one has to match; all where none is
    :param exclude: expressions, of which none may match
    """
    import testtools

    if not (match or exclude):
        return tests
    ids = {test.id() for test in testtools.iterate_tests(tests)}
    if match:
        ids = set(filter(_any_of(match).search, ids))
    if exclude:
        ids = set(itertools.filterfalse(_any_of(exclude).search, ids))
    return testtools.testsuite.filter_by_ids(tests, ids)


def _any_of(expressions: Sequence[str]) -> re.Pattern[str]:
    return re.compile('|'.join(map('(?:{})'.format, expressions)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--workers', type=int, required=True)
    parser.add_argument(
        '--match',
        action='append',
        default=[],
        help='an expression for ids; of several, one has to match',
    )
    parser.add_argument(
        '--exclude',
        action='append',
        default=[],
        help='an expression for ids; of several, none may match',
    )
    parser.add_argument('--top', type=pathlib.Path, default=TOP)
    parser.add_argument('names', nargs='+', help='packages and modules')
    arguments = parser.parse_args()
    tests = choose(
        load(arguments.names, arguments.top),
        arguments.match,
        arguments.exclude,
    )
    groups = by_length(groups_of(tests))
    queue, write = os.pipe()
    fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 1 << 20)
    for number in range(len(groups)):
        os.write(write, number.to_bytes(_NUMBER))
    os.close(write)
    # What is loaded stays: no worker has to look at it again and again, or to
    # copy it for that.
    gc.collect()
    gc.freeze()
    with tempfile.NamedTemporaryFile() as lock:
        workers = [
            fork(groups, queue, lock.name)
            for _ in range(min(arguments.workers, len(groups)))
        ]
        codes = [
            os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in workers
        ]
    # Where all workers were lost, nobody has taken the rest.
    if left := len(os.read(queue, 1 << 20)) // _NUMBER:
        print(f'{left} groups of tests were not run', file=sys.stderr)
    if any(codes):
        print('Workers ended with', codes, file=sys.stderr)
    return int(any(codes) or left > 0)


if __name__ == '__main__':
    sys.exit(main())
