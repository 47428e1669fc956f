# SPDX-License-Identifier: Apache-2.0

"""The service commands of nova-manage."""

from collections.abc import Mapping
import contextlib
import io
import json
from typing import Any
from unittest import mock

from nova import exception as nova_exception
from nova import objects
from nova.servicegroup import api as servicegroup_api
from oslo_db import exception as db_exc
import testscenarios

from nova_sg import exception
from nova_sg import exits
from nova_sg.cmd import run
from nova_sg.cmd.commands import details
from nova_sg.db import rights
from nova_sg.db import schema
from nova_sg.nova_tree import application
from nova_sg.nova_tree import manage
from nova_sg.nova_tree import printing
from nova_sg.nova_tree import shown
from nova_sg.servicegroup import reasons
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

    def cells_of(self, table: str, host: str) -> dict[str, str]:
        """Return the row of a host by the titles of a table."""
        rows = [
            [cell.strip() for cell in line.strip('|').split('|')]
            for line in table.splitlines()
            if line.startswith('|')
        ]
        (row,) = (each for each in rows[1:] if each[1] == host)
        return dict(zip(rows[0], row, strict=True))


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

    def test_the_list_has_the_services_of_all_cells(self):
        self.make('cell1', 'one')
        self.make('cell2', 'two')
        table = self.printed(self.commands.list)
        for host in ('one', 'two'):
            self.assertRegex(table, rf'nova-compute +\| {host} ')
        self.assertNotIn('two', self.printed(self.commands.list, host='one'))

    def test_api_services_are_hidden_as_in_rest_and_never_called_down(self):
        self.make('cell1', 'one')
        for binary in shown.API_SERVICES:
            self.make_service('api', binary, None, self.in_cell('cell1'))
        self.assertNotIn('api', self.printed(self.commands.list))
        table = self.printed(self.commands.list, everything=True)
        for binary in shown.API_SERVICES:
            self.assertRegex(table, rf'{binary} +\| api .* unreported ')

    def test_one_service_that_is_unknown_does_not_hide_the_others(self):
        self.make('cell1', 'one')
        self.make('cell2', 'two')
        told = servicegroup_api.API.service_is_up

        def only_one(group: Any, service: Any) -> bool:
            if service.host == 'two':
                raise base.OUT
            return told(group, service)

        self.stub_out('nova.servicegroup.api.API.service_is_up', only_one)
        table = self.printed(self.commands.list)
        self.assertRegex(table, r' one .* (up|down) ')
        self.assertRegex(table, r' two .* unknown ')
        code, says = self.refused(self.commands.list, host='two')
        self.assertEqual(exits.Exit.UNREACHABLE, code)
        self.assertIn('it is out', says)

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

    def test_a_long_list_has_the_columns_of_nova_sg_manage(self):
        service = self.make('cell1', 'one')
        service.disabled, service.disabled_reason = True, 'disks\x1b[2J'
        service.save()
        row = self.cells_of(self.printed(self.commands.list, long=True), 'one')
        self.assertEqual(
            [*printing.COLUMNS, *details.COLUMNS], list(row.keys())
        )
        self.assertEqual(
            ['disks [2J', 'False', 'compute', str(service.version)],
            [row[name] for name in details.COLUMNS[4:8]],
        )
        self.assertNotIn('Topic', self.printed(self.commands.list))

    def test_services_are_followed(self):
        self.make('cell1', 'one')
        self.make('cell2', 'two')
        output = io.StringIO()

        def follow(services: Any, tell: Any, _stop: Any) -> None:
            self.assertEqual(1, output.getvalue().count('\n'))
            self.commands.disable('one', 'nova-compute', reason='disks')
            tell(services.next())

        self.stub_out('nova_sg.cmd.watch.follower.Follower.follow', follow)
        with contextlib.redirect_stdout(output):
            self.commands.watch(interval='0.5', json_lines=True)
        begun, change = map(json.loads, output.getvalue().splitlines())
        self.assertEqual(('watching', 2), (begun['event'], begun['services']))
        self.assertEqual(
            ('status', 'one', 'disabled', 'disks'),
            tuple(change[n] for n in ('event', 'host', 'to', 'reason')),
        )

    def test_what_is_followed_tells_why_it_is_down(self):
        self.make('cell1', 'one')
        seen = application.Application()
        self.assertEqual(
            {reasons.UP}, {e.reason for e in self.whys(seen).values()}
        )
        forced = objects.Service.get_by_args(
            self.in_cell('cell1'), 'one', 'nova-compute'
        )
        forced.forced_down = True
        forced.save()
        whys = self.whys(seen)
        self.assertEqual(reasons.FORCED, whys[forced.uuid].reason)

    def whys(
        self, seen: application.Application
    ) -> Mapping[str, reasons.Departure]:
        return seen.whys(seen.services(None, None))

    def test_a_cell_that_does_not_answer_changes_nothing_but_states(self):
        self.make('cell1', 'one')
        seen = application.Application()
        (before,) = seen.services(None, None)
        silent = objects.Service(host='one', binary='nova-compute')
        self.stub_out(
            'nova.compute.api.HostAPI.service_get_all',
            mock.Mock(return_value=[silent]),
        )
        self.assertEqual(
            [before._replace(state='unknown')],
            seen.services(None, None),
        )

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

    def test_what_a_host_has_is_described(self):
        service = self.make('cell2')
        self.make_compute_node('one', context=service._context)
        table = self.printed(self.commands.describe_resource, 'one')
        self.assertRegex(table, r'\(total\) +\| 4 +\| 512 +\| 6 ')
        self.assertRegex(table, r'\(used_now\) +\| 1 +\| 128 +\| 2 ')
        self.assertRegex(table, r'\(used_max\) +\| 0 +\| 0 +\| 0 ')

    def test_what_its_instances_may_use_is_described_by_project(self):
        context = self.make('cell2')._context
        self.make_compute_node('one', context=context)
        for project, vcpus in (('b', 1), ('a', 2), ('b', 3)):
            objects.Instance(
                context,
                host='one',
                project_id=project,
                vcpus=vcpus,
                memory_mb=64,
                root_gb=3,
                ephemeral_gb=1,
            ).create()
        table = self.printed(self.commands.describe_resource, 'one')
        rows = [
            [cell.strip() for cell in line.strip('|').split('|')][1:]
            for line in table.splitlines()
            if 'one' in line
        ]
        self.assertEqual(
            [
                ['(used_max)', '6', '192', '12'],
                ['a', '2', '64', '4'],
                ['b', '4', '128', '8'],
            ],
            rows[2:],
        )

    def test_a_host_without_a_compute_node_is_not_described(self):
        self.make('cell1')
        code, _ = self.refused(self.commands.describe_resource, 'one')
        self.assertEqual(exits.Exit.NOT_FOUND, code)

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
