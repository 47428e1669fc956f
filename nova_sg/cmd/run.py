# SPDX-License-Identifier: Apache-2.0

"""``nova-sg-run COMMAND...``: run a command of nova with nova_sg inside.

The command runs in this process: its pid, signals, streams and exit code are
the command's own, so that a unit file or an init script only puts
``nova-sg-run`` before what it starts today.

Nothing but the standard library may be imported before the command is: where
nova runs under eventlet, its first import patches the modules that come
after it.
"""

import argparse
from collections.abc import Callable
from collections.abc import Sequence
import functools
from importlib import metadata
import os
import sys
import traceback
from typing import Any
from typing import NoReturn

PROGRAM = 'nova-sg-run'

#: As of every command of nova_sg, see nova_sg.exits.
UNEXPECTED_EXIT = 1
USAGE_EXIT = 2

_SCRIPTS = 'console_scripts'

#: The one command of nova_sg that runs in a nova.
OURS = metadata.EntryPoint('nova-sg-api', 'nova_sg.cmd.inside:main', _SCRIPTS)


def main(argv: Sequence[str] | None = None) -> Any:
    """Run a command of nova, and return what its exit code is made of.

    :param argv: the arguments; None for those of the process
    :raises SystemExit: bad usage, or what the command exits with
    """
    parser = _parser()
    arguments = parser.parse_args(argv)
    script = _find(parser, arguments.command)
    # As the command sees itself when it is run alone. nova-compute takes its
    # name from there, and its options.
    sys.argv[:] = [arguments.command, *arguments.arguments]
    return _run(_load(script, arguments.debug), script.name)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description='Run a command of nova with nova_sg inside. The driver '
        'that [servicegroup] driver of nova.conf names keeps the services.',
        epilog='The arguments of the command follow it. It runs in the '
        'process of nova-sg-run: pid, signals and exit code are its own.',
        # What belongs to the command is never taken for ours.
        allow_abbrev=False,
    )
    parser.add_argument(
        '--version',
        action='version',
        version=f'{PROGRAM} {metadata.version("nova-sg")}',
    )
    parser.add_argument(
        '--debug',
        action='store_true',
        help='show a traceback where nova_sg cannot be switched on',
    )
    parser.add_argument(
        'command',
        metavar='COMMAND',
        help='a command of nova, by its name or path: nova-compute, '
        'nova-conductor, nova-scheduler, nova-manage, ...; or nova-sg-api, '
        'which serves the page, metrics and health of a nova',
    )
    parser.add_argument(
        'arguments', metavar='ARGUMENT', nargs=argparse.REMAINDER
    )
    parser.error = functools.partial(  # type: ignore[method-assign,assignment]
        _exit, USAGE_EXIT, hint=f' (see {PROGRAM} --help)'
    )
    return parser


def _find(
    parser: argparse.ArgumentParser, command: str
) -> metadata.EntryPoint:
    """Return the script of nova that a command is, wherever it lies."""
    try:
        nova = metadata.distribution('nova')
    except metadata.PackageNotFoundError:
        _exit(
            UNEXPECTED_EXIT,
            f'nova is not installed beside nova_sg, in {sys.prefix}',
        )
    scripts = {
        script.name: script
        for script in nova.entry_points.select(group=_SCRIPTS)
    }
    name = os.path.basename(command)
    if name == OURS.name:
        return OURS
    if name not in scripts:
        parser.error(
            f'nova {nova.version} has no command {name}; it has '
            + ', '.join(sorted(scripts))
        )
    return scripts[name]


def _load(script: metadata.EntryPoint, debug: bool) -> Callable[[], Any]:
    """Import a command, and let nova_sg into the nova it has imported."""
    if script is OURS:
        # As nova's own APIs do, which run on native threads.
        from nova_sg.nova_tree import release

        release.patch(backend='threading')
    function: Callable[[], Any] = script.load()
    # Only now: see above.
    from nova_sg import nova_tree

    try:
        nova_tree.enable()
        if script.module == 'nova.cmd.manage':
            from nova_sg.nova_tree import manage

            manage.add_commands(service_commands())
    except Exception as error:
        # Half of nova_sg would be worse than none: nothing has started yet.
        if debug:
            traceback.print_exc()
        _exit(_code_of(error), f'{script.name} is not started: {error}')
    return function


def service_commands() -> dict[str, Any]:
    """Return what nova-manage has of nova-sg-manage, by the action's name."""
    from nova_sg.cmd.commands import driver
    from nova_sg.cmd.commands import history
    from nova_sg.cmd.commands import listing
    from nova_sg.cmd.commands import service
    from nova_sg.cmd.commands import watch

    return {
        'enable': service.Enable,
        'disable': service.Disable,
        'describe_resource': service.DescribeResource,
        'history': history.History,
        'list': listing.List,
        'migrate': driver.Migrate,
        'watch': watch.Watch,
    }


def _run(function: Callable[[], Any], name: str) -> Any:
    """Call a command; what nova_sg refuses is one line.

    All else that a command raises is nova's, as if it were run alone.
    """
    from nova_sg import exception

    try:
        return function()
    except exception.NovaSgException as error:
        _exit(_code_of(error), f'{name}: {error}')


def _code_of(error: Exception) -> int:
    from nova_sg import exits

    return exits.exit_code(error)


def _exit(code: int, message: str, hint: str = '') -> NoReturn:
    """End the process with one line on stderr.

    :raises SystemExit: always
    """
    text = ' '.join(message.split())
    print(f'{PROGRAM}: error: {text}{hint}', file=sys.stderr)
    raise SystemExit(code)
