# SPDX-License-Identifier: Apache-2.0

"""What the service commands of nova-manage show."""

from collections.abc import Mapping
import contextlib
import io
import json
from typing import Any
from unittest import mock

from nova import objects
from nova.servicegroup import api as servicegroup_api
import testscenarios

from nova_sg import exits
from nova_sg.cmd.commands import details
from nova_sg.nova_tree import application
from nova_sg.nova_tree import printing
from nova_sg.nova_tree import shown
from nova_sg.servicegroup import reasons
from nova_sg.tests.nova_tree import base
from nova_sg.tests.nova_tree import manage

load_tests = testscenarios.load_tests_apply_scenarios


class TestShown(manage.TestCase):
    scenarios = base.DRIVERS

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

    def test_a_long_list_has_the_columns_of_nova_sg_manage(self):
        service = self.make('cell1', 'one')
        service.disabled, service.disabled_reason = True, 'disks\x1b[2J'
        service.save()
        table = self.printed(self.commands.list, long=True)
        titles, *rows = self.rows_of(table)
        (cells,) = (each for each in rows if each[1] == 'one')
        row = dict(zip(titles, cells, strict=True))
        self.assertEqual([*printing.COLUMNS, *details.COLUMNS], titles)
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

    def test_what_a_silent_cell_does_not_list_is_not_gone(self):
        self.make('cell1', 'one')
        self.make_service(
            'one', 'nova-conductor', 'conductor', self.in_cell('cell1')
        )
        seen = application.Application()
        before = seen.services(None, None)
        listing = mock.Mock(
            return_value=[objects.Service(host='one', binary='nova-compute')]
        )
        self.stub_out('nova.compute.api.HostAPI.service_get_all', listing)
        expected = {each._replace(state='unknown') for each in before}
        self.assertEqual(2, len(expected))
        self.assertEqual(expected, set(seen.services(None, None)))
        # No compute of that cell is mapped.
        listing.return_value = []
        self.stub_out(
            'nova.objects.Service.get_by_host_and_binary',
            mock.Mock(side_effect=base.OUT),
        )
        self.assertEqual(expected, set(seen.services(None, None)))

    def test_what_was_destroyed_is_gone(self):
        self.make('cell1', 'one')
        self.make('cell2', 'two')
        seen = application.Application()
        self.assertEqual(2, len(seen.services(None, None)))
        objects.Service.get_by_args(
            self.in_cell('cell1'), 'one', 'nova-compute'
        ).destroy()
        (left,) = seen.services(None, None)
        self.assertEqual('two', left.host)

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
        rows = [each[1:] for each in self.rows_of(table) if each[0] == 'one']
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
