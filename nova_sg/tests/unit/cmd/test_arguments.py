# SPDX-License-Identifier: Apache-2.0


"""What may stand in an argument."""

import argparse

from oslotest import base

from nova_sg.cmd import common
from nova_sg.cmd.commands import arguments

UUID = '12345678-1234-4234-8234-123456789abc'


class TestTypes(base.BaseTestCase):
    def refuse(self, check, text: str) -> str:
        return str(self.assertRaises(argparse.ArgumentTypeError, check, text))

    def test_a_field_has_the_rules_of_the_record(self):
        host = arguments.field('host')
        for text in ('c1', 'höst', 'h' * 255):
            self.assertEqual(text, host(text))
        for text in ('', 'h' * 256, 'a\nb', 'a\0b', '\udcff'):
            self.assertIn('host ', self.refuse(host, text))

    def test_a_uuid_is_spelled_as_records_do(self):
        for text in (UUID, UUID.upper(), UUID.replace('-', '')):
            self.assertEqual(UUID, arguments.uuid(text))
        for text in ('', 'c1', UUID[:-1], UUID + '0', '\udcff'):
            self.assertIn('is no uuid', self.refuse(arguments.uuid, text))

    def test_a_zone_has_no_colon_comma_or_space_around_it(self):
        for text in ('nova', 'zone d’été', 'z' * 255):
            self.assertEqual(text, arguments.zone(text))
        for text in (
            '',
            'z' * 256,
            'az:c1',
            'a,z',
            ' az',
            'az ',
            'a\tz',
            '\udcff',
        ):
            self.assertIn('zone', self.refuse(arguments.zone, text))


class TestHostAndBinary(base.BaseTestCase):
    def settle(self, *words: str) -> tuple[str, str]:
        parser = argparse.ArgumentParser()
        arguments.add_host_and_binary(parser, old_spelling=True)
        return arguments.settle_host_and_binary(parser.parse_args(words))

    def test_every_spelling(self):
        for words in (
            ('c1', 'nova-compute'),
            ('--host', 'c1', '--service', 'nova-compute'),
            ('--binary', 'nova-compute', '--host', 'c1'),
        ):
            self.assertEqual(('c1', 'nova-compute'), self.settle(*words))

    def test_nothing_between_the_spellings(self):
        for words in (
            (),
            ('c1',),
            ('--host', 'c1'),
            ('c1', '--binary', 'nova-compute'),
            ('c1', 'nova-compute', '--service', 'nova-compute'),
        ):
            self.assertRaises(common.BadUsage, self.settle, *words)
