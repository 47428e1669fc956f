# SPDX-License-Identifier: Apache-2.0

"""The service commands of nova-manage."""

import contextlib
import io
from typing import Any
from unittest import mock

from nova import exception as nova_exception
from nova import objects
from oslo_db import exception as db_exc
import testscenarios

from nova_sg import exception
from nova_sg import exits
from nova_sg.cmd import run
from nova_sg.db import rights
from nova_sg.db import schema
from nova_sg.nova_tree import manage
from nova_sg.tests.nova_tree import base

load_tests = testscenarios.load_tests_apply_scenarios


class TestCase(base.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.commands = manage.ServiceCommands(run.service_commands())
        # No compute is there to answer nova's API.
        self.told: list[tuple[str, bool]] = []
        self.stub_out(
            'nova.compute.rpcapi.ComputeAPI.set_host_enabled',
            lambda _api, _context, host, enabled: self.told.append(
                (host, enabled)
            ),
        )

    def printed(self, action: Any, *arguments: str, **options: str) -> str:
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            action(*arguments, **options)
        return output.getvalue()

    def rows_of(self, table: str) -> list[list[str]]:
        """Return the cells of a table, row by row; the first are titles."""
        return [
            [cell.strip() for cell in line.strip('|').split('|')]
            for line in table.splitlines()
            if line.startswith('|')
        ]

    def refused(self, action: Any, *arguments: str, **options: str) -> Any:
        """Return the exit code and the one line of an action that fails."""
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors):
            error = self.assertRaises(
                SystemExit, action, *arguments, **options
            )
        self.assertEqual(1, len(errors.getvalue().splitlines()))
        return error.code, errors.getvalue()

    def make(self, cell: str, host: str = 'one') -> Any:
        return self.make_service(host, context=self.in_cell(cell))


class TestServiceCommands(TestCase):
    scenarios = base.DRIVERS

    def test_a_service_is_disabled_and_enabled_in_whichever_cell_it_is(self):
        service = self.make('cell2')
        self.commands.disable('one', 'nova-compute', reason='disks')
        read = self.read(service)
        self.assertEqual(
            (True, 'disks'), (read.disabled, read.disabled_reason)
        )
        self.commands.enable('one', 'nova-compute')
        read = self.read(service)
        self.assertEqual((False, None), (read.disabled, read.disabled_reason))

    def test_a_reason_that_cannot_be_kept_is_bad_usage(self):
        service = self.make('cell2')
        for reason in ('', 'x' * 256):
            code, error = self.refused(
                self.commands.disable, 'one', 'nova-compute', reason=reason
            )
            self.assertEqual(exits.Exit.USAGE, code)
            self.assertIn('disabled_reason', error)
        self.assertFalse(self.read(service).disabled)

    def test_a_name_two_cells_have_is_refused_until_a_cell_is_named(self):
        here, there = self.make('cell1'), self.make('cell2')
        cell = self.cell_mappings['cell2'].uuid
        code, error = self.refused(
            self.commands.disable, 'one', 'nova-compute'
        )
        self.assertEqual(exits.Exit.CONFLICT, code)
        self.assertIn(cell, error)
        self.commands.disable('one', 'nova-compute', cell=cell)
        self.assertFalse(self.read(here).disabled)
        self.assertTrue(self.read(there).disabled)

    def test_a_service_that_is_nowhere_is_not_found(self):
        code, error = self.refused(self.commands.enable, 'two', 'nova-compute')
        self.assertEqual(exits.Exit.NOT_FOUND, code)
        self.assertIn('nova-compute on host two', error)

    def test_a_cell_that_is_nowhere_is_not_found(self):
        code, _ = self.refused(
            self.commands.enable, 'one', 'nova-compute', cell='nowhere'
        )
        self.assertEqual(exits.Exit.NOT_FOUND, code)

    def test_a_cell_without_an_answer_may_have_what_no_other_has(self):
        self.make('cell1', 'one')
        read = objects.Service.get_by_host_and_binary

        def broken(_class: Any, context: Any, *arguments: Any) -> Any:
            if context.cell_uuid == self.cell_mappings['cell2'].uuid:
                raise nova_exception.CellTimeout()
            return read(context, *arguments)

        self.stub_out('nova.objects.Service.get_by_host_and_binary', broken)
        code, error = self.refused(self.commands.enable, 'two', 'nova-compute')
        self.assertEqual(exits.Exit.UNREACHABLE, code)
        self.assertIn(self.cell_mappings['cell2'].uuid, error)
        self.commands.disable('one', 'nova-compute')

    def test_the_tables_are_made_in_all_cells(self):
        table = self.printed(self.commands.prepare)
        for cell in ('cell1', 'cell2'):
            self.assertRegex(table, rf'{cell} +\| +\| {schema.head()} ')

    def test_what_a_user_lacks_on_the_tables_is_named(self):
        grant = rights.Grant('nova_sg_departures', 'GRANT INSERT ON x TO y')
        with mock.patch.object(rights, 'missing', return_value=[grant]):
            code, says = self.refused(self.commands.prepare)
        self.assertEqual(exits.Exit.USAGE, code)
        self.assertIn(grant.statement, says)

    def test_each_error_of_novas_is_one_line_and_a_code(self):
        for error, expected, part in (
            (
                KeyError('what\nis that'),
                exits.Exit.UNEXPECTED,
                'unexpected KeyError',
            ),
            (
                db_exc.DBConnectionError('gone'),
                exits.Exit.UNREACHABLE,
                "nova's database",
            ),
        ):
            self.stub_out(
                'nova.compute.api.HostAPI.service_get_all',
                mock.Mock(side_effect=error),
            )
            code, says = self.refused(self.commands.list)
            self.assertEqual(expected, code)
            self.assertIn(part, says)

    def test_a_driver_that_cannot_be_used_is_bad_usage(self):
        self.flags(driver='db', records='zookeeper', group='servicegroup')
        code, error = self.refused(self.commands.list)
        self.assertEqual(exits.Exit.USAGE, code)
        self.assertIn('[servicegroup] records', error)

    def test_a_copy_that_is_wrong_is_said_in_one_line(self):
        for error in (
            exception.MigrationFailed(reason='a service is missing'),
            exception.RecordUnreadable(where='here', reason='no JSON'),
        ):
            self.stub_out(
                'nova_sg.servicegroup.migration.Migration.run',
                mock.Mock(side_effect=error),
            )
            code, says = self.refused(
                self.commands.migrate, source='db', target='zk'
            )
            self.assertEqual(exits.Exit.UNEXPECTED, code)
            self.assertIn(str(error), says)
