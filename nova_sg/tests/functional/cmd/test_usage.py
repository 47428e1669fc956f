# SPDX-License-Identifier: Apache-2.0


"""What commands say of themselves, and of words they do not know."""

import importlib.metadata

from nova_sg.cmd import common
from nova_sg.tests.functional.cmd import base

COMMANDS = (
    'db sync',
    'db version',
    'driver check',
    'host set-zone',
    'service delete',
    'service describe-resource',
    'service disable',
    'service enable',
    'service force-down',
    'service history',
    'service list',
    'service show',
    'service watch',
)


class TestManage(base.CommandTestCase):
    with_api = False

    def test_without_arguments_it_shows_its_help_as_bad_usage(self):
        result = self.run_process(configured=False)
        self.assertEqual((2, ''), (result.code, result.err), result)
        # Under python -m cliff does not know whose commands these are.
        self.assertEqual(
            self.done('--help').out, result.out.replace(' (nova-sg)', '')
        )
        self.assertRegex(result.out, r'\Ausage: nova-sg-manage ')
        for command in COMMANDS:
            self.assertIn(f'\n  {command} ', result.out)

    def test_help_of_a_command_in_each_spelling(self):
        after = self.done('service', 'force-down', '--help').out
        self.assertRegex(after, r'\Ausage: nova-sg-manage service force-down ')
        for words in (
            ('--help', 'service', 'force-down'),
            ('help', 'service', 'force-down'),
            ('service', 'force-down', '-h'),
        ):
            self.assertEqual(after, self.done(*words).out)

    def test_every_command_has_help(self):
        for command in COMMANDS:
            out = self.done(*command.split(), '--help').out
            self.assertIn(f'usage: nova-sg-manage {command} ', out)

    def test_help_of_a_noun_lists_its_commands(self):
        out = self.done('service', '--help').out
        self.assertIn('service list\n', out)
        self.assertNotIn('db sync', out)

    def test_help_needs_no_backend_and_no_configuration(self):
        self.option('SERVICEGROUP__DRIVER', 'nonesuch')
        self.done('--help')
        self.done('service', 'list', '--help')
        self.done('--version')
        self.assertEqual(self.done('--help').out, self.done('help').out)
        self.assertIn('complete', self.done('complete').out)

    def test_version(self):
        version = importlib.metadata.version('nova-sg')
        self.assertEqual(
            f'nova-sg-manage {version}\n', self.done('--version').out
        )

    def test_unknown_words_are_bad_usage(self):
        for words, says in (
            (('bogus',), "'bogus' is no command; see nova-sg-manage --help"),
            (('service',), 'there are: service delete, .*, service show'),
            (('service', 'lst'), "'service lst' is no command; there are: "),
            (('srvice', 'list'), 'there are: service list'),
            (('help', 'bogus'), "'bogus' is no command"),
            (('--bogus',), '--bogus is no option'),
            (('--bogus', 'service', 'list'), '--bogus is no option'),
            (('service', 'list', '--bogus'), 'unrecognized arguments'),
            (('service', 'list', 'bogus'), 'unrecognized arguments'),
            (('service', 'list', '--state', 'odd'), "invalid choice: 'odd'"),
            (('service', 'list', '-f', 'odd'), "invalid choice: 'odd'"),
            (('service', 'force-down', 'c1'), 'are required: BINARY'),
            (('service', 'delete'), 'are required: UUID'),
            (('--config-file',), 'argument --config-file: expected one'),
        ):
            self.assert_error(2, says, self.manage(*words))

    def test_a_column_that_is_not_there_is_bad_usage(self):
        self.assert_error(
            2,
            r"No recognized column names in \['Odd'\]",
            self.manage('service', 'list', '-c', 'Odd'),
        )

    def test_options_of_the_program_may_follow_the_command(self):
        self.assert_error(
            2,
            'nonesuch.conf',
            self.manage('service', 'list', '--config-file', 'nonesuch.conf'),
        )


class TestStatus(base.CommandTestCase):
    with_api = False

    def test_help_and_version(self):
        for words in (('--help',), ('upgrade', 'check', '--help')):
            result = self.status(*words)
            self.assertEqual((0, ''), (result.code, result.err), result)
            self.assertIn('usage: nova-sg-status', result.out)
        self.assertEqual(
            f'nova-sg-status {common.version()}\n',
            self.status('--version').out,
        )

    def test_without_arguments_it_shows_its_help_as_bad_usage(self):
        result = self.run_process(program='status', configured=False)
        self.assertEqual((2, ''), (result.code, result.err), result)
        self.assertIn('usage: nova-sg-status', result.out)

    def test_unknown_words_are_bad_usage(self):
        for words, says in (
            (('bogus',), "invalid choice: 'bogus'"),
            (('upgrade',), 'are required: check'),
            (('upgrade', 'check', '--bogus'), '--bogus'),
        ):
            self.assert_error(2, says, self.status(*words))
