# SPDX-License-Identifier: Apache-2.0

"""Where the value of an option comes from, and what is wrong with it."""

import os

import fixtures
from oslotest import base

from nova_sg import conf
from nova_sg import exception
from nova_sg.conf import servicegroup
from nova_sg.conf import values
from nova_sg.tests.fixtures import api

#: The names that scripts and documentation rely on, and their defaults.
DEFAULTS = {
    'servicegroup': {
        'beats': 'nova',
        'driver': 'db',
        'records': None,
        'report_interval': 10,
        'service_down_time': 60,
        'use_conductor': False,
        'cell': '00000000-0000-0000-0000-000000000000',
    },
    'inventory': {'backend': None},
}


class ConfTestCase(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.environ = self.useFixture(api.Environment())
        self.directory = self.useFixture(fixtures.TempDir()).path

    def environment(self, **variables):
        for name, value in variables.items():
            self.useFixture(fixtures.EnvironmentVariable(name, value))

    def file(self, text, name='nova-sg.conf'):
        path = os.path.join(self.directory, name)
        with open(path, 'w') as file:
            file.write(text)
        return path

    def refused(self, *files):
        """Return what is said about a configuration that cannot be used."""
        error = self.assertRaises(
            exception.InvalidConfiguration, conf.load, files
        )
        self.assertNotIn('\n', str(error))
        return str(error)


class TestDefaults(ConfTestCase):
    def test_every_option_has_the_default_that_is_promised(self):
        loaded = conf.load([])
        for group, options in DEFAULTS.items():
            self.assertEqual(options, dict(loaded[group].items()))

    def test_the_database_is_a_file_in_the_state_directory(self):
        self.environment(OS_DEFAULT__STATE_PATH='/srv/state')
        self.assertEqual(
            'sqlite:////srv/state/nova-sg.sqlite',
            conf.load([]).database.connection,
        )

    def test_a_database_that_is_away_is_not_waited_for_by_oslo(self):
        self.assertEqual(0, conf.load([]).database.max_retries)

    def test_the_state_directory_is_the_users(self):
        self.environment(XDG_STATE_HOME='/home/x/state')
        self.assertEqual(
            '/home/x/state/nova-sg', conf.paths.default_state_path()
        )

    def test_without_a_state_home_it_is_where_xdg_says(self):
        for state_home in ('', 'not/absolute'):
            self.environment(XDG_STATE_HOME=state_home, HOME='/home/x')
            self.assertEqual(
                '/home/x/.local/state/nova-sg',
                conf.paths.default_state_path(),
            )

    def test_novas_own_options_bear_novas_names(self):
        loaded = conf.load([])
        self.assertEqual(
            ('nova', 'internal', True),
            (
                loaded.default_availability_zone,
                loaded.internal_service_availability_zone,
                loaded.enable_new_services,
            ),
        )

    def test_cell0_is_novas(self):
        self.assertEqual(36, len(servicegroup.CELL0_UUID))
        self.assertEqual({'0', '-'}, set(servicegroup.CELL0_UUID))


class TestOrder(ConfTestCase):
    def test_a_file_wins_over_the_default(self):
        path = self.file('[servicegroup]\nreport_interval = 5\n')
        self.assertEqual(5, conf.load([path]).servicegroup.report_interval)

    def test_the_environment_wins_over_a_file(self):
        path = self.file('[servicegroup]\nreport_interval = 5\n')
        self.environment(OS_SERVICEGROUP__REPORT_INTERVAL='7')
        self.assertEqual(7, conf.load([path]).servicegroup.report_interval)

    def test_a_later_file_wins_over_an_earlier_one(self):
        first = self.file('[servicegroup]\nreport_interval = 5\n', 'a.conf')
        second = self.file('[servicegroup]\nreport_interval = 6\n', 'b.conf')
        loaded = conf.load([first, second])
        self.assertEqual(6, loaded.servicegroup.report_interval)

    def test_files_of_a_directory_are_read(self):
        self.file('[servicegroup]\nreport_interval = 8\n', '10.conf')
        loaded = conf.load([], [self.directory])
        self.assertEqual(8, loaded.servicegroup.report_interval)

    def test_debug_wins_over_a_file(self):
        path = self.file('[DEFAULT]\ndebug = false\n')
        self.assertFalse(conf.load([path]).debug)
        self.assertTrue(conf.load([path], debug=True).debug)

    def test_two_configurations_share_nothing(self):
        one = conf.load([])
        one.set_override('driver', 'other', group='servicegroup')
        self.assertEqual('db', conf.load([]).servicegroup.driver)


class TestBadValues(ConfTestCase):
    def test_option_and_reason_are_named(self):
        for group, name, value, reason in (
            ('servicegroup', 'report_interval', 'often', "'often'"),
            ('servicegroup', 'report_interval', '0', 'than or equal to 1'),
            ('servicegroup', 'use_conductor', 'perhaps', "'perhaps'"),
            ('inventory', 'backend', 'paper', 'paper'),
            ('database', 'max_pool_size', 'big', "'big'"),
            ('DEFAULT', 'enable_new_services', '?', "'?'"),
        ):
            path = self.file(f'[{group}]\n{name} = {value}\n')
            variable = f'OS_{group}__{name}'.upper()
            with fixtures.EnvironmentVariable(variable, value):
                told = self.refused()
            for said in (self.refused(path), told):
                self.assertTrue(said.startswith(f'[{group}] {name}: '), said)
                self.assertIn(reason, said)


class TestDownTime(ConfTestCase):
    def test_it_must_be_more_than_the_report_interval(self):
        self.environment(
            OS_SERVICEGROUP__REPORT_INTERVAL='10',
            OS_SERVICEGROUP__SERVICE_DOWN_TIME='10',
        )
        self.assertEqual(
            '[servicegroup] service_down_time: 10 s must be more than '
            '[servicegroup] report_interval, 10 s',
            self.refused(),
        )
        self.environment(OS_SERVICEGROUP__SERVICE_DOWN_TIME='11')
        self.assertEqual(11, conf.load([]).servicegroup.service_down_time)


class TestFiles(ConfTestCase):
    def test_one_that_is_not_there_is_named(self):
        said = self.refused('/nowhere/nova-sg.conf')
        self.assertTrue(said.startswith('--config-file: '), said)
        self.assertIn('/nowhere/nova-sg.conf', said)

    def test_one_that_is_no_configuration_is_named(self):
        path = self.file('report_interval 5\n')
        self.assertIn(path, self.refused(path))

    def test_a_directory_that_is_not_there_is_named(self):
        error = self.assertRaises(
            exception.InvalidConfiguration, conf.load, [], ['/nowhere/conf.d']
        )
        self.assertTrue(str(error).startswith('--config-dir: '), error)
        self.assertIn('/nowhere/conf.d', str(error))


class TestUnknownEnvironment(ConfTestCase):
    def unknown(self, **variables):
        self.environment(**variables)
        return values.unknown_environment(conf.load([]))

    def test_an_unknown_option_of_our_groups_is_reported(self):
        self.assertEqual(
            [
                'OS_CONDUCTOR__WORKER',
                'OS_DATABASE__CONECTION',
                'OS_INVENTORY__BACKED',
                'OS_NOTIFICATIONS__FORMAT',
                'OS_SERVICEGROUP__DRVER',
                'OS_ZOOKEEPER__HOST',
            ],
            self.unknown(
                OS_DATABASE__CONECTION='sqlite://',
                OS_SERVICEGROUP__DRVER='db',
                OS_INVENTORY__BACKED='sql',
                OS_CONDUCTOR__WORKER='2',
                OS_NOTIFICATIONS__FORMAT='both',
                OS_SERVICEGROUP__DRIVER='db',
                OS_ZOOKEEPER__HOST='a:1',
            ),
        )

    def test_what_may_be_somebody_elses_is_not(self):
        self.assertEqual(
            [],
            self.unknown(
                OS_USERNAME='me',
                OS_COMPUTE__X='1',
                SERVICEGROUP__DRVER='1',
            ),
        )
