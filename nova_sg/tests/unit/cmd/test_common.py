# SPDX-License-Identifier: Apache-2.0


"""How a command ends."""

import argparse
import contextlib
import io
import logging
import os
import tempfile

from oslo_config import cfg
from oslotest import base

from nova_sg import exception
from nova_sg.cmd import common
from nova_sg.tests.fixtures import api


class TestRun(base.BaseTestCase):
    def run_main(self, main, *words: str, **options) -> tuple[int, str, str]:
        out = io.TextIOWrapper(io.BytesIO(), 'ascii')
        err = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = common.run('program', main, words, **options)
        return code, out.buffer.getvalue().decode(), err.getvalue()

    def fail(self, error: BaseException, *words: str, **options):
        def main(_argv: list[str]) -> int:
            raise error

        code, out, err = self.run_main(main, *words, **options)
        self.assertEqual('', out)
        return code, err

    def test_what_main_returns_is_the_exit_code_and_none_is_success(self):
        for returned, code in ((None, 0), (0, 0), (3, 3)):
            self.assertEqual(
                (code, '', ''), self.run_main(lambda _argv, r=returned: r)
            )

    def test_main_gets_the_arguments(self):
        got = []
        self.run_main(got.extend, 'a', '--b')
        self.assertEqual(['a', '--b'], got)

    def test_each_error_has_the_documented_exit_code(self):
        for error, code in (
            (exception.InvalidInput(reason='x'), 2),
            (exception.InvalidConfiguration(option='o', reason='x'), 2),
            (common.BadUsage(reason='x'), 2),
            (exception.InventoryNotConfigured(), 2),
            (exception.ServiceNotFound(service_id=1), 3),
            (exception.HostBinaryNotFound(host='h', binary='b'), 3),
            (exception.ComputeHostNotFound(host='h'), 3),
            (exception.ServiceBinaryExists(host='h', binary='b'), 4),
            (exception.HostHasInstances(host='h', count=1), 4),
            (
                exception.SchemaVersionMismatch(
                    backend='b', found='1', expected='2', advice='a'
                ),
                4,
            ),
            (
                exception.DeploymentMismatch(backend='b', theirs=1, ours=2),
                4,
            ),
            (exception.ServiceGroupUnavailable(backend='b', reason='r'), 5),
            (exception.SchemaNotReady(backend='b'), 5),
            (exception.OutcomeUnknown(backend='b', reason='r'), 6),
            (exception.NovaSgException('x'), 1),
        ):
            self.assertEqual(
                (code, f'program: error: {error}\n'), self.fail(error)
            )

    def test_an_unexpected_error_names_its_type_and_how_to_see_more(self):
        self.assertEqual(
            (
                1,
                "program: error: unexpected KeyError: 'x' (--debug shows "
                'where)\n',
            ),
            self.fail(KeyError('x')),
        )

    def test_an_error_of_the_system_says_what_it_is(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, 'x')
            code, err = self.fail(FileNotFoundError(2, 'No such file', path))
        self.assertEqual(1, code)
        self.assertIn(f"No such file: '{path}'", err)

    def test_several_lines_become_one(self):
        self.assertEqual(
            (1, 'program: error: one two three\n'),
            self.fail(exception.NovaSgException('one\n  two\r\n\tthree\n')),
        )

    def test_only_debug_shows_a_traceback(self):
        _code, err = self.fail(exception.NovaSgException('x'), '--debug')
        self.assertTrue(err.startswith('Traceback '))
        self.assertTrue(err.endswith('\nprogram: error: x\n'))

    def test_a_program_may_have_exit_codes_of_its_own(self):
        code, _err = self.fail(KeyError('x'), code_of=lambda _error: 255)
        self.assertEqual(255, code)

    def test_an_interrupt_and_a_closed_pipe_say_nothing(self):
        self.assertEqual((130, ''), self.fail(KeyboardInterrupt()))
        self.assertEqual((141, ''), self.fail(BrokenPipeError()))

    def test_bad_usage_is_one_line(self):
        def main(argv: list[str]) -> None:
            parser = argparse.ArgumentParser(prog='program verb')
            common.one_line_errors(parser)
            parser.add_argument('--number', type=int)
            parser.parse_args(argv)

        code, out, err = self.run_main(main, '--number', 'many')
        self.assertEqual((2, ''), (code, out))
        self.assertRegex(
            err,
            r'^program verb: error: argument --number: .*many.* '
            r'\(see program verb --help\)\n\Z',
        )

    def test_a_warning_is_one_line_without_its_traceback(self):
        def main(_argv: list[str]) -> None:
            try:
                raise KeyError('x')
            except KeyError:
                logging.getLogger('any').warning('two\nlines', exc_info=True)
            logging.getLogger('any').info('nothing')

        self.assertEqual(
            (0, '', 'program: warning: two lines\n'), self.run_main(main)
        )

    def test_the_handlers_of_the_process_come_back(self):
        root = logging.getLogger()
        before = root.handlers[:], root.level
        self.run_main(lambda _argv: 0)
        self.assertEqual(before, (root.handlers, root.level))

    def test_what_the_stream_cannot_show_is_escaped(self):
        code, out, _err = self.run_main(lambda _argv: print('höst'))
        self.assertEqual((0, 'h\\xf6st\n'), (code, out))


class TestSetup(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.useFixture(api.Environment())

    def test_it_loads_the_configuration(self):
        with tempfile.NamedTemporaryFile('w', suffix='.conf') as config_file:
            config_file.write('[servicegroup]\nreport_interval = 7\n')
            config_file.flush()
            conf = common.setup([config_file.name])
        self.assertIsInstance(conf, cfg.ConfigOpts)
        self.assertEqual(7, conf.servicegroup.report_interval)
        self.assertFalse(conf.debug)

    def test_it_warns_of_what_looks_like_an_option_and_is_none(self):
        self.useFixture(api.Environment(OS_INVENTORY__BAKEND='none'))
        with self.assertLogs('nova_sg.log', 'WARNING') as logged:
            common.setup([])
        (line,) = logged.output
        self.assertIn('OS_INVENTORY__BAKEND', line)
