# SPDX-License-Identifier: Apache-2.0

"""The options of nova_sg on nova's own configuration.

nova keeps every option on one global object, and does not know the groups
``[servicegroup]``, ``[inventory]`` and those of the drivers. They are
registered there, so that nova.conf is the only file to edit. What nova has an
option for is read from nova's.
"""

from collections.abc import Sequence
import copy
from typing import Any

from nova import conf as nova_conf
from oslo_config import cfg

from nova_sg import conf as sg_conf
from nova_sg.conf import database
from nova_sg.conf import drivers
from nova_sg.conf import history
from nova_sg.conf import inventory
from nova_sg.conf import monitoring
from nova_sg.conf import opts as sg_opts
from nova_sg.conf import paths
from nova_sg.conf import servicegroup
from nova_sg.conf import values
from nova_sg.nova_tree import takeover

CONF = nova_conf.CONF

#: Options of ``[servicegroup]`` which nova has itself, by another name or as
#: another thing, such as its remotable objects.
NOVAS = frozenset({'report_interval', 'service_down_time', 'use_conductor'})

_DRIVER_HELP = """
The driver of nova_sg that owns the services of this nova.

Unset, nova keeps its services as ``servicegroup_driver`` says. With ``db``
they are in nova's own table, written by nova's own functions. Every process
of a deployment must have the same value.
"""


def registered() -> list[tuple[cfg.OptGroup, Sequence[cfg.Opt]]]:
    """Return what is registered on nova's configuration, by group."""
    return [
        (servicegroup.servicegroup_group, _servicegroup_opts()),
        (inventory.inventory_group, inventory.inventory_opts),
        (history.history_group, history.history_opts),
        (monitoring.monitoring_group, monitoring.monitoring_opts),
        *drivers.list_opts().items(),
    ]


def _servicegroup_opts() -> list[cfg.Opt]:
    opts = []
    for opt in servicegroup.servicegroup_opts:
        if opt.name in NOVAS:
            continue
        if opt.name == 'driver':
            # Unset means nova's own here, and not db.
            opt = copy.copy(opt)
            opt.default, opt.help = None, _DRIVER_HELP
        opts.append(opt)
    return opts


class Options(takeover.Takeover):
    """Registers our groups, and nothing in nova's.

    They stay when everything else is given back: oslo.config takes none away
    once it has read a file.
    """

    name = 'the options'

    def check(self) -> None:
        for group, opts in registered():
            ours = {opt.dest for opt in opts}
            if group.name in CONF and not ours.issuperset(CONF[group.name]):
                self.unexpected(
                    f'nova.conf to have no options of [{group.name}]'
                )
        for name in (
            'default_availability_zone',
            'enable_new_services',
            'internal_service_availability_zone',
            'report_interval',
            'service_down_time',
            'servicegroup_driver',
        ):
            if name not in CONF:
                self.unexpected(f'nova.conf to have the option {name}')

    def take(self, patches: takeover.Patches) -> None:
        sg_opts.register(CONF, dict(registered()))


def check_values() -> None:
    """Read every option of ours, so that a bad value stops a process early.

    :raises InvalidConfiguration: naming the option and its group
    """
    for group, _ in registered():
        values.check_group(CONF, group.name)


def load_for_moving() -> cfg.ConfigOpts:
    """Return a configuration to move services with, from nova's files.

    Both sides of a move are asked as standing alone, the cell's database
    past nova's functions: it needs the marker that nova has no place for.

    :raises InvalidConfiguration: naming the option that cannot be used
    """
    return sg_conf.load(
        CONF.config_file,
        CONF.config_dir or (),
        modules=(
            database,
            drivers,
            inventory,
            paths,
            servicegroup,
        ),
    )


class TreeConf:
    """nova's configuration, read as nova_sg reads its own.

    :param uses_conductor: this process has another one do its writing
    """

    #: nova's own functions see to this option of nova's.
    enable_new_services = True

    def __init__(self, *, uses_conductor: bool) -> None:
        self.servicegroup = _ServiceGroup(uses_conductor)

    def __getattr__(self, name: str) -> Any:
        return getattr(CONF, name)


class _ServiceGroup:
    """``[servicegroup]``, with what nova has by names of its own.

    Read once: nova reads them at start, too.
    """

    def __init__(self, uses_conductor: bool) -> None:
        self.use_conductor = uses_conductor
        self.report_interval = CONF.report_interval
        self.service_down_time = CONF.service_down_time

    def __getattr__(self, name: str) -> Any:
        return getattr(CONF.servicegroup, name)
