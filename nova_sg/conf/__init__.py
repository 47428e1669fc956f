# SPDX-License-Identifier: Apache-2.0

"""Configuration: one module per option group, and how it is loaded.

There is no global configuration object. A command calls :func:`load` once
and passes the result on.
"""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import os
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

from nova_sg import exception
from nova_sg.conf import api
from nova_sg.conf import availability_zone
from nova_sg.conf import compute
from nova_sg.conf import conductor
from nova_sg.conf import dashboard
from nova_sg.conf import database
from nova_sg.conf import drivers
from nova_sg.conf import history
from nova_sg.conf import inventory
from nova_sg.conf import legacy
from nova_sg.conf import libraries
from nova_sg.conf import monitoring
from nova_sg.conf import notifications
from nova_sg.conf import paths
from nova_sg.conf import servicegroup
from nova_sg.conf import upgrade_levels

DEFAULT_CONFIG_FILE = '/etc/nova-sg/nova-sg.conf'

MODULES = (
    api,
    availability_zone,
    compute,
    conductor,
    dashboard,
    database,
    drivers,
    history,
    inventory,
    legacy,
    libraries,
    monitoring,
    notifications,
    paths,
    servicegroup,
    upgrade_levels,
)

#: Groups which hold no options but ours, besides those of the drivers.
_OWN_GROUPS = (
    'servicegroup',
    'inventory',
    'api',
    'conductor',
    'dashboard',
    'history',
    'monitoring',
    'notifications',
)


#: The largest number that an option may have.
MOST = 2**31 - 1


def register_opts(
    conf: cfg.ConfigOpts, modules: Sequence[Any] = MODULES
) -> None:
    """Register the options that nova_sg reads.

    :param conf: the configuration to register them on
    :param modules: of this package; fewer than all for some groups only
    """
    logging.register_options(conf)
    set_log_defaults()
    for module in modules:
        module.register_opts(conf)


def set_log_defaults() -> None:
    """Keep libraries from logging what concerns no operator."""
    logging.set_defaults(
        default_log_levels=[
            *logging.get_default_log_levels(),
            # It tells of every plugin it has, wherever the schema is looked
            # at.
            'alembic=WARN',
            # It warns of each answer that waits for a connection: so do all
            # those which are sent when a group of beats is committed.
            'oslo.messaging._drivers.pool=ERROR',
            # It warns of what is not installed: that is an error which names
            # the option.
            'stevedore.named=ERROR',
        ]
    )


def load(
    config_files: Sequence[str] | None = None,
    config_dirs: Sequence[str] = (),
    *,
    debug: bool = False,
    messaging: bool = False,
    modules: Sequence[Any] = MODULES,
) -> cfg.ConfigOpts:
    """Return the configuration of this process, every option checked.

    The order is: environment (``OS_<GROUP>__<OPTION>``), then files. The
    options of oslo.messaging are there where the process sends or receives
    messages.

    :param config_files: the files to read; None for
        ``/etc/nova-sg/nova-sg.conf`` where it exists
    :param config_dirs: directories of further files
    :param debug: log at debug level, whatever the files say
    :param messaging: this process uses the message bus, whatever the files
        say; see :func:`uses_messaging`
    :param modules: of this package; fewer than all for some groups only
    :raises InvalidConfiguration: naming the option that cannot be used
    """
    if config_files is None:
        exists = os.path.exists(DEFAULT_CONFIG_FILE)
        config_files = [DEFAULT_CONFIG_FILE] if exists else []
    conf = cfg.ConfigOpts()
    register_opts(conf, modules)
    args = [f'--config-file={path}' for path in config_files]
    args += [f'--config-dir={path}' for path in config_dirs]
    if debug:
        args.append('--debug')
    try:
        conf(
            args,
            project='nova-sg',
            default_config_files=[],
            default_config_dirs=[],
        )
    except (cfg.Error, OSError, ValueError) as error:
        # The last is a file that is not text.
        directory = isinstance(error, cfg.ConfigDirNotFoundError)
        raise exception.InvalidConfiguration(
            option='--config-dir' if directory else '--config-file',
            reason=_one_line(error),
        ) from error
    check(conf)
    if messaging or uses_messaging(conf):
        register_messaging(conf)
    return conf


def uses_messaging(conf: cfg.ConfigOpts) -> bool:
    """Return whether the configuration has a process use the message bus.

    nova-sg-conductor uses it in any case.

    :param conf: a loaded configuration
    """
    if 'notifications' not in conf:
        # This process registered some of the groups only.
        return False
    sends: bool = (
        conf.servicegroup.use_conductor
        or conf.notifications.notification_format != notifications.UNVERSIONED
    )
    return sends


def has_messaging(conf: cfg.ConfigOpts) -> bool:
    """Return whether the options of oslo.messaging are registered."""
    return 'oslo_messaging_rabbit' in conf


def register_messaging(conf: cfg.ConfigOpts) -> None:
    """Register the options of oslo.messaging, and check them.

    They are not in :data:`MODULES`: oslo.messaging lists them only when all
    of it is imported, with kombu and eventlet, which takes longer than
    everything else that most commands do.

    :param conf: a loaded configuration; where they are registered already,
        nothing is done
    :raises InvalidConfiguration: naming the option that cannot be used
    """
    if has_messaging(conf):
        return
    from nova_sg.conf import transport

    transport.register_opts(conf)
    check(conf)


def check(conf: cfg.ConfigOpts) -> None:
    """Read every option once, so that a bad value stops the process here.

    :raises InvalidConfiguration: naming the option and its group
    """
    for name in conf:
        value = _read(conf, 'DEFAULT', name)
        if isinstance(value, cfg.ConfigOpts.GroupAttr):
            check_group(conf, name)
    _check_own(conf)
    group = conf.servicegroup
    if group.service_down_time <= group.report_interval:
        raise exception.InvalidConfiguration(
            option='[servicegroup] service_down_time',
            reason=f'{group.service_down_time} s must be more than '
            f'[servicegroup] report_interval, {group.report_interval} s',
        )


def _check_own(conf: cfg.ConfigOpts) -> None:
    """Refuse what the types of oslo.config let pass.

    An empty value of a number is None, and a number may be larger than any
    clock or system call takes.

    :raises InvalidConfiguration: naming the option and its group
    """
    for group, option in own_options():
        if group != 'DEFAULT' and group not in conf:
            # This process has no use for the group.
            continue
        values = conf if group == 'DEFAULT' else conf[group]
        if option.dest not in values:
            continue
        value = values[option.dest]
        reason = None
        if value in (None, '', [], ['']) and option.default:
            reason = 'it must have a value'
        elif isinstance(value, int | float) and value > MOST:
            reason = f'{value} is too much: {MOST} at most'
        if reason is not None:
            raise exception.InvalidConfiguration(
                option=f'[{group}] {option.name}', reason=reason
            )


def own_options() -> Iterator[tuple[str, cfg.Opt]]:
    """Yield the options that are nova_sg's own, with their groups."""
    for module in MODULES:
        if hasattr(module, 'list_opts'):
            for group, options in module.list_opts().items():
                for option in options:
                    yield getattr(group, 'name', group), option


def own_groups() -> list[str]:
    """Return the groups in which an unknown option is a typo."""
    return [*_OWN_GROUPS, *(group.name for group in drivers.list_opts())]


def check_group(conf: cfg.ConfigOpts, name: str) -> None:
    """Read every option of a group once.

    :raises InvalidConfiguration: naming the option and its group
    """
    group = conf[name]
    for option in group:
        _read(group, name, option)


def unknown_environment(conf: cfg.ConfigOpts) -> list[str]:
    """Return the environment variables that look like options but are none.

    Only groups which are ours are looked at, and the one where a typo leads
    to another deployment: ``OS_SERVICEGROUP__DRVER`` and
    ``OS_DATABASE__CONECTION`` are typos, ``OS_COMPUTE__X`` may belong to
    another program.

    :returns: names of variables, sorted
    """
    unknown = []
    looked_at = [*own_groups(), 'database']
    for variable in os.environ:
        group, separator, option = variable.removeprefix('OS_').partition('__')
        if not (variable.startswith('OS_') and separator):
            continue
        group = group.lower()
        if group in looked_at and option.lower() not in conf[group]:
            unknown.append(variable)
    return sorted(unknown)


def _read(options: Mapping[str, Any], group: str, name: str) -> Any:
    try:
        return options[name]
    except (cfg.Error, ValueError) as error:
        # oslo.config wraps the reason in a sentence about its own classes.
        raise exception.InvalidConfiguration(
            option=f'[{group}] {name}',
            reason=_one_line(error.__context__ or error),
        ) from error


def _one_line(error: BaseException) -> str:
    return ' '.join(str(error).split())
