# SPDX-License-Identifier: Apache-2.0

"""``nova-manage service``: the service commands nova took away.

They are those of nova-sg-manage; only the list is nova's own, with the columns
of nova-sg-manage for ``--long``. Here they read and write services through
``nova.objects.Service``, as everything in a tree does, and so work with every
driver and through every cell.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
import contextlib
import functools
import sys
import traceback
from typing import Any

from nova import conf as nova_conf
from nova import exception as nova_exception
from nova.cmd import common
from nova.cmd import manage as nova_manage

from nova_sg import exception
from nova_sg import exits
from nova_sg.nova_tree import application
from nova_sg.nova_tree import attempts
from nova_sg.nova_tree import errors
from nova_sg.nova_tree import printing
from nova_sg.nova_tree import shown
from nova_sg.nova_tree import tables

CONF = nova_conf.CONF

CATEGORY = 'service'


def add_commands(commands: Mapping[str, Any]) -> None:
    """Give nova-manage the category, before it parses its command line.

    :param commands: what nova-sg-manage does, by the name of the action here
    """
    nova_manage.CATEGORIES[CATEGORY] = functools.partial(
        ServiceCommands, commands
    )
    # Its commands print answers, not a log, nor which backend of oslo.cache
    # cannot be loaded when nova's cache of zones is made.
    nova_manage._EXTRA_DEFAULT_LOG_LEVELS.extend(
        (
            'nova_sg=WARNING',
            'stevedore.extension=CRITICAL',
            'alembic=WARNING',
            # Each error it logs is raised, too.
            'oslo_db.sqlalchemy.exc_filters=CRITICAL',
        )
    )


@contextlib.contextmanager
def _one_line_errors() -> Iterator[None]:
    """Report what went wrong in one line on stderr, and by the exit code.

    An unreachable database is reported, too, whatever ``max_retries`` says.

    A decorator would do it in fewer lines, but nova-manage looks at the
    parameters of its actions.
    """
    attempts.once()
    try:
        with errors.as_ours():
            yield
    except Exception as error:
        if isinstance(error, nova_exception.NotFound):
            error = exception.NotFound(error.format_message())
        if CONF.debug:
            traceback.print_exc()
        print(f'nova-manage: error: {exits.one_line(error)}', file=sys.stderr)
        raise SystemExit(int(exits.exit_code(error))) from error


def _described(action: Callable[..., None]) -> Callable[..., None]:
    """Have nova-manage's help say what the docstring does."""
    return common.action_description(action.__doc__)(action)  # type: ignore[no-any-return]


_only_host = common.args(
    '--host', metavar='<host>', help='Only services of this host'
)
_only_binary = common.args(
    '--binary', metavar='<binary>', help='Only services of this binary'
)
_host = common.args('host', metavar='<host>', help='The host of the service')
_binary = common.args(
    'binary', metavar='<binary>', help='The binary, nova-compute for instance'
)
_cell = common.args(
    '--cell',
    metavar='<cell uuid>',
    help='The cell of the service, where several have one of this name',
)


def _place(option: str, name: str, what: str) -> Any:
    return common.args(
        option,
        dest=name,
        metavar='<driver>[:<records>]',
        required=True,
        help=f'{what}: db, zk, mc, zk:sql, mc:memcached, ...',
    )


def _options(**values: str | None) -> list[str]:
    """Return the options of a command line, without those not given."""
    return [f'--{k}={v}' for k, v in values.items() if v is not None]


class ServiceCommands:
    """The actions of the category; nova-manage calls them by their names.

    :param commands: see :func:`add_commands`
    """

    description = 'List, follow, enable, disable and move services.'

    def __init__(self, commands: Mapping[str, Any]) -> None:
        self._commands = commands

    def _run(self, action: str, *words: str, cell: str | None = None) -> Any:
        """Run a command of nova-sg-manage with arguments as it takes them."""
        with _one_line_errors():
            services = application.Application(cell)
            command = self._commands[action](services, None)
            parser = command.get_parser(f'nova-manage {CATEGORY} {action}')
            return command.take_action(parser.parse_args(words))

    @_described
    @_only_host
    @_only_binary
    @common.args(
        '--all',
        dest='everything',
        action='store_true',
        help='Also the API services, which register and send no heartbeats: '
        'their state is unreported',
    )
    @common.args(
        '--long',
        dest='long',
        action='store_true',
        help='Show more columns: among them why a service is down, since '
        'when, and which process saw it last; its processes, if the driver '
        'knows them; and since when its state is known or in doubt',
    )
    def list(
        self,
        host: str | None = None,
        binary: str | None = None,
        everything: bool = False,
        long: bool = False,
    ) -> None:
        """List the services of all cells, and which of them are up."""
        more = self._commands['list']
        columns = printing.COLUMNS + (more.long_columns if long else ())
        with _one_line_errors():
            rows = [
                printing.row(each)
                + (more.long_row(each, each.verdict, each.why) if long else [])
                for each in shown.services(host, binary, explained=long)
                if everything or each.binary not in shown.API_SERVICES
            ]
        printing.print_table(columns, rows)

    @_described
    @_only_host
    @_only_binary
    @common.args(
        '--interval',
        metavar='<seconds>',
        help='How often to read the services (default: 2)',
    )
    @common.args(
        '--json-lines',
        dest='json_lines',
        action='store_true',
        help='Print an object of JSON for each transition, for a program',
    )
    def watch(
        self,
        host: str | None = None,
        binary: str | None = None,
        interval: str | None = None,
        json_lines: bool = False,
    ) -> None:
        """Follow the services, and show what changes as it changes."""
        words = _options(host=host, binary=binary, interval=interval)
        flags = ['--json-lines'] if json_lines else []
        self._run('watch', *words, *flags)

    @_described
    @common.args(
        'host', metavar='<host>', nargs='?', help='Only services of this host'
    )
    @common.args(
        '--since',
        metavar='<time>',
        help='Only transitions since then: 90m, 12h, 3d, or a time such as '
        '2026-03-14T15:09 (UTC)',
    )
    @common.args(
        '--last',
        metavar='<number>',
        help='Only so many transitions, the newest (default: 1000)',
    )
    def history(
        self,
        host: str | None = None,
        since: str | None = None,
        last: str | None = None,
    ) -> None:
        """Show the last transitions of services, the newest last."""
        places = [] if host is None else ['--', host]
        words = _options(since=since, last=last)
        printing.print_table(*self._run('history', *words, *places))

    @_described
    @_host
    @_binary
    @_cell
    def enable(self, host: str, binary: str, cell: str | None = None) -> None:
        """Let the scheduler use a service again, and clear the reason."""
        self._run('enable', '--', host, binary, cell=cell)

    @_described
    @_host
    @_binary
    @_cell
    @common.args(
        '--reason',
        metavar='<reason>',
        help='The reason, which lists of services show',
    )
    def disable(
        self,
        host: str,
        binary: str,
        cell: str | None = None,
        reason: str | None = None,
    ) -> None:
        """Keep new instances from a host; its service and instances run on."""
        words = _options(reason=reason)
        self._run('disable', *words, '--', host, binary, cell=cell)

    @_described
    @_host
    @_cell
    def describe_resource(self, host: str, cell: str | None = None) -> None:
        """Show what a compute host has and uses, in all and by project."""
        printing.print_table(
            *self._run('describe_resource', '--', host, cell=cell)
        )

    @_described
    def prepare(self) -> None:
        """Make the tables of nova-sg in the databases of all cells."""
        with _one_line_errors():
            prepared = tables.prepare()
        printing.print_table(('Cell', 'Before', 'After'), prepared)

    @_described
    @_place('--from', 'source', 'Where the services are')
    @_place('--to', 'target', 'Where they go')
    @common.args(
        '--dry-run',
        dest='trial',
        action='store_true',
        help='Only show what would be done; nothing is written',
    )
    def migrate(self, source: str, target: str, trial: bool = False) -> None:
        """Move the services of this cell from one driver to another."""
        flags = ['--dry-run'] if trial else []
        columns, row = self._run(
            'migrate', f'--from={source}', f'--to={target}', *flags
        )
        printing.print_table([each.title() for each in columns], [row])
