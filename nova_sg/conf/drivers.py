# SPDX-License-Identifier: Apache-2.0

"""The options of all installed drivers, ours and those of others.

A driver names its options in ``Driver.list_opts``. They are registered
whatever driver is configured: a bad value stops the process, and a typo in
the environment is a warning, before anybody switches to that driver.
"""

from collections.abc import Mapping
from collections.abc import Sequence

from oslo_config import cfg
from oslo_log import log as logging
import stevedore

LOG = logging.getLogger(__name__)

#: The entry points of drivers.
NAMESPACE = 'nova_sg.servicegroup.drivers'


def list_opts() -> dict[cfg.OptGroup, Sequence[cfg.Opt]]:
    """Return the options of all drivers that can be imported, by group.

    A driver without its library is left out, unless it can be imported
    without, as ours can. The loader names one that is configured and missing.
    """
    groups: dict[cfg.OptGroup, Sequence[cfg.Opt]] = {}
    drivers = stevedore.ExtensionManager(
        NAMESPACE, on_load_failure_callback=_note
    )
    for each in sorted(drivers, key=lambda each: each.name):
        found: Mapping[cfg.OptGroup, Sequence[cfg.Opt]]
        found = each.plugin.list_opts()
        groups.update(found)
    return groups


def _note(_manager: object, entry_point: object, error: BaseException) -> None:
    LOG.debug('No options of driver %s: %s', entry_point, error)
