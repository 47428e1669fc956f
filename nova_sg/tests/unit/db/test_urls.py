# SPDX-License-Identifier: Apache-2.0

"""What is made of ``[database] connection`` before anything connects."""

import types
from unittest import mock

import fixtures
from oslotest import base
import sqlalchemy as sa

from nova_sg import exception
from nova_sg.db import engine
from nova_sg.db import patience
from nova_sg.db import refusals
from nova_sg.db import url as db_url
from nova_sg.tests.fixtures import api


class MySQLdb(types.ModuleType):
    """Stands for the module, which has to be compiled."""

    paramstyle = 'format'
    version_info = (2, 2, 0, 'final', 0)

    def __init__(self) -> None:
        super().__init__('MySQLdb')


class _Module(fixtures.Fixture):
    """Has the module of mysqlclient be this one, or not be installed.

    It changes the dictionary of modules: an import does not look at another
    one in its place.

    :param found: the module; None where it is not installed
    """

    def __init__(self, found: types.ModuleType | None) -> None:
        super().__init__()
        self._patch = mock.patch.dict('sys.modules', {'MySQLdb': found})

    def _setUp(self) -> None:
        self._patch.start()
        self.addCleanup(self._patch.stop)


class UrlTestCase(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.useFixture(api.Connections())

    def database(self, url, report_interval=10, **options):
        conf = self.useFixture(
            api.Configuration(
                url,
                database=options,
                servicegroup={
                    'report_interval': report_interval,
                    'service_down_time': 6 * report_interval,
                },
            )
        ).conf
        return engine.get(conf)


class TestMistakes(UrlTestCase):
    def refused(self, url):
        error = self.assertRaises(
            exception.InvalidConfiguration, self.database, url
        )
        self.assertTrue(str(error).startswith('[database] connection: '))
        self.assertNotIn('hush', str(error))
        return str(error)

    def test_what_is_no_url_is_refused_without_showing_it(self):
        for url in ('', 'hush', 'mysql+pymysql://u:hush@h:port/d'):
            self.assertIn('no database URL', self.refused(url))

    def test_a_database_nobody_knows_is_refused(self):
        for url in ('oracel://u:hush@h/d', 'mysql+oracel://u:hush@h/d'):
            self.assertIn('no database URL', self.refused(url))

    def test_a_driver_that_is_not_installed_is_named(self):
        self.assertEqual(
            '[database] connection: asyncmy is not installed',
            self.refused('mysql+asyncmy://u:hush@h/d'),
        )

    def test_a_url_without_a_driver_is_told_the_one_to_use(self):
        # It may be installed.
        self.useFixture(_Module(None))
        for url, use in (
            ('postgresql+psycopg://u:hush@h/d', 'postgresql+psycopg2://'),
            ('mysql://u:hush@h/d', 'mysql+pymysql://'),
        ):
            self.assertIn(f'use {use} and install', self.refused(url))

    def test_mysqlclient_is_refused_under_eventlet(self):
        self.useFixture(_Module(MySQLdb()))
        self.database('mysql+mysqldb://u:hush@h/d')
        self.useFixture(
            fixtures.MonkeyPatch(
                'nova_sg.concurrency.under_eventlet', lambda: True
            )
        )
        self.assertIn(
            'use mysql+pymysql://', self.refused('mysql+mysqldb://u:hush@h/e')
        )

    def test_a_server_without_a_database_is_refused(self):
        for url in ('mysql+pymysql://u:hush@h', 'postgresql+psycopg2://h/'):
            self.assertIn('names no database', self.refused(url))

    def test_a_parameter_that_the_driver_refuses_is_named(self):
        for start, parameters in (
            (
                'mysql+pymysql://u:hush@h/d',
                {
                    'tineout': '3',
                    'ssl': 'true',
                    'ssl_ca': '/nonexistent/ca.pem',
                    'ssl_cert': __file__,
                    'charset': 'bogus',
                    'connect_timeout': 'abc',
                    'read_timeout': '-1',
                    'read_default_file': '/nonexistent/my.cnf',
                },
            ),
            (
                'postgresql+psycopg2://u:hush@h/d',
                {'tineout': '3', 'ssl': 'true', 'connect_timeout': 'abc'},
            ),
            ('sqlite:////x', {'timeout': 'abc', 'tineout': '3'}),
        ):
            for name, value in parameters.items():
                says = self.refused(f'{start}?{name}={value}')
                self.assertIn(f'its parameter {name}', says)
                self.assertNotIn('\n', says)

    def test_a_password_in_a_parameter_is_not_shown_either(self):
        for url in (
            'postgresql+psycopg2://u@h/d?password=hush&connect_timeout=hush',
            'mysql+pymysql://u:hush@h/d?read_timeout=hush',
        ):
            self.assertIn('***', self.refused(url))

    def test_a_short_password_leaves_the_words_of_a_message(self):
        url = sa.make_url('mysql+pymysql://u:a@h/d?passwd=an')
        for said, shown in (
            ("Access denied to a user 'a'", "Access denied to a user '***'"),
            ('invalid value "a" for an option', 'invalid value "***" for an'),
            ('no host in u:a@h, passwd=an', 'no host in u:***@h, passwd=***'),
            ("another 'ant', a=b", "another 'ant', a=b"),
        ):
            error = refusals.of_url(ValueError(said), url)
            self.assertIn(f'the driver refuses it: {shown}', str(error))

    def test_a_password_that_the_driver_cannot_send_is_refused(self):
        self.refused('mysql+pymysql://u:%D0%BF-hush@h/d')

    def test_a_port_that_is_none_is_refused(self):
        for port in ('0', '65536', '99999'):
            self.assertIn(
                f'{port} is no port',
                self.refused(f'mysql+pymysql://u:hush@h:{port}/d'),
            )

    def test_parameters_of_their_own_option_are_refused_by_its_name(self):
        error = self.assertRaises(
            exception.InvalidConfiguration,
            self.database,
            'mysql+pymysql://u:hush@h/d?charset=utf8mb4',
            connection_parameters='tineout=3&ssl_ca=/nonexistent',
        )
        self.assertIn('[database] connection_parameters: ', str(error))


class TestLimits(UrlTestCase):
    """No call may last longer than the report interval."""

    def query(self, url, report_interval):
        return self.database(url, report_interval).url.query

    def test_postgresql_gets_half_of_it_to_connect_and_to_answer(self):
        query = self.query('postgresql+psycopg2://h/d', 20)
        self.assertEqual('10', query['connect_timeout'])
        self.assertEqual('10000', query[patience.LIMIT])
        # PgBouncer refuses it.
        self.assertNotIn('options', query)

    def test_mysql_gets_half_of_it_to_connect_read_and_write(self):
        query = self.query('mysql+pymysql://h/d', 20)
        self.assertEqual(
            ['10'] * 3,
            [
                query[f'{what}_timeout']
                for what in ('connect', 'read', 'write')
            ],
        )

    def test_a_server_always_has_two_seconds(self):
        query = self.query('mysql+pymysql://h/d', 1)
        self.assertEqual('2', query['read_timeout'])

    def test_what_the_url_says_itself_stands(self):
        query = self.query(
            'postgresql+psycopg2://h/d?connect_timeout=3&sslmode=require', 20
        )
        self.assertEqual('3', query['connect_timeout'])
        self.assertEqual('require', query['sslmode'])

    def test_a_limit_among_the_options_stands_in_either_spelling(self):
        for options, milliseconds in (
            ('-cstatement_timeout=3000', 3000),
            ('--statement-timeout=3000', 3000),
            ('-c statement_timeout=750ms', 750),
            ('-c statement_timeout=3s', 3000),
            ('-c statement_timeout=2.5s', 2500),
            ('-c statement_timeout=1min', 60_000),
            ('-c statement_timeout=0', 0),
            ('-c search_path=x', None),
            ('', None),
        ):
            self.assertEqual(milliseconds, patience.told_in(options), options)

    def test_any_character_goes_over_the_wire_to_mysql(self):
        query = self.query('mysql+pymysql://h/d', 20)
        self.assertEqual('utf8mb4', query['charset'])


class TestNames(UrlTestCase):
    def test_the_name_in_messages_has_no_password_and_no_parameters(self):
        database = self.database(
            'postgresql+psycopg2://u:hush@db.example:5433/nova?sslmode=require'
        )
        self.assertEqual(
            'postgresql+psycopg2://u:***@db.example:5433/nova', database.name
        )

    def test_the_connection_itself_has_the_password(self):
        database = self.database('postgresql+psycopg2://u:hush@h/d')
        self.assertEqual('hush', database.url.password)
        self.assertIsInstance(database.url, sa.URL)

    def test_a_process_has_one_connection_for_one_url(self):
        first = self.database('sqlite:////nowhere/a')
        self.assertIs(first, self.database('sqlite:////nowhere/a'))
        self.assertIsNot(first, self.database('sqlite:////nowhere/b'))


class TestOptions(UrlTestCase):
    """What of [database] an operator may say, and what not."""

    def options(self, url, **options):
        database = self.database(url, **options)
        return db_url._options(database.url, database._conf)

    def test_a_database_that_is_away_is_never_waited_for_by_oslo(self):
        # kolla writes -1, which means for ever.
        for tries in (-1, 10):
            options = self.options(
                f'mysql+pymysql://h/d{tries}', max_retries=tries
            )
            self.assertEqual(0, options['max_retries'])

    def test_a_connection_of_the_pool_is_waited_for_within_the_bound(self):
        for said, seconds in ((None, 10), (3, 3), (600, 10)):
            options = self.options(
                f'mysql+pymysql://h/d{seconds}{said}', pool_timeout=said
            )
            self.assertEqual(seconds, options['pool_timeout'])

    def test_no_replica_is_read(self):
        options = self.options(
            'mysql+pymysql://h/d', slave_connection='mysql+pymysql://r/d'
        )
        self.assertIsNone(options['slave_connection'])

    def test_the_pool_and_the_recycling_are_the_operators(self):
        said = {
            'connection_recycle_time': 10,
            'max_pool_size': 50,
            'max_overflow': 1000,
            'mysql_sql_mode': 'ANSI',
        }
        options = self.options('mysql+pymysql://h/d', **said)
        self.assertEqual(said, {name: options[name] for name in said})

    def test_parameters_of_their_own_option_win_over_our_limits(self):
        query = self.database(
            'mysql+pymysql://h/d', connection_parameters='read_timeout=3'
        ).url.query
        self.assertEqual(
            ('3', '5'), (query['read_timeout'], query['write_timeout'])
        )
