# SPDX-License-Identifier: Apache-2.0

"""The history of services inside a nova."""

from collections.abc import Callable
import contextlib
import io
import time
from unittest import mock

import testscenarios

from nova_sg import exception
from nova_sg import exits
from nova_sg import turn
from nova_sg.cmd import run
from nova_sg.db import models
from nova_sg.nova_tree import cells
from nova_sg.nova_tree import manage
from nova_sg.nova_tree import owner
from nova_sg.nova_tree import recording
from nova_sg.nova_tree import transitions
from nova_sg.servicegroup.history import base as history_base
from nova_sg.servicegroup.testing import transitions as conformance
from nova_sg.tests.nova_tree import base

#: Seconds: a laden machine may be slow.
PATIENCE = 60.0

load_tests = testscenarios.load_tests_apply_scenarios


class TestCase(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.flags(report_interval=10, service_down_time=600)
        self.commands = manage.ServiceCommands(run.service_commands())

    def history(self) -> history_base.History:
        api = owner.get()
        found = transitions.of_novas_table() if api is None else None
        return found or api.driver.history

    def shown(self, *arguments: str, **options: str) -> tuple[list[str], str]:
        """Return the lines of the table, and what is on stderr."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            self.commands.history(*arguments, **options)
        lines = out.getvalue().splitlines()
        return [e for e in lines[3:] if e.startswith('|')], err.getvalue()


class TestCommand(TestCase):
    scenarios = base.DRIVERS

    def setUp(self) -> None:
        super().setUp()
        for name in ('cell0', 'cell1', 'cell2'):
            self.context = self.in_cell(name)
            self.make_tables(models.transitions)
        for name, host in (('cell1', 'one'), ('cell2', 'two')):
            context = self.in_cell(name)
            made = self.make_service(host, context=context)
            self.history().record(
                cells.Context(context),
                [conformance.next_entry(made.uuid, host=host)],
            )

    def test_it_shows_those_of_all_cells(self):
        lines, errors = self.shown()
        self.assertEqual('', errors)
        self.assertEqual(2, len(lines), lines)

    def test_it_shows_those_of_a_host_and_a_time(self):
        (line,) = self.shown('two', since='1h')[0]
        self.assertRegex(line, r'two +\| nova-compute \| up +\| down ')
        self.assertEqual([], self.shown('three')[0])
        self.assertEqual([], self.shown(since='2999-01-01T00:00')[0])
        self.assertEqual(1, len(self.shown(last='1')[0]))


class TestWithoutTable(TestCase):
    scenarios = [base.DB, base.ZK_SQL]

    def test_a_cell_without_the_table_does_not_hide_others(self):
        self.context = self.in_cell('cell1')
        self.make_tables(models.transitions)
        made = self.make_service()
        self.history().record(
            cells.Context(self.context), [conformance.next_entry(made.uuid)]
        )
        lines, errors = self.shown()
        self.assertEqual(1, len(lines))
        self.assertIn('cell2: The database of the cell has no table', errors)
        self.assertIn('service prepare', errors)

    def test_without_any_the_command_says_what_to_do(self):
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors):
            error = self.assertRaises(SystemExit, self.commands.history)
        self.assertEqual(exits.Exit.UNREACHABLE, error.code)
        self.assertIn('service prepare', errors.getvalue().splitlines()[-1])

    def test_a_conductor_records_nothing_and_goes_on(self):
        found = recording.begin(lambda: True)
        self.make_service()
        self.assertRaises(exception.SchemaNotReady, found._recorder.look)
        found._look()


class TestConductor(TestCase):
    # A context without a target leads where nova's fixtures led last.
    NUMBER_OF_CELLS = 1

    scenarios = [*base.DRIVERS, base.GROUPED]

    def setUp(self) -> None:
        super().setUp()
        self.make_tables(models.transitions)
        self.made = self.make_service()

    def told(self) -> list[tuple[str, str, str | None]]:
        found = self.history().of(
            cells.Context(self.context), history_base.Question()
        )
        return [(str(e.before), str(e.after), e.reason) for e in found]

    def test_it_records_what_operators_decide(self):
        watcher = recording.begin(lambda: True)._recorder
        watcher.look()
        before = str(watcher._standings[self.made.uuid])
        made = self.read(self.made)
        made.disabled, made.disabled_reason = True, 'new disk'
        made.save()
        watcher.look()
        watcher.look()
        self.assertEqual(
            [(before, f'{before}, disabled', 'new disk')], self.told()
        )

    def test_only_one_worker_of_a_host_does_from_start_to_stop(self):
        conductor = mock.Mock(binary='nova-conductor')
        with (
            mock.patch.object(recording, '_turn', None),
            mock.patch.object(recording, '_recording', None),
            mock.patch('nova_sg.servicegroup.loop.Loop.start') as start,
            mock.patch('nova_sg.servicegroup.loop.Loop.stop') as stop,
        ):
            recording._start(mock.Mock(), conductor)
            start.assert_not_called()
            recording._serve(mock.Mock(), conductor)
            recording._start(mock.Mock(), mock.Mock(binary='nova-scheduler'))
            start.assert_not_called()
            recording._start(mock.Mock(), conductor)
            start.assert_called_once()
            recording._stop(mock.Mock(), conductor)
            stop.assert_called_once()

    def test_one_that_runs_records(self):
        self.flags(interval=1, group='history')
        self.stub_out('nova_sg.nova_tree.recording._turn', turn.Turn())
        self.stub_out('nova_sg.nova_tree.recording._recording', None)
        conductor = self.start_service('conductor', host='ctl1')
        watcher = recording._recording._recorder
        # What it lists first is no transition.
        self.wait_for(lambda: self.made.uuid in watcher._numbers)
        made = self.read(self.made)
        made.disabled = True
        made.save()
        self.wait_for(self.told)
        conductor.stop()
        self.assertFalse(recording._recording._loop.running)

    def wait_for(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)

    def test_it_can_be_switched_off(self):
        self.flags(enabled=False, group='history')
        self.assertIsNone(recording.begin(lambda: True))
