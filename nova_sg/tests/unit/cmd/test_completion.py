# SPDX-License-Identifier: Apache-2.0

"""What the last word of a command line may become."""

import argparse
import types

from oslotest import base

from nova_sg.cmd import completion


class TestCompletion(base.BaseTestCase):
    def setUp(self):
        super().setUp()
        self.options = argparse.ArgumentParser(add_help=False)
        self.options.add_argument('--config-file')
        self.options.add_argument('--debug', action='store_true')
        self.command = argparse.ArgumentParser(add_help=False)
        self.command.add_argument('host', metavar='HOST')
        self.command.add_argument('zone', metavar='ZONE')
        self.command.add_argument('--state', choices=('up', 'down'))
        self.command.add_argument('--long', action='store_true')
        self.command.add_argument('--hidden', help=argparse.SUPPRESS)
        self.services = [
            types.SimpleNamespace(host=host, availability_zone='az1')
            for host in ('c1', 'c2', 'a host', 'c\x1b')
        ]
        self.asked = 0

    def read(self):
        self.asked += 1
        return self.services

    def candidates(self, *words):
        return completion.Completion(
            self.options,
            ['service list', 'service show', 'db sync', 'help'],
            {'service list': self.command}.__getitem__,
            self.read,
        ).candidates(words)

    def test_the_words_of_commands(self):
        for expected, *words in (
            (['db', 'help', 'service'], ''),
            (['service'], 's'),
            (['list', 'show'], 'service', ''),
            (['list', 'show'], 'help', 'service', ''),
            (['sync'], '--debug', '--config-file', 'x', 'db', ''),
            ([], 'nonesuch', ''),
            (['--config-file', '--debug'], '--'),
        ):
            self.assertEqual(expected, self.candidates(*words), words)
        self.assertEqual(0, self.asked)

    def test_the_options_of_a_command_and_their_values(self):
        for expected, *words in (
            (['--long', '--state'], '-'),
            (['--long'], 'c1', '--l'),
            (['down', 'up'], '--state', ''),
            (['down'], 'c1', '--long', '--state', 'd'),
        ):
            line = ('service', 'list', *words)
            self.assertEqual(expected, self.candidates(*line), words)
        self.assertEqual(0, self.asked)

    def test_a_value_after_an_equals_sign(self):
        for expected, *words in (
            # As zsh and fish tell it.
            (['--state=down', '--state=up'], '--state='),
            (['--state=down'], '--state=d'),
            (['c1', 'c2'], '--state=up', ''),
            # bash takes the sign for a word.
            (['down', 'up'], '--state', '='),
            (['down'], '--state', '=', 'd'),
            (['c1', 'c2'], '--state', '=', 'up', ''),
        ):
            line = ('service', 'list', *words)
            self.assertEqual(expected, self.candidates(*line), words)

    def test_a_quote_that_is_open(self):
        for quote in '\'"':
            line = ('service', 'list', f'{quote}c')
            self.assertEqual(['c1', 'c2'], self.candidates(*line))

    def test_positionals_in_turn(self):
        for expected, *words in (
            (['c1', 'c2'], ''),
            (['az1'], 'c1', ''),
            (['az1'], '--state', 'up', 'c1', '--long', 'az'),
            ([], 'c1', 'az1', ''),
        ):
            line = ('service', 'list', *words)
            self.assertEqual(expected, self.candidates(*line), words)

    def test_the_value_of_an_option_before_the_command_is_a_file(self):
        self.assertEqual([], self.candidates('--config-file', ''))

    def test_nothing_is_said_of_a_backend_that_fails(self):
        self.services = None
        self.assertEqual([], self.candidates('service', 'list', ''))
        self.assertEqual(1, self.asked)
