# SPDX-License-Identifier: Apache-2.0

"""Running modules of nova's tests."""

from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import os
import pathlib
import re
import subprocess
import sys
import tempfile
from typing import Any

import subunit
import testtools

from nova_sg.tests import workers
from nova_sg.tests.nova_suite import interpreter
from nova_sg.tests.nova_suite import watcher

#: What all test modules have before their names.
PREFIX = 'nova.tests.'

#: The modules which have much to do with services: of the names of tests,
#: what follows the prefix.
MODULES = (
    'functional.api_sample_tests.test_availability_zone',
    'functional.api_sample_tests.test_evacuate',
    'functional.api_sample_tests.test_hypervisors',
    'functional.api_sample_tests.test_migrate_server',
    'functional.api_sample_tests.test_services',
    'functional.compute.test_host_api',
    'functional.compute.test_live_migration',
    'functional.compute.test_resource_tracker',
    'functional.db.test_compute_node',
    'functional.db.test_host_mapping',
    'functional.notification_sample_tests.test_service',
    'functional.test_availability_zones',
    'functional.test_service',
    'functional.wsgi.test_services',
    'unit.api.openstack.compute.test_hypervisors',
    'unit.api.openstack.compute.test_services',
    'unit.objects.test_objects',
    'unit.objects.test_service',
    'unit.servicegroup',
    'unit.test_service',
)

#: nova's tests of its own two drivers: [servicegroup] driver is not set.
OWN_DRIVERS = 'unit.servicegroup'

#: nova's own list of functional tests that cannot run on native threads.
#: Before nova 34 there is none.
_NOT_ON_THREADS = 'threading_functional_test_excludes.txt'

#: Seconds a test may take, as in nova's own runs.
_TEST_TIMEOUT = '160'

_KINDS = {'success': 'passed', 'xfail': 'passed', 'skip': 'skipped'}
_NOT_SUBUNIT = 'not subunit'

_TAIL = 3000  # characters of a complaint that are shown

#: How many tests of one kind are run again when they fail: more are no
#: accident.
_RUN_AGAIN = 5


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of a test.

    :param test: its name
    :param kind: passed, failed or skipped
    """

    test: str
    kind: str

    @property
    def module(self) -> str:
        """Its module, without the prefix."""
        # A scenario's name, in parentheses behind the test's, may hold dots.
        words = self.test.partition('(')[0].removeprefix(PREFIX).split('.')
        return '.'.join(words[:-2]) or self.test


@dataclasses.dataclass(frozen=True)
class Results:
    """What became of all tests, and what they said to ``services``."""

    outcomes: Sequence[Outcome]
    statements: Mapping[str, int]

    def __add__(self, other: 'Results') -> 'Results':
        return Results(
            [*self.outcomes, *other.outcomes],
            {**self.statements, **other.statements},
        )


@dataclasses.dataclass(frozen=True)
class Suite:
    """How tests are run.

    :param source: the unpacked sdist of nova
    :param on: with nova_sg inside
    :param threading: on native threads, not under eventlet
    :param options: ``[servicegroup] driver`` and the like, as environment
    :param exclude: a regular expression: tests that are left out
    :param concurrency: how many processes run tests; 0 is one for each
        processor
    """

    source: pathlib.Path
    on: bool
    threading: bool
    options: Mapping[str, str]
    exclude: str | None = None
    concurrency: int = 0

    def run(self, modules: Sequence[str]) -> Results:
        """Run the tests of modules.

        Some tests of nova's race with other threads of their process:
        ``test_service_start_resets_cell_cache`` looks at a cache which every
        service there fills. So where a few tests fail, they are run once
        more, one after the other, and those that pass then are named.

        :param modules: modules or packages, with or without the prefix
        """
        names = sorted({each.removeprefix(PREFIX) for each in modules})
        results = Results([], {})
        for kind, own, options in (
            ('functional', False, self.options),
            ('unit', False, self.options),
            ('unit', True, {}),
        ):
            wanted = [
                name
                for name in names
                if name.split('.')[0] == kind
                and name.startswith(OWN_DRIVERS) == own
            ]
            if wanted:
                ran = self._run(kind, wanted, options)
                results += self._again(ran, kind, options)
        return results

    def _again(
        self, ran: Results, kind: str, options: Mapping[str, str]
    ) -> Results:
        """Run a few tests again that failed; return what holds then."""
        failed = [each for each in ran.outcomes if each.kind == 'failed']
        if not 0 < len(failed) <= _RUN_AGAIN:
            return ran
        again = self._run(
            kind,
            sorted({each.module for each in failed}),
            options,
            only=[each.test for each in failed],
        )
        passed = {
            each.test for each in again.outcomes if each.kind == 'passed'
        }
        for test in sorted(passed):
            print(f'passed when run again: {test}')
        return Results(
            [
                dataclasses.replace(outcome, kind='passed')
                if outcome.test in passed
                else outcome
                for outcome in ran.outcomes
            ],
            {**again.statements, **ran.statements},
        )

    def _run(
        self,
        kind: str,
        names: Sequence[str],
        options: Mapping[str, str],
        only: Sequence[str] = (),
    ) -> Results:
        with tempfile.TemporaryDirectory() as made:
            directory = pathlib.Path(made)
            (directory / 'records').mkdir()
            stream = directory / 'subunit'
            command = self._workers(kind, names, 1 if only else 0)
            if only:
                # A scenario may be applied where the test is run, and is no
                # part of its id before.
                plain = [each.partition('(')[0] for each in only]
                command += [
                    f'--match=^{re.escape(each)}$' for each in {*only, *plain}
                ]
            with stream.open('wb') as output:
                subprocess.run(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    cwd=self.source,
                    env=self._environment(kind, options, directory),
                    check=False,
                )
            return Results(
                _outcomes(stream), watcher.counts(directory / 'records')
            )

    def _workers(
        self, kind: str, names: Sequence[str], processes: int
    ) -> list[str]:
        exclude = [] if self.exclude is None else [self.exclude]
        listed = self.source / _NOT_ON_THREADS
        if self.threading and kind == 'functional' and listed.exists():
            lines = listed.read_text().splitlines()
            exclude += [line.partition('#')[0].strip() for line in lines]
        processes = processes or self.concurrency or os.cpu_count() or 1
        return [
            *(sys.executable, '-m', interpreter.__name__),
            *('-m', workers.__name__),
            *('--workers', str(processes), '--top', str(self.source)),
            *(f'--exclude={each}' for each in exclude if each),
            *(
                f'{PREFIX}{name}'
                for name in names
                # Nor the part of a package that is run as a whole.
                if not any(name.startswith(f'{each}.') for each in names)
            ),
        ]

    def _environment(
        self, kind: str, options: Mapping[str, str], directory: pathlib.Path
    ) -> dict[str, str]:
        on = {interpreter.ON: '1'} if self.on else {}
        return {
            **os.environ,
            **(options if self.on else {}),
            **on,
            interpreter.RECORDS: str(directory / 'records'),
            interpreter.TESTS: f'{PREFIX}{kind}',
            'OS_NOVA_DISABLE_EVENTLET_PATCHING': str(self.threading),
            'OS_STDERR_CAPTURE': '1',
            'OS_STDOUT_CAPTURE': '1',
            'OS_TEST_TIMEOUT': _TEST_TIMEOUT,
        }


def _outcomes(stream: pathlib.Path) -> Sequence[Outcome]:
    """Read what the workers wrote; a failed test's details are printed."""
    outcomes: list[Outcome] = []

    def collect(test: dict[str, Any]) -> None:
        if test['id'] == _NOT_SUBUNIT or test['status'] == 'exists':
            return
        # One that began and did not end was lost with its process.
        kind = _KINDS.get(test['status'], 'failed')
        outcomes.append(Outcome(test['id'], kind))
        if kind == 'failed':
            _print_details(test)

    result = testtools.StreamToDict(collect)
    result.startTestRun()
    with stream.open('rb') as source:
        subunit.ByteStreamToStreamResult(source, _NOT_SUBUNIT).run(result)
    result.stopTestRun()
    if not outcomes:
        print(stream.read_text(errors='replace')[-_TAIL:])
    return outcomes


def _print_details(test: dict[str, Any]) -> None:
    print(f'\n-- {test["id"]}')
    for name, content in test['details'].items():
        if 'traceback' in name:
            print(content.as_text().strip()[-_TAIL:])
