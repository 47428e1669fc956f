# SPDX-License-Identifier: Apache-2.0

"""The options of nova_sg: which there are, and how they are registered.

The sample configuration generator reads them here.
"""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import copy
from typing import Any

from oslo_config import cfg
from oslo_log import log as logging

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

Options = Mapping[Any, Sequence[cfg.Opt]]

#: A module lists our options, or registers options of a library or of nova.
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


def register_opts(conf: cfg.ConfigOpts, modules: Sequence[Any]) -> None:
    """Register the options of oslo.log, and of some modules.

    :param conf: the configuration to register them on
    :param modules: of :data:`MODULES`
    """
    logging.register_options(conf)
    set_log_defaults()
    for module in modules:
        if hasattr(module, 'register_opts'):
            module.register_opts(conf)
        else:
            register(conf, module.list_opts())


def register(conf: cfg.ConfigOpts, options: Options) -> None:
    """Register options by their group, which is an object or DEFAULT."""
    for group, opts in options.items():
        if isinstance(group, cfg.OptGroup):
            # Else oslo.config would share what is set among all
            # configurations.
            conf.register_group(copy.deepcopy(group))
            conf.register_opts(opts, group.name)
        else:
            conf.register_opts(opts)


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


def list_opts() -> list[tuple[cfg.OptGroup | str, list[cfg.Opt]]]:
    """Return every option of nova_sg, by group.

    oslo.concurrency, oslo.db, oslo.log and oslo.messaging list their own
    under their own entry points.
    """
    groups: dict[cfg.OptGroup | str, list[cfg.Opt]] = {}
    for module in MODULES:
        if hasattr(module, 'list_opts'):
            for group, options in module.list_opts().items():
                groups.setdefault(group, []).extend(options)
    return list(groups.items())


def own_options() -> Iterator[tuple[str, cfg.Opt]]:
    """Yield the options of nova_sg, each with the name of its group."""
    for group, options in list_opts():
        for option in options:
            yield getattr(group, 'name', group), option


def own_groups() -> list[str]:
    """Return the groups in which an unknown option is a typo."""
    return [*_OWN_GROUPS, *(group.name for group in drivers.list_opts())]


def set_lib_defaults() -> None:
    """Show our defaults where the options are a library's."""
    # Imported here: see nova_sg.conf.register_messaging.
    from nova_sg.conf import transport

    set_log_defaults()
    database.set_lib_defaults()
    transport.set_lib_defaults()
