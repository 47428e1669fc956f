# SPDX-License-Identifier: Apache-2.0

"""Which services REST shows, and how it writes what it shows of them."""

import datetime
from typing import Any

import orjson

from nova_sg import objects
from nova_sg.api import operation
from nova_sg.objects import times
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import record

#: They report no liveness, so they would always look down.
API_BINARIES = frozenset({'nova-osapi_compute', 'nova-metadata'})


def services(
    call: operation.Call,
    *,
    host: str | None = None,
    binary: str | None = None,
    disabled: bool | None = None,
    set_zones: bool = True,
) -> Any:
    """Return services with their state, by age, in one call.

    :param host: only those on this host
    :param binary: only those of this binary
    :param disabled: only those that are disabled, or enabled; not together
        with the others
    :param set_zones: with their zones, in one more
    """
    lists = objects.ServiceGroupServiceList
    if host is not None:
        found = lists.get_by_host(call.context, host, set_zones)
        # A host has a handful.
        return [each for each in found if binary in (None, each.binary)]
    if binary is not None:
        return lists.get_by_binary(call.context, binary, True, set_zones)
    return lists.get_all(call.context, disabled, set_zones)


def is_shown(service: objects.ServiceGroupService) -> bool:
    """Return whether a service reports its liveness."""
    return service.binary not in API_BINARIES


def may_exist(name: str) -> bool:
    """Return whether a record may bear a name; a backend may refuse others."""
    return len(name) <= record.MAX_LENGTH and name.isprintable()


def state(service: objects.ServiceGroupService) -> str:
    """Return ``up``, ``down``, or ``unknown``, without asking for it."""
    return service.state


def is_told(service: objects.ServiceGroupService) -> bool:
    """Return whether it is known of a listed service whether it is up."""
    return service.state != liveness.UNKNOWN


def status(service: objects.ServiceGroupService) -> str:
    return 'disabled' if service.disabled else 'enabled'


def time(moment: datetime.datetime | None) -> str | None:
    """Return a time, aware and in UTC, as nova's REST API writes it."""
    if moment is None or not moment.microsecond:
        return times.text(moment)
    # A third of the time, and a list shows thousands. Behind the fraction,
    # which it leaves out where that is zero, it writes the offset.
    return orjson.dumps(moment)[1:27].decode()
