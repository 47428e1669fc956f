# SPDX-License-Identifier: Apache-2.0

"""What all commands share: configuration, messages, exit codes.

A command is a function that takes its arguments and returns an exit code; it
raises what goes wrong. :func:`run` turns that into one line on stderr and
the documented exit code.
"""

import argparse
from collections.abc import Callable
from collections.abc import Sequence
import contextlib
import functools
import gc
from importlib import metadata
import signal
import sys
import traceback
from typing import Any
from typing import NoReturn

from oslo_config import cfg

from nova_sg import conf as sg_conf
from nova_sg import exception
from nova_sg import log
from nova_sg.cmd import streams
from nova_sg.conf import libraries
from nova_sg.exits import Exit
from nova_sg.exits import exit_code
from nova_sg.exits import one_line

__all__ = [
    'SIGINT_EXIT',
    'SIGPIPE_EXIT',
    'BadUsage',
    'Exit',
    'add_monitoring_options',
    'exit_code',
    'one_line',
    'one_line_errors',
    'parser',
    'refuse_without_extra',
    'run',
    'setup',
    'use_messaging',
    'version',
]

#: What a shell shows of a process that SIGINT or SIGPIPE ended.
SIGINT_EXIT = 130
SIGPIPE_EXIT = 141


class BadUsage(exception.Invalid):
    """A command was called in a way it cannot be."""

    msg_fmt = '%(reason)s'


def version() -> str:
    """Return the version of nova_sg that is installed."""
    return metadata.version('nova-sg')


def parser(
    program: str, description: str, epilog: str, **options: Any
) -> argparse.ArgumentParser:
    """Return the parser of a command, with the options that each has.

    The values of all but --version are the parameters of :func:`setup`.

    :param options: further ones of ``ArgumentParser``
    """
    parser = argparse.ArgumentParser(
        prog=program, description=description, epilog=epilog, **options
    )
    one_line_errors(parser)
    parser.add_argument(
        '--version', action='version', version=f'{program} {version()}'
    )
    parser.add_argument(
        '--config-file',
        dest='config_files',
        metavar='PATH',
        action='append',
        help='a configuration file; repeat it for several, of which the '
        f'last wins (default: {sg_conf.DEFAULT_CONFIG_FILE}, if there)',
    )
    parser.add_argument(
        '--config-dir',
        dest='config_dirs',
        metavar='DIR',
        action='append',
        default=[],
        help='a directory of further configuration files (*.conf)',
    )
    parser.add_argument(
        '--debug',
        action='store_true',
        help='log everything, and show tracebacks of errors',
    )
    return parser


def add_monitoring_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of a service that writes its metrics into a file."""
    parser.add_argument(
        '--textfile',
        metavar='PATH',
        help='write metrics into this file, which ends with .prom, every 15 '
        'seconds, for the textfile collector of node_exporter',
    )


def one_line_errors(parser: argparse.ArgumentParser) -> None:
    """Make a parser report bad usage in one line, without the usage."""
    parser.error = functools.partial(  # type: ignore[method-assign,assignment]
        _usage_error, parser
    )


def setup(
    config_files: Sequence[str] | None = None,
    config_dirs: Sequence[str] = (),
    debug: bool = False,
    *,
    service: bool = False,
    messaging: bool = False,
) -> cfg.ConfigOpts:
    """Load the configuration and set up logging.

    :param config_files: see :func:`nova_sg.conf.load`
    :param config_dirs: see :func:`nova_sg.conf.load`
    :param debug: log at debug level
    :param service: log as the configuration says, with times, as a process
        that stays does; else only warnings are shown, a line each
    :param messaging: see :func:`nova_sg.conf.load`
    :raises InvalidConfiguration: naming the option that cannot be used
    """
    if debug:
        streams.log_everything()
    conf = sg_conf.load(
        config_files, config_dirs, debug=debug, messaging=messaging
    )
    libraries.hand_over(conf)
    if service:
        log.set_up(conf)
    elif sg_conf.has_messaging(conf):
        use_messaging(conf)
    log.warn_of_unused(conf)
    return conf


def use_messaging(conf: cfg.ConfigOpts) -> None:
    """Have a command send messages, whatever its configuration says.

    :raises InvalidConfiguration: naming the option that cannot be used
    """
    # Imported here: most commands send nothing.
    from nova_sg.conf import transport

    sg_conf.register_messaging(conf)
    libraries.hand_over(conf)
    transport.name_queues_at_random(conf)


def run(
    program: str,
    main: Callable[[list[str]], int | None],
    argv: Sequence[str] | None = None,
    code_of: Callable[[BaseException], int] = exit_code,
) -> int:
    """Run a command and return the exit code of the process.

    Whatever goes wrong is one line on stderr, with a traceback only where
    ``--debug`` is among the arguments.

    :param program: the name of the command in messages
    :param main: called with the arguments; None is success
    :param argv: the arguments; None for those of the process
    :param code_of: the exit code for an error
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not gc.isenabled():
        # What was imported stays until the end of the process.
        gc.freeze()
        gc.enable()
    streams.open_missing_streams()
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    with streams.as_messages(program):
        try:
            streams.accept_any_character()
            code = _call(main, arguments)
            # An output that cannot be written must be noticed here: at the
            # end of the process it would no longer be reported.
            sys.stdout.flush()
        except KeyboardInterrupt:
            code = SIGINT_EXIT
        except BrokenPipeError:
            # The reader of our output has closed it.
            streams.discard_output()
            code = SIGPIPE_EXIT
        except Exception as error:
            if '--debug' in arguments:
                traceback.print_exc()
            _report(program, error)
            streams.discard_unwritable_output()
            code = code_of(error)
    return int(code)


def refuse_without_extra(
    program: str, extra: str, error: ModuleNotFoundError
) -> NoReturn:
    """End a command in one line, since an extra of it is not installed.

    :param error: of the import that failed
    :raises SystemExit: always, with the code of bad usage
    :raises ModuleNotFoundError: it is a module of nova_sg that is missing
    """
    if (error.name or '').startswith('nova_sg'):
        raise error
    print(
        f'{program}: error: {error.name} is not installed: install '
        f'nova-sg[{extra}]',
        file=sys.stderr,
    )
    raise SystemExit(Exit.USAGE)


def _usage_error(parser: argparse.ArgumentParser, message: str) -> None:
    text = ' '.join(message.split())
    parser.exit(
        Exit.USAGE,
        f'{parser.prog}: error: {text} (see {parser.prog} --help)\n',
    )


def _report(program: str, error: BaseException) -> None:
    with contextlib.suppress(OSError):
        print(f'{program}: error: {one_line(error)}', file=sys.stderr)


def _call(
    main: Callable[[list[str]], int | None], arguments: list[str]
) -> int:
    try:
        return main(arguments) or Exit.DONE
    except SystemExit as error:
        # From argparse, after --help and bad usage.
        return error.code if isinstance(error.code, int) else Exit.DONE
