# SPDX-License-Identifier: Apache-2.0

"""The tests of nova_sg.tests.nova_tree, in an environment that has nova."""

import itertools
import os
import pathlib
import signal
import subprocess

from oslotest import base
import testscenarios

import nova_sg
from nova_sg.tests.fixtures import long
from nova_sg.tests.fixtures.servers import memcached
from nova_sg.tests.fixtures.servers import zookeeper
from nova_sg.tests.functional.nova_tree import cells

load_tests = testscenarios.load_tests_apply_scenarios

#: The modules by what they are about. `switch` is the last: it switches
#: nova_sg on while nova's fixtures stand in for functions of nova's. From then
#: on lists take the true ones for another's, and leave them to nova.
GROUPS = {
    'heartbeats': (
        *('elsewhere', 'grouped', 'grouped_clock', 'grouped_novas_way'),
        *('grouped_outage', 'grouped_reader', 'grouped_remote'),
        *('grouped_serving', 'grouped_shown', 'grouped_twice'),
        *('grouped_wedged', 'moved', 'objects', 'transitions', 'validation'),
    ),
    'lists': (
        *('lists', 'lists_without_cell0', 'outages', 'records', 'sums'),
        'unread',
    ),
    'services': (
        *('api', 'invocations', 'manage', 'manage_shown', 'once', 'reasons'),
        *('scheduler', 'unknown', 'switch'),
    ),
}

#: What a process runs. A short run has one process, for each imports nova and
#: makes its databases. They would not run beside each other: the tests of a
#: class stay in one worker. It is the first that a run begins and ends in the
#: middle of it, so nothing waits for it at the end. A long run tells which
#: group it is that fails in a release.
PROCESSES = (
    GROUPS
    if long.LONG
    else {'all': tuple(itertools.chain.from_iterable(GROUPS.values()))}
)

#: Seconds for a process; all groups take three minutes, and a quarter of an
#: hour on a laden machine.
TIMEOUT = 1800


class TestGroups(base.BaseTestCase):
    def test_each_module_is_in_one_of_them(self):
        there = pathlib.Path(nova_sg.__file__).parent / 'tests' / 'nova_tree'
        self.assertEqual(
            {each.stem for each in there.glob('*.py')} - {'__init__', 'base'},
            {each for group in GROUPS.values() for each in group},
        )


class TestInsideNova(base.BaseTestCase):
    # Many tests in one, and longer than TIMEOUT.
    TIMEOUT_SCALING_FACTOR = 7

    # nova 34 runs under eventlet only where it is asked to, and the others
    # on native threads.
    releases = long.matrix(
        [('34-threading', {'number': 34, 'without_eventlet': 'True'})],
        [
            (
                f'{number}-eventlet',
                {'number': number, 'without_eventlet': 'False'},
            )
            for number in (31, 32, 33, 34)
        ],
    )
    scenarios = testscenarios.multiply_scenarios(
        releases,
        [(name, {'modules': each}) for name, each in PROCESSES.items()],
    )

    def test_they_pass(self):
        tree = cells.installed(self.number)
        if tree is None:
            self.skipTest(cells.missing(self.number))
        ensemble = self.useFixture(zookeeper.ZookeeperServer())
        server = self.useFixture(memcached.MemcachedServer())
        done = subprocess.Popen(
            [
                *(str(tree / 'venv/bin/python'), '-m', 'testtools.run'),
                *(f'nova_sg.tests.nova_tree.{each}' for each in self.modules),
            ],
            cwd=tree / 'source',
            env={
                **os.environ,
                'LC_ALL': 'C.UTF-8',
                'OS_MEMCACHED__SERVERS': server.hosts,
                'OS_NOVA_DISABLE_EVENTLET_PATCHING': self.without_eventlet,
                'OS_ZOOKEEPER__HOSTS': ensemble.hosts,
                'PYTHONFAULTHANDLER': '1',
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors='replace',
        )
        self.addCleanup(done.kill)
        printed = self._printed(done)
        self.assertEqual(0, done.returncode, printed[-20000:])
        self.assertRegex(printed, r'Ran \d\d+ tests')

    @staticmethod
    def _printed(process: subprocess.Popen[str]) -> str:
        """Return what a process printed, with its threads if it hung."""
        try:
            return process.communicate(timeout=TIMEOUT)[0]
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGABRT)
            return process.communicate()[0]
