# SPDX-License-Identifier: Apache-2.0


"""Every mistake of configuration and every fault of a SQLite backend.

One line on stderr, the documented exit code, nothing on stdout.
"""

import os

import fixtures

from nova_sg.servicegroup import marker
from nova_sg.tests.functional.cmd import base

LIST = ('service', 'list')


class TestConfiguration(base.CommandTestCase):
    with_api = False

    def assert_refused(self, says: str) -> None:
        self.assert_error(2, says, self.manage(*LIST))

    def test_a_bad_value_in_a_file_names_its_option(self):
        self.configure('[servicegroup]\nreport_interval = often\n')
        self.assert_refused(r'\[servicegroup\] report_interval: .*often')

    def test_files_and_directories_are_read_in_order(self):
        self.configure('[servicegroup]\ndriver = nonesuch\n')
        other = os.path.join(self.directory, 'other.conf')
        with open(other, 'w') as config_file:
            config_file.write('[servicegroup]\ndriver = db\n')
        self.done('--config-file', other, *LIST)
        directory = os.path.join(self.directory, 'conf.d')
        os.mkdir(directory)
        with open(os.path.join(directory, '01.conf'), 'w') as config_file:
            config_file.write('[servicegroup]\ndriver = nonesuch\n')
        self.assert_error(
            2,
            "'nonesuch' is not installed",
            self.manage('--config-dir', directory, *LIST),
        )

    def test_what_is_not_installed_is_named_with_what_is(self):
        for option, there in (('records', 'sql'), ('driver', 'db')):
            variable = f'OS_SERVICEGROUP__{option.upper()}'
            with fixtures.EnvironmentVariable(variable, 'nonesuch'):
                self.assert_refused(
                    rf"\[servicegroup\] {option}: 'nonesuch' is not "
                    f'installed; there are: .*{there}'
                )

    def test_files_that_cannot_be_read(self):
        for path, says in (
            ('/nonesuch.conf', '/nonesuch.conf'),
            ('/bad\udcff.conf', '/bad.*.conf'),
            (self.directory, self.directory),
        ):
            self.assert_error(
                2, says, self.manage('--config-file', path, *LIST)
            )
        self.assert_error(
            2,
            '/nonesuch.d',
            self.manage('--config-dir', '/nonesuch.d', *LIST),
        )
        self.configure('no section and no option\n')
        self.assert_refused(self.config_file)
        with open(self.config_file, 'wb') as binary:
            binary.write(bytes(range(256)))
        self.assert_refused('--config-file: ')

    def test_a_typo_in_the_environment_is_a_warning_in_one_line(self):
        self.option('SERVICEGROUP__DRVER', 'zk')
        result = self.manage(*LIST)
        self.assertEqual(0, result.code)
        self.assertRegex(
            result.err,
            r'\Anova-sg-manage: warning: [^\n]*OS_SERVICEGROUP__DRVER'
            r'[^\n]*\n\Z',
        )


class TestDebug(base.CommandTestCase):
    with_api = False

    def test_it_logs_more(self):
        for options in ([], ['--debug']):
            process = self.spawn(*options, *LIST)
            _out, err = process.communicate(timeout=base.PATIENCE)
            self.assertEqual(0, process.returncode, err)
            self.assertEqual(bool(options), ' DEBUG ' in err)

    def test_only_debug_shows_the_traceback_of_an_error(self):
        self.option('SERVICEGROUP__DRIVER', 'nonesuch')
        process = self.spawn('--debug', *LIST)
        out, err = process.communicate(timeout=base.PATIENCE)
        self.assertEqual((2, ''), (process.returncode, out))
        self.assertIn('Traceback', err)
        self.assertRegex(
            err.splitlines()[-1], "^nova-sg-manage: error: .*'nonesuch'"
        )


class TestDatabaseUrl(base.CommandTestCase):
    with_api = False

    def test_a_url_that_is_none(self):
        for url in (
            'gibberish',
            'nonesuch+driver://u:s3cret@host/name',
            'mysql+pymysql://u:s3cret@host:port/name',
            '',
        ):
            self.option('DATABASE__CONNECTION', url)
            for words in (LIST, ('db', 'sync'), ('db', 'version')):
                result = self.manage(*words)
                self.assert_error(2, r'\[database\] connection: ', result)
                self.assertNotIn('s3cret', result.err)

    def test_a_driver_of_sqlalchemy_that_is_not_installed(self):
        self.option('DATABASE__CONNECTION', 'oracle+oracledb://u:s3cret@h/n')
        result = self.manage(*LIST)
        self.assert_error(
            2, r'\[database\] connection: oracledb is not installed', result
        )
        self.assertNotIn('s3cret', result.err)


class TestSqlite(base.CommandTestCase):
    with_api = False

    def setUp(self) -> None:
        super().setUp()
        # The bound of retries.
        self.option('SERVICEGROUP__REPORT_INTERVAL', '1')

    def assert_unreachable(self, says: str) -> None:
        for words in (
            LIST,
            ('service', 'disable', 'c1', 'nova-compute'),
            ('db', 'sync'),
            ('db', 'version'),
            ('driver', 'check'),
        ):
            self.assert_error(5, says, self.manage(*words))

    def test_a_directory_that_is_not_there(self):
        self.option('DATABASE__CONNECTION', 'sqlite:////nonesuch/x.sqlite')
        self.assert_unreachable(
            'sqlite:////nonesuch/x.sqlite is unavailable: '
            'unable to open database file'
        )

    def test_a_file_that_is_no_database(self):
        path = os.path.join(self.directory, 'x.sqlite')
        with open(path, 'w') as text:
            text.write('This is a letter to my grandmother.\n' * 100)
        self.option('DATABASE__CONNECTION', f'sqlite:///{path}')
        self.assert_unreachable('file is not a database')


class TestDeployment(base.CommandTestCase):
    def test_a_backend_of_another_deployment_is_a_conflict(self):
        service = self.service()
        ours = marker.Marker('db', 'sql')
        theirs = marker.Marker('zk', 'zookeeper')
        store = self.api.driver.records.marker_store
        self.assertTrue(store.move(ours, theirs))
        for words in (
            LIST,
            ('service', 'show', service.uuid),
            ('service', 'enable', 'c1', 'nova-compute'),
            ('service', 'delete', service.uuid),
            ('driver', 'check'),
        ):
            self.assert_error(
                4,
                'in use with driver = zk, records = zookeeper .* configured '
                'with driver = db, records = sql',
                self.manage(*words),
            )
        self.assertTrue(store.move(theirs, ours))
        self.assertEqual('c1', self.reload(service).host)
