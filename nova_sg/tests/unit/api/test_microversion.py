# SPDX-License-Identifier: Apache-2.0

"""Which version a request asks for, and what depends on it."""

import pathlib
import re

from oslotest import base
import testscenarios

import nova_sg
from nova_sg import exception
from nova_sg.api import handler
from nova_sg.api import microversion

load_tests = testscenarios.load_tests_apply_scenarios

parse = microversion.parse


class TestVersions(base.BaseTestCase):
    def test_the_range_is_that_of_nova_34(self):
        self.assertEqual(('2.1', '2.104'), _texts(microversion))

    def test_they_are_compared_as_numbers(self):
        self.assertLess(parse('2.9'), parse('2.10'))

    def test_the_history_tells_of_each_that_changes_something(self):
        source = pathlib.Path(nova_sg.__file__).parents[1] / 'doc' / 'source'
        history = (source / 'admin' / 'microversions.rst').read_text()
        told = re.findall(r'^(2\.\d+)$', history, re.MULTILINE)
        self.assertEqual(list(microversion.CHANGES), told)


class TestVersioned(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.values = microversion.Versioned(
            {'2.11': 'b', '2.1': 'a', '2.53': 'c'}
        )

    def test_a_value_is_for_its_version_and_later_ones(self):
        for version, value in (
            ('2.1', 'a'),
            ('2.10', 'a'),
            ('2.11', 'b'),
            ('2.52', 'b'),
            ('2.53', 'c'),
            ('2.104', 'c'),
        ):
            self.assertEqual(value, self.values.at(parse(version)), version)

    def test_there_is_none_before_the_first(self):
        later = microversion.Versioned({'2.53': 'c'})
        self.assertIsNone(later.at(parse('2.52')))
        self.assertRaises(LookupError, later.get, parse('2.52'))

    def test_a_range_has_the_values_of_its_versions(self):
        for first, last, values in (
            ('2.1', '2.104', ['a', 'b', 'c']),
            ('2.1', '2.10', ['a']),
            ('2.12', '2.52', ['b']),
            ('2.53', '2.104', ['c']),
            ('2.11', '2.53', ['b', 'c']),
        ):
            self.assertEqual(
                values, self.values.within(parse(first), parse(last))
            )


class TestNegotiation(base.BaseTestCase):
    scenarios = [
        (
            str(headers),
            {'headers': headers, 'version': version},
        )
        for headers, version in (
            ({}, '2.1'),
            ({'OpenStack-API-Version': 'compute 2.53'}, '2.53'),
            ({'OpenStack-API-Version': 'compute latest'}, '2.104'),
            ({'OpenStack-API-Version': 'placement 1.2'}, '2.1'),
            (
                {'OpenStack-API-Version': 'placement 1.2, compute 2.88'},
                '2.88',
            ),
            ({'X-OpenStack-Nova-API-Version': '2.11'}, '2.11'),
            ({'X-OpenStack-Nova-API-Version': 'latest'}, '2.104'),
            (
                {
                    'X-OpenStack-Nova-API-Version': '2.11',
                    'OpenStack-API-Version': 'compute 2.12',
                },
                '2.12',
            ),
        )
    ]

    def test_a_header_names_it(self):
        self.assertEqual(
            self.version, str(microversion.negotiate(self.headers))
        )


class TestNonsense(base.BaseTestCase):
    def test_it_is_refused(self):
        for text in ('', '2', '02.1', '2.01', '2.1 ', '٢.١', '1' * 5000):
            self.assertRaises(exception.InvalidAPIVersionString, parse, text)


class TestRoutes(base.BaseTestCase):
    def test_each_version_has_one_operation_of_a_method_at_most(self):
        for path, methods in handler.ROUTES.items():
            for method, operations in methods.items():
                for minor in range(1, 105):
                    version = parse(f'2.{minor}')
                    serving = [
                        each for each in operations if each.serves(version)
                    ]
                    self.assertLessEqual(len(serving), 1, (path, method))

    def test_each_operation_says_what_it_does(self):
        for methods in handler.ROUTES.values():
            for operations in methods.values():
                for each in operations:
                    self.assertTrue(each.summary.endswith('.'), each)


def _texts(module):
    return str(module.MIN), str(module.MAX)
