# SPDX-License-Identifier: Apache-2.0

"""``nova-manage service``: the service commands nova took away.

They read and write services through ``nova.objects.Service``, as everything
in a tree does, and so work with every driver and through every cell.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import sys
import traceback
from typing import Any
from typing import NamedTuple

from nova import conf as nova_conf
from nova import context as nova_context
from nova import exception as nova_exception
from nova import objects
from nova import servicegroup
from nova.cmd import common
from nova.cmd import manage as nova_manage
from nova.compute import api as compute_api
import prettytable

from nova_sg import exception
from nova_sg import exits
from nova_sg.nova_tree import errors
from nova_sg.nova_tree import options
from nova_sg.servicegroup import migration
from nova_sg.servicegroup import record
from nova_sg.servicegroup.migration import side

CONF = nova_conf.CONF

CATEGORY = 'service'

#: Services which register and never report, as nova's REST API says: they
#: would always be shown as down.
API_SERVICES = ('nova-osapi_compute', 'nova-metadata')


def add_commands() -> None:
    """Give nova-manage the category, before it parses its command line."""
    nova_manage.CATEGORIES[CATEGORY] = ServiceCommands
    # Its commands print answers, not a log, nor which backend of oslo.cache
    # cannot be loaded when nova's cache of zones is made.
    nova_manage._EXTRA_DEFAULT_LOG_LEVELS.extend(
        (
            'nova_sg=WARNING',
            'stevedore.extension=CRITICAL',
            'alembic=WARNING',
        )
    )


class _CannotDo(Exception):
    """What was asked for cannot be done.

    :param code: what nova-manage exits with
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@contextlib.contextmanager
def _one_line_errors() -> Iterator[None]:
    """Report what went wrong in one line on stderr, and by the exit code.

    A decorator would do it in fewer lines, but nova-manage looks at the
    parameters of its actions. An unexpected error has its traceback with
    ``--debug``.
    """
    try:
        with errors.as_ours():
            yield
        return
    except _CannotDo as error:
        code, text = error.code, str(error)
    except nova_exception.NotFound as error:
        code, text = exits.Exit.NOT_FOUND, error.format_message()
    except exception.NovaSgException as error:
        code, text = exits.exit_code(error), str(error)
    except Exception as error:
        if CONF.debug:
            traceback.print_exc()
        code = exits.Exit.UNEXPECTED
        text = (
            f'unexpected {type(error).__name__}: {error} (--debug shows where)'
        )
    print('nova-manage: error: ' + ' '.join(text.split()), file=sys.stderr)
    raise SystemExit(int(code))


def _described(action: Callable[..., None]) -> Callable[..., None]:
    """Have nova-manage's help say what the docstring does."""
    return common.action_description(action.__doc__)(action)  # type: ignore[no-any-return]


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


class ServiceCommands:
    """The actions of the category; nova-manage calls them by their names."""

    description = 'List, enable, disable and move services.'

    @_described
    @common.args('--host', metavar='<host>', help='Only services of this host')
    @common.args(
        '--binary', metavar='<binary>', help='Only services of this binary'
    )
    @common.args(
        '--all',
        dest='everything',
        action='store_true',
        help='Also the API services, which register and send no heartbeats: '
        'their state is unreported',
    )
    def list(
        self,
        host: str | None = None,
        binary: str | None = None,
        everything: bool = False,
    ) -> None:
        """List the services of all cells, and which of them are up."""
        wanted = {
            name: value
            for name, value in (('host', host), ('binary', binary))
            if value is not None
        }
        with _one_line_errors():
            group = servicegroup.API()
            services = compute_api.HostAPI().service_get_all(
                nova_context.get_admin_context(),
                wanted,
                set_zones=True,
                all_cells=True,
                cell_down_support=True,
            )
            rows = [
                _row(group, service)
                for service in services
                if everything or service.binary not in API_SERVICES
            ]
        _print_table(
            ('Binary', 'Host', 'Zone', 'Status', 'State', 'Updated At'), rows
        )

    @_described
    @_host
    @_binary
    @_cell
    def enable(self, host: str, binary: str, cell: str | None = None) -> None:
        """Let the scheduler use a service again, and clear the reason."""
        with _one_line_errors():
            service = _find(host, binary, cell)
            service.disabled = False
            service.disabled_reason = None
            _update(service)

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
        with _one_line_errors():
            record.check_values(
                {'disabled_reason': reason}, record.UPDATE_FIELDS
            )
            service = _find(host, binary, cell)
            service.disabled = True
            service.disabled_reason = reason
            _update(service)

    @_described
    @_host
    @_cell
    def describe_resource(self, host: str, cell: str | None = None) -> None:
        """Show what a compute host has and uses, in all and by project."""
        with _one_line_errors():
            context = _find(host, 'nova-compute', cell)._context
            node = objects.ComputeNode.get_first_node_by_host_for_old_compat(
                context, host
            )
            instances = objects.InstanceList.get_by_host(context, host)
        rows = {
            '(total)': _Resources(node.vcpus, node.memory_mb, node.local_gb),
            '(used_now)': _Resources(
                node.vcpus_used, node.memory_mb_used, node.local_gb_used
            ),
            **_promised(instances),
        }
        _print_table(
            ('Host', 'Project', 'CPU', 'Memory MB', 'Disk GB'),
            [(host, project, *sums) for project, sums in rows.items()],
        )

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
        with _one_line_errors():
            moving = migration.Migration(
                options.load_for_moving,
                side.Place.parse(source),
                side.Place.parse(target),
            )
            result = moving.try_out() if trial else moving.run()
        _print_table(
            ('From', 'To', 'Moved', 'Copied', 'There', 'Replaced'),
            [(moving.source, moving.target, not trial, *result)],
        )


class _Resources(NamedTuple):
    cpu: int
    memory_mb: int
    disk_gb: int

    def plus(self, instance: Any) -> '_Resources':
        return _Resources(
            self.cpu + instance.vcpus,
            self.memory_mb + instance.memory_mb,
            self.disk_gb + instance.root_gb + instance.ephemeral_gb,
        )


def _promised(instances: Iterable[Any]) -> dict[str, _Resources]:
    """Return what the instances of a host may use, together and by project."""
    everybody = '(used_max)'
    sums = {everybody: _Resources(0, 0, 0)}
    for instance in instances:
        for project in (everybody, instance.project_id):
            before = sums.get(project, _Resources(0, 0, 0))
            sums[project] = before.plus(instance)
    return sums


def _find(host: str, binary: str, cell: str | None) -> Any:
    """Return a service, with a context that is targeted at its cell.

    :raises _CannotDo: there is none, or more than one, or a cell that might
        have it does not answer
    """
    context = nova_context.get_admin_context()
    mappings = [
        mapping
        for mapping in objects.CellMappingList.get_all(context)
        if cell in (None, mapping.uuid)
    ]
    if not mappings:
        raise _CannotDo(exits.Exit.NOT_FOUND, f'there is no cell {cell}')
    answers = nova_context.scatter_gather_cells(
        context,
        mappings,
        nova_context.CELL_TIMEOUT,
        objects.Service.get_by_host_and_binary,
        host,
        binary,
    )
    silent = [
        uuid
        for uuid, answer in answers.items()
        if nova_context.is_cell_failure_sentinel(answer)
    ]
    found = {
        uuid: answer
        for uuid, answer in answers.items()
        if answer is not None and uuid not in silent
    }
    if len(found) > 1:
        raise _CannotDo(
            exits.Exit.CONFLICT,
            f'{binary} on host {host} is in several cells, name one with '
            f'--cell: {", ".join(sorted(found))}',
        )
    if found:
        return next(iter(found.values()))
    if silent:
        raise _CannotDo(
            exits.Exit.UNREACHABLE,
            f'{binary} on host {host} is in no cell that answers; no answer '
            f'from {", ".join(sorted(silent))}',
        )
    raise _CannotDo(
        exits.Exit.NOT_FOUND, f'could not find binary {binary} on host {host}'
    )


def _update(service: Any) -> None:
    # Tells placement, too, when a compute is enabled or disabled.
    compute_api.HostAPI().service_update(service._context, service)


def _row(group: Any, service: Any) -> Sequence[Any]:
    # Of a cell that is down nova knows these two.
    if 'disabled' not in service:
        return (service.binary, service.host, None, None, 'unknown', None)
    updated = group.get_updated_time(service)
    if service.binary in API_SERVICES:
        state = 'unreported'
    else:
        state = 'up' if group.service_is_up(service) else 'down'
    return (
        service.binary,
        service.host,
        service.availability_zone,
        'disabled' if service.disabled else 'enabled',
        state,
        updated and updated.strftime('%Y-%m-%d %H:%M:%S'),
    )


def _print_table(
    columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    table = prettytable.PrettyTable(columns)
    table.align = 'l'
    for row in rows:
        table.add_row(['' if value is None else value for value in row])
    print(table)
