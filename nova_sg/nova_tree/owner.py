# SPDX-License-Identifier: Apache-2.0

"""The owner of the services of this nova: nova_sg, or nova itself.

nova reads its configuration late, forks, and in tests changes it all the
time. So no caller keeps the answer: each asks again whenever it matters.
"""

import functools
from typing import Any

from nova import conf as nova_conf
from nova.objects import base as objects_base

from nova_sg import servicegroup
from nova_sg.inventory import none
from nova_sg.notifications import base as notifications_base
from nova_sg.nova_tree import errors
from nova_sg.nova_tree import moved
from nova_sg.nova_tree import options
from nova_sg.nova_tree import records
from nova_sg.servicegroup import loader
from nova_sg.servicegroup import plugins

CONF = nova_conf.CONF

#: The value of ``[servicegroup] beats`` for heartbeats of ours.
GROUPED = 'grouped'

_api: servicegroup.API | None = None
_made_for: Any = None


def driver() -> str | None:
    """Return ``[servicegroup] driver``; None where nova_sg is not wanted."""
    name: str | None = CONF.servicegroup.driver
    return name


def has_novas_scheme() -> bool:
    """Whether the driver is nova's own scheme.

    That is nova's table, written by nova's own functions and aged by nova's
    own rule.

    :raises InvalidConfiguration: there is no such driver
    """
    name = driver()
    return name is not None and _is_novas_scheme(name)


@functools.cache
def _is_novas_scheme(name: str) -> bool:
    return bool(plugins.driver_named(name).novas_scheme)


def groups_beats() -> bool:
    """Whether heartbeats are grouped, on nova's own table."""
    return has_novas_scheme() and CONF.servicegroup.beats == GROUPED


def check() -> None:
    """See at start that the options can be worked with.

    :raises InvalidConfiguration: naming the option that cannot be used
    """
    if has_novas_scheme():
        loader.driver_class(CONF).check_records(CONF)
    else:
        get()


def get() -> servicegroup.API | None:
    """Return the owner of the services, None where they stay nova's.

    Nothing is connected before it is asked for something.

    :raises InvalidConfiguration: naming the option that cannot be used
    """
    global _api, _made_for
    if driver() is None or has_novas_scheme():
        return None
    wanted = _configuration()
    if _api is None or wanted != _made_for:
        _api, _made_for = _make(), wanted
    return _api


def keeps_rows(api: servicegroup.API) -> bool:
    """Whether services are rows of nova's table, as in a stock nova.

    Then only their liveness is elsewhere, and nova may read the table itself
    for what does not depend on that.
    """
    return isinstance(api.driver.records, records.NovaRecordStore)


def check_cell(api: servicegroup.API, context: Any) -> None:
    """Refuse to go on with nova's table where services have moved away.

    :param context: nova's, which leads to the database of a cell
    :raises DeploymentMismatch, ServiceGroupUnavailable, CredentialRefused: see
        :func:`.moved.refuse`
    """
    if keeps_rows(api):
        with errors.as_ours():
            moved.refuse(context, api.driver.records.ours)


def _configuration() -> Any:
    """Return what an API reads once; nova's tests change it."""
    return (
        CONF.servicegroup.driver,
        CONF.servicegroup.records,
        CONF.report_interval,
        CONF.service_down_time,
        objects_base.NovaObject.indirection_api is None,
    )


def _make() -> servicegroup.API:
    options.check_values()
    conf: Any = options.TreeConf(
        uses_conductor=objects_base.NovaObject.indirection_api is not None
    )
    store = None
    if loader.records_class(conf).uses_database:
        store = records.NovaRecordStore(conf)
    return servicegroup.API(
        conf,
        loader.load(conf, store),
        # Compute nodes and aggregates are nova's own.
        none.NoInventory(conf),
        # So are the notifications.
        notifications_base.Silent(),
        # nova's objects do, before they get here.
        checks_floor=False,
    )
