# SPDX-License-Identifier: Apache-2.0

"""What an operator decides with ``nova-sg-manage service``."""

import json

from nova_sg import exception
from nova_sg.tests.functional.cmd import base
from nova_sg.tests.functional.cmd import instances

UNKNOWN_UUID = '12345678-1234-4234-8234-123456789012'


class TestDisableAndEnable(base.CommandTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.compute = self.service()

    def decided(self) -> tuple[bool, str | None]:
        service = self.reload(self.compute)
        return service.disabled, service.disabled_reason

    def test_success_prints_nothing(self):
        for words in (
            ('disable', '--reason', 'why', 'c1', 'nova-compute'),
            ('enable', 'c1', 'nova-compute'),
            ('force-down', 'c1', 'nova-compute'),
            ('force-down', '--unset', 'c1', 'nova-compute'),
            ('delete', self.compute.uuid),
        ):
            self.assertEqual('', self.done('service', *words).out)

    def disable(self, reason: str) -> base.Result:
        return self.manage(
            *('service', 'disable', '--reason', reason),
            *('c1', 'nova-compute'),
        )

    def test_a_disable_keeps_its_reason_until_the_next_or_an_enable(self):
        for verb, decided in (
            ('disable', (True, None)),
            ('enable', (False, None)),
        ):
            self.disable('broken fan')
            self.compute.report_state()
            self.assertEqual((True, 'broken fan'), self.decided())
            self.done('service', verb, 'c1', 'nova-compute')
            self.assertEqual(decided, self.decided())

    def test_a_reason_has_255_characters_of_any_script_at_most(self):
        for reason in ('Lüfter defekt – 风扇 🛠', 'é' * 255):
            self.disable(reason)
            self.assertEqual((True, reason), self.decided())
        for reason, says in (
            ('x' * 256, '1 to 255 characters, not 256'),
            ('', '1 to 255 characters, not 0'),
            ('a\0b', 'has a NUL in it'),
            ('\udcff', 'is not valid UTF-8'),
        ):
            self.assert_error(
                2,
                f'--reason: disabled_reason .*{says}',
                self.disable(reason),
            )
        self.assertEqual((True, 'é' * 255), self.decided())

    def test_a_reason_of_two_lines_is_one_in_a_table(self):
        reason = 'メンテナンス\u3000中\n\x1b[1mbis\xa010 Uhr'
        self.disable(reason)
        self.assertEqual((True, reason), self.decided())
        for words in (
            ('list', '--long'),
            ('show', 'c1', 'nova-compute'),
        ):
            table = self.done('service', *words).out
            self.assertIn(' メンテナンス 中 [1mbis 10 Uhr ', table)
            told = self.done('service', *words, '-f', 'json').out
            self.assertIn(json.dumps(reason), told)

    def test_nova_manages_old_spelling_works_too(self):
        words = ('--host', 'c1', '--service', 'nova-compute')
        self.done('service', 'disable', '--reason', 'why', *words)
        self.assertEqual((True, 'why'), self.decided())
        self.done('service', 'enable', *words)
        self.assertEqual((False, None), self.decided())

    def test_a_service_is_named_once_and_wholly(self):
        for words in (
            (),
            ('c1',),
            ('--host', 'c1'),
            ('--service', 'nova-compute'),
            ('c1', '--service', 'nova-compute'),
            ('c1', 'nova-compute', '--host', 'c1'),
        ):
            for verb in ('enable', 'disable'):
                self.assert_error(
                    2,
                    'HOST BINARY, or --host HOST --service BINARY',
                    self.manage('service', verb, *words),
                )
        self.assertEqual((False, None), self.decided())

    def test_an_unknown_host_or_binary_is_not_found(self):
        for host, binary in (('c9', 'nova-compute'), ('c1', 'nova-xyz')):
            for verb in ('enable', 'disable', 'force-down'):
                self.assert_error(
                    3,
                    f'Could not find binary {binary} on host {host}',
                    self.manage('service', verb, host, binary),
                )

    def test_names_that_cannot_be_are_bad_usage(self):
        for host, says in (
            ('', 'host must have 1 to 255 characters, not 0'),
            ('x' * 256, 'host must have 1 to 255 characters, not 256'),
            ('\udcfftail', 'host is not valid UTF-8'),
            ('a\tb', 'cannot be printed'),
        ):
            for words in (
                ('service', 'disable', host, 'nova-compute'),
                ('service', 'enable', '--host', host, '--service', 'x'),
                ('service', 'force-down', host, 'nova-compute'),
                ('service', 'show', host, 'nova-compute'),
                ('service', 'list', '--host', host),
                ('service', 'describe-resource', host),
                ('host', 'set-zone', host, 'az1'),
            ):
                self.assert_error(2, says, self.manage(*words))
        self.assert_error(
            2,
            'argument BINARY: binary must have 1 to 255 characters, not 256',
            self.manage('service', 'disable', 'c1', 'b' * 256),
        )

    def test_a_host_may_be_named_in_any_script(self):
        service = self.service('höst-東京')
        self.done('service', 'disable', 'höst-東京', 'nova-compute')
        self.assertTrue(self.reload(service).disabled)


class TestForceDown(base.CommandTestCase):
    def test_a_service_is_down_while_it_beats_until_that_is_unset(self):
        service = self.service()
        self.done('service', 'force-down', 'c1', 'nova-compute')
        service.report_state()
        self.assertEqual('down', self.state(service))
        self.done('service', 'force-down', '--unset', 'c1', 'nova-compute')
        self.assertEqual('up', self.state(service))

    def state(self, service) -> str:
        return self.done(
            'service', 'show', '-f', 'value', '-c', 'state', service.uuid
        ).out.strip()


class TestDelete(base.CommandTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.compute = self.service()

    def test_the_service_is_gone_and_cannot_be_deleted_again(self):
        self.done('service', 'delete', self.compute.uuid)
        self.assertRaises(exception.ServiceNotFound, self.reload, self.compute)
        self.assert_error(
            3,
            f'Service {self.compute.uuid} could not be found',
            self.manage('service', 'delete', self.compute.uuid),
        )

    def test_an_unknown_uuid_is_not_found_and_another_word_is_bad_usage(self):
        self.assert_error(
            3,
            f'Service {UNKNOWN_UUID} could not be found',
            self.manage('service', 'delete', UNKNOWN_UUID),
        )
        self.assert_error(
            2,
            "argument UUID: 'c1' is no uuid",
            self.manage('service', 'delete', 'c1'),
        )

    def test_a_compute_with_instances_is_a_conflict(self):
        instances.add(self.process.conf, 'c1', {'p1': 2})
        self.assert_error(
            4,
            'Host c1 still has 2 instance',
            self.manage('service', 'delete', self.compute.uuid),
        )
        self.assertEqual('c1', self.reload(self.compute).host)
