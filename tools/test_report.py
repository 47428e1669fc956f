#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0

"""Tell in a few lines how the tests of a subunit stream went.

Reads the stream from standard input while the tests run. Prints each failure
when it happens, a line a minute, and at the end a line for each group of
tests. Everything else, the slowest tests among it, goes into a log.
"""

import argparse
import collections
import datetime
import sys
import time

import subunit
import testtools

#: What a stream holds besides tests: what a test printed past its capture.
OUTPUT = 'not subunit'

VERDICTS = {'success': 'passed', 'xfail': 'passed', 'skip': 'skipped'}

#: Seconds between two lines that tell how far the tests are.
EVERY = 60

#: How many of the slowest tests the log lists.
SLOWEST = 50


def group_of(test_id: str) -> str:
    """Return the group of a test: a folder of functional tests, or unit."""
    parts = test_id.removeprefix('nova_sg.tests.').split('.')
    return '.'.join(parts[:2]) if parts[0] == 'functional' else parts[0]


class Report:
    """What the tests came to so far.

    :param log: where details are written
    :param verbose: whether to print a line for each test
    """

    def __init__(self, log, verbose: bool) -> None:
        self._log = log
        self._verbose = verbose
        self._groups = collections.defaultdict(collections.Counter)
        self._seconds = collections.Counter()
        self._slowest: list[tuple[float, str]] = []
        self._said_at = time.monotonic()

    @property
    def total(self) -> collections.Counter:
        return sum(self._groups.values(), collections.Counter())

    def add(self, test: dict) -> None:
        """Take in a test that has ended, or was lost with its process."""
        if test['id'] == OUTPUT or test['status'] == 'exists':
            return
        verdict = VERDICTS.get(test['status'], 'failed')
        seconds = _seconds(test['timestamps'])
        group = group_of(test['id'])
        self._groups[group][verdict] += 1
        self._seconds[group] += seconds
        self._slowest.append((seconds, test['id']))
        line = f'{verdict} {seconds:7.2f} s  {test["id"]}'
        print(line, file=self._log)
        if verdict == 'failed':
            details = '\n'.join(_details(test))
            print(details, file=self._log)
            print(f'\nFAILED {test["id"]}\n{details}', flush=True)
        elif self._verbose:
            print(line, flush=True)
        self._say_how_far()

    def close(self) -> None:
        """Print a line for each group, and list the slowest in the log."""
        for group, counts in sorted(self._groups.items()):
            print(
                f'   {group:<28} {counts["passed"]:5} passed '
                f'{counts["failed"]:4} failed {counts["skipped"]:3} skipped '
                f'{self._seconds[group]:7.0f} s'
            )
        print(f'\nThe {SLOWEST} slowest:', file=self._log)
        for seconds, test_id in sorted(self._slowest, reverse=True)[:SLOWEST]:
            print(f'{seconds:8.2f} s  {test_id}', file=self._log)

    def _say_how_far(self) -> None:
        now = time.monotonic()
        if now - self._said_at < EVERY:
            return
        self._said_at = now
        total = self.total
        print(
            f'   {total["passed"]} passed, {total["failed"]} failed so far',
            flush=True,
        )


def _seconds(timestamps: list[datetime.datetime | None]) -> float:
    began, ended = timestamps[0], timestamps[-1]
    return (ended - began).total_seconds() if began and ended else 0.0


def _details(test: dict) -> list[str]:
    """Return what a failed test left: its traceback last."""
    if test['status'] == 'inprogress':
        return ['It never ended: its process was killed, or died.']
    details = test['details']
    names = sorted(details, key=lambda name: (name == 'traceback', name))
    return [
        f'{name}:\n{details[name].as_text().rstrip()}'
        for name in names
        if details[name].content_type.type == 'text'
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--log', required=True, help='where details go')
    parser.add_argument(
        '--count', required=True, help='where "PASSED FAILED SKIPPED" goes'
    )
    parser.add_argument('--verbose', action='store_true')
    arguments = parser.parse_args()
    with open(arguments.log, 'w', encoding='utf-8') as log:
        report = Report(log, arguments.verbose)
        result = testtools.StreamToDict(report.add)
        result.startTestRun()
        subunit.ByteStreamToStreamResult(sys.stdin.buffer, OUTPUT).run(result)
        # What began and never ended is reported here.
        result.stopTestRun()
        report.close()
    total = report.total
    with open(arguments.count, 'w', encoding='utf-8') as count:
        print(total['passed'], total['failed'], total['skipped'], file=count)
    return 0 if total['passed'] and not total['failed'] else 1


if __name__ == '__main__':
    sys.exit(main())
