# SPDX-License-Identifier: Apache-2.0

"""What is made of ``[database] connection`` before anything connects."""

from oslotest import base
import sqlalchemy as sa

from nova_sg import exception
from nova_sg.db import engine
from nova_sg.db import patience
from nova_sg.tests.fixtures import api


class UrlTestCase(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.useFixture(api.Connections())

    def database(self, url, report_interval=10):
        conf = self.useFixture(
            api.Configuration(
                url,
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
        for url, use in (
            ('postgresql+psycopg://u:hush@h/d', 'postgresql+psycopg2://'),
            ('mysql://u:hush@h/d', 'mysql+pymysql://'),
        ):
            self.assertIn(f'use {use} and install', self.refused(url))

    def test_a_server_without_a_database_is_refused(self):
        for url in ('mysql+pymysql://u:hush@h', 'postgresql+psycopg2://h/'):
            self.assertIn('names no database', self.refused(url))

    def test_a_parameter_the_driver_does_not_have_is_named(self):
        database = self.database('mysql+pymysql://u:hush@h/d?tineout=3')
        error = self.assertRaises(
            exception.InvalidConfiguration, database.read, lambda c: None
        )
        self.assertTrue(str(error).startswith('[database] connection: '))
        self.assertIn("'tineout'", str(error))
        self.assertNotIn('hush', str(error))


class TestLimits(UrlTestCase):
    """No call may last longer than the report interval."""

    def query(self, url, report_interval):
        return self.database(url, report_interval).url.query

    def test_postgresql_gets_half_of_it_to_connect_and_to_answer(self):
        query = self.query('postgresql+psycopg2://h/d', 20)
        self.assertEqual('10', query['connect_timeout'])
        self.assertEqual('-c statement_timeout=10000', query['options'])

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

    def test_other_options_of_postgresql_have_the_limit_beside_them(self):
        query = self.query(
            'postgresql+psycopg2://h/d?options=-csearch_path%3Dx', 20
        )
        self.assertEqual(
            '-csearch_path=x -c statement_timeout=10000', query['options']
        )

    def test_a_limit_among_the_options_stands_in_either_spelling(self):
        for limit in ('-cstatement_timeout=3000', '--statement-timeout=3000'):
            query = self.query(
                'postgresql+psycopg2://h/d?options='
                + limit.replace('=', '%3D'),
                20,
            )
            self.assertEqual(limit, query['options'])

    def test_an_answer_is_waited_for_a_little_longer_than_the_limit(self):
        for limit, milliseconds in (
            ('3000', 3500),
            ('750ms', 1250),
            ('3s', 3500),
            ('2.5s', 3000),
            ('1min', 60_500),
            ('0', None),
            ('0s', None),
        ):
            self.assertEqual(
                milliseconds,
                patience.of(f"options='-c statement_timeout={limit}'"),
                limit,
            )

    def test_without_a_limit_an_answer_is_waited_for_as_ever(self):
        self.assertIsNone(patience.of('host=h dbname=d'))

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
