# SPDX-License-Identifier: Apache-2.0

"""``nova_sg.tests.workers`` runs every test, and tells what was lost."""

import pathlib
import subprocess
import sys

import fixtures
from oslotest import base

import nova_sg
from nova_sg.tests import workers

TOOLS = pathlib.Path(nova_sg.__file__).parent.parent / 'tools'

#: Each class notes the processes its tests run in.
MODULE = """
import os
import unittest

class TestA(unittest.TestCase):
    def note(self):
        print('what a test prints is no part of the stream')
        with open({there!r} + '/' + type(self).__name__, 'a') as notes:
            print(os.getpid(), file=notes)

    def test_one(self):
        self.note()

    def test_two(self):
        self.note()

class TestB(TestA):
    pass

class TestC(TestA):
    pass

class TestLost(unittest.TestCase):
    def test_one(self):
        if {lost}:
            os._exit(0)
"""


class TestWorkers(base.BaseTestCase):
    def run_tests(
        self, *arguments: str, lost: bool = False
    ) -> tuple[int, str, str]:
        """Run some tests; return the exit codes and what was reported."""
        there = self.useFixture(fixtures.TempDir()).path
        self.directory = pathlib.Path(there)
        module = MODULE.format(there=there, lost=lost)
        (self.directory / 'test_some.py').write_text(module)
        running = subprocess.Popen(
            [
                *(sys.executable, '-m', 'nova_sg.tests.workers'),
                *('--workers', '2', '--top', there, *arguments, 'test_some'),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        report = subprocess.run(
            [
                *(sys.executable, TOOLS / 'test_report.py'),
                *('--log', self.directory / 'log'),
                *('--count', self.directory / 'count'),
            ],
            stdin=running.stdout,
            stdout=subprocess.PIPE,
            text=True,
        )
        running.stdout.close()
        return (
            running.wait(),
            (self.directory / 'count').read_text(),
            report.stdout,
        )

    def test_every_test_is_run_and_a_class_in_one_process(self) -> None:
        code, count, _ = self.run_tests()
        self.assertEqual((0, '7 0 0\n'), (code, count))
        for name in 'TestA', 'TestB', 'TestC':
            first, second = (self.directory / name).read_text().split()
            self.assertEqual(first, second)

    def test_some_are_chosen(self) -> None:
        code, count, _ = self.run_tests(
            *('--match', r'TestA\.', '--match', r'TestB\.test_two')
        )
        self.assertEqual((0, '3 0 0\n'), (code, count))

    def test_some_are_left_out(self) -> None:
        code, count, _ = self.run_tests('--exclude', 'two$', '--exclude', 'C')
        self.assertEqual((0, '3 0 0\n'), (code, count))
        code, count, _ = self.run_tests('--match', 'A', '--exclude', 'two$')
        self.assertEqual((0, '1 0 0\n'), (code, count))

    def test_a_test_that_ends_its_process_is_a_failure(self) -> None:
        _, count, said = self.run_tests(lost=True)
        self.assertEqual('6 1 0\n', count)
        self.assertIn('FAILED test_some.TestLost.test_one', said)


class TestOrder(base.BaseTestCase):
    def test_the_long_ones_are_first_and_kinds_alternate(self) -> None:
        class Long:
            TIMEOUT_SCALING_FACTOR = 3

        groups = {
            'tests.unit.a': ['unit'],
            'tests.functional.api.a': ['api'],
            'tests.functional.servicegroup.a.TestReads.': ['waits'] * 3,
            'tests.functional.servicegroup.a.TestOutages.': ['waits longer'],
            'tests.functional.conductor.a': ['conductor'],
            'tests.functional.nova_tree.a': [long := Long()],
        }
        order = workers.by_length(groups)
        self.assertEqual([long], order[0])
        self.assertEqual(['unit'], order[-1])
        self.assertEqual(
            [{'waits longer', 'conductor'}, {'waits', 'api'}],
            [{order[1][0], order[2][0]}, {order[3][0], order[4][0]}],
        )
