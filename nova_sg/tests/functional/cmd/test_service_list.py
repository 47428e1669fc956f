# SPDX-License-Identifier: Apache-2.0

"""``nova-sg-manage service list``."""

import re

from nova_sg.tests.fixtures import rows
from nova_sg.tests.fixtures import statements
from nova_sg.tests.functional.cmd import base

COLUMNS = ['ID', 'Binary', 'Host', 'Zone', 'Status', 'State', 'Updated At']
LONG_COLUMNS = COLUMNS + [
    *('Reason', 'Since', 'Last Seen', 'Seen By'),
    *('Disabled Reason', 'Forced Down', 'Topic', 'Version'),
    *('PID', 'Started At', 'TTL'),
    *('Known Since', 'Doubted Since', 'Doubted Until', 'Doubt'),
]


class TestServiceList(base.CommandTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.compute = self.service('c1')
        self.scheduler = self.service('ctl', 'nova-scheduler', 'scheduler')
        self.other = self.service('c2')

    def rows(self, *words: str) -> list[dict[str, object]]:
        return self.done('service', 'list', '-f', 'json', *words).json

    def hosts(self, *words: str) -> list[object]:
        return [each['Host'] for each in self.rows(*words)]

    def test_it_has_the_columns_of_the_openstack_client(self):
        listed = self.rows()
        self.assertEqual(COLUMNS, list(listed[0]))
        self.assertEqual(
            {
                'ID': self.compute.uuid,
                'Binary': 'nova-compute',
                'Host': 'c1',
                'Zone': 'nova',
                'Status': 'enabled',
                'State': 'up',
                'Updated At': None,
            },
            listed[0],
        )
        self.assertEqual('internal', listed[1]['Zone'])
        # By id.
        self.assertEqual(['c1', 'ctl', 'c2'], [e['Host'] for e in listed])

    def test_sorting(self):
        for option in ('--sort', '--sort-column'):
            self.assertEqual(
                ['c1', 'c2', 'ctl'], self.hosts(option, 'Host'), option
            )
        self.compute.forced_down = True
        self.compute.save()
        self.assertEqual('c1', self.hosts('--sort', 'state')[0])
        self.assert_error(
            2,
            "'Nonesuch' is no column to sort by; there are: ID, Binary, ",
            self.manage('service', 'list', '--sort', 'Nonesuch'),
        )

    def test_updated_at_is_the_beat_where_that_is_newer(self):
        self.assertIsNone(self.rows()[0]['Updated At'])
        self.compute.report_state()
        beaten = self.rows()[0]['Updated At']
        self.assertRegex(beaten, r'^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$')

    def test_long_adds_what_the_operator_decided(self):
        self.done(
            *('service', 'disable', '--reason', 'broken fan'),
            *('c1', 'nova-compute'),
        )
        self.done('service', 'force-down', 'c2', 'nova-compute')
        listed = self.rows('--long')
        self.assertEqual(LONG_COLUMNS, list(listed[0]))
        self.assertEqual('broken fan', listed[0]['Disabled Reason'])
        self.assertEqual(
            [False, False, True], [each['Forced Down'] for each in listed]
        )
        self.assertEqual('scheduler', listed[1]['Topic'])
        self.assertEqual(self.compute.version, listed[0]['Version'])
        # This driver knows no processes.
        self.assertEqual(
            [[], [], []],
            [listed[0][name] for name in ('PID', 'Started At', 'TTL')],
        )

    def test_long_tells_why_a_service_is_down(self):
        record = self.api.get_by_uuid(self.context, self.compute.uuid)
        self.api.join_many(self.context, [record])
        self.assertEqual([], self.hosts('--state', 'down'))
        self.api.leave_all(self.context)
        self.assertEqual(['c1'], self.hosts('--state', 'down'))
        self.done('service', 'force-down', 'c2', 'nova-compute')
        listed = self.rows('--long')
        self.assertEqual(
            ['stopped', 'up', 'forced'], [each['Reason'] for each in listed]
        )
        left = listed[0]
        self.assertRegex(left['Since'], r'^20\d\d-\d\d-\d\dT\d\d:')
        self.assertEqual(left['Since'], left['Last Seen'])
        self.assertRegex(left['Seen By'], r':\d+$')
        shown = self.done(
            *('service', 'show', '-f', 'json', self.compute.uuid)
        ).json
        self.assertEqual(
            [left['Reason'], left['Since'], left['Last Seen']],
            [shown[name] for name in ('reason', 'since', 'last_seen')],
        )

    def test_filters(self):
        self.service('c1', 'nova-metadata', None)
        self.done('service', 'disable', 'c2', 'nova-compute')
        self.assertEqual(['c1', 'c1'], self.hosts('--host', 'c1'))
        self.assertEqual(['c1', 'c2'], self.hosts('--binary', 'nova-compute'))
        self.assertEqual(['c1', 'c2'], self.hosts('--service', 'nova-compute'))
        self.assertEqual(
            ['c2'], self.hosts('--host', 'c2', '--binary', 'nova-compute')
        )
        self.assertEqual([], self.hosts('--host', 'c9'))
        self.assertEqual(
            [], self.hosts('--host', 'ctl', '--binary', 'nova-compute')
        )

    def test_the_backend_filters_by_host_and_binary(self):
        for words, column in (
            (('--host', 'c1'), 'host'),
            (('--binary', 'nova-compute'), 'binary'),
        ):
            with statements.StatementCounter() as counted:
                self.rows(*words)
            reads = [each for each in counted.statements if 'services' in each]
            self.assertTrue(reads)
            for each in reads:
                self.assertRegex(each, rf'services\.{column} = ')

    def test_filter_by_zone(self):
        self.done('host', 'set-zone', 'c2', 'az2')
        self.assertEqual(['c2'], self.hosts('--zone', 'az2'))
        self.assertEqual(['c1'], self.hosts('--zone', 'nova'))
        self.assertEqual(['ctl'], self.hosts('--zone', 'internal'))
        self.assertEqual([], self.hosts('--zone', 'az'))

    def test_filter_by_state(self):
        self.done('service', 'force-down', 'c1', 'nova-compute')
        self.assertEqual(['ctl', 'c2'], self.hosts('--state', 'up'))
        self.assertEqual(['c1'], self.hosts('--state', 'down'))
        self.assertEqual(
            [], self.hosts('--state', 'down', '--binary', 'nova-scheduler')
        )

    def test_cliffs_own_options_work(self):
        listed = self.done(
            *('service', 'list', '-f', 'value', '-c', 'Host', '-c', 'State'),
            *('--sort-column', 'Host'),
        )
        self.assertEqual('c1 up\nc2 up\nctl up\n', listed.out)
        table = self.done('service', 'list').out
        self.assertRegex(table, r'\| ID +\| Binary +\| Host \|')

    def test_an_empty_list_is_a_success(self):
        for each in (self.compute, self.scheduler, self.other):
            each.destroy()
        self.assertEqual([], self.rows())
        self.assertEqual('\n', self.done('service', 'list').out)

    def test_a_thousand_services_cost_no_more_statements_than_three(self):
        self._insert(997)
        for words in ((), ('--binary', 'nova-compute'), ('--long',)):
            with statements.StatementCounter() as counted:
                self.assertEqual(
                    999 if '--binary' in words else 1000,
                    len(self.rows(*words)),
                )
            # Besides: each command reads the schema's revision, which takes
            # two, and the marker.
            mine = [
                each
                for each in counted.statements
                if re.search(r'FROM (services|nova_sg_aggregate)', each)
            ]
            self.assertLessEqual(len(mine), 3, counted)

    def _insert(self, count: int) -> None:
        rows.insert_computes(
            self.process.conf,
            [f'bulk{number}' for number in range(count)],
            created_at=self.compute.created_at,
        )
