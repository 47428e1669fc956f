# SPDX-License-Identifier: Apache-2.0

"""The services of all cells, as the commands of nova-manage show them."""

from collections.abc import Sequence
import datetime
import time
from typing import Any
from typing import NamedTuple

from nova import context as nova_context
from nova import servicegroup
from nova.compute import api as compute_api

from nova_sg import exception
from nova_sg.nova_tree import errors
from nova_sg.nova_tree import reasons as tree_reasons
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup import record

#: Services which register and never report.
API_SERVICES = record.API_BINARIES

#: The state of such a service.
UNREPORTED = 'unreported'

_TOLD = frozenset({liveness.UP, liveness.DOWN})


class Shown(NamedTuple):
    """A service as the commands show it.

    :param state: ``up``, ``down``, ``unknown`` or ``unreported``
    :param disabled: None where only the names of the service are known, for
        its cell does not answer
    :param verdict: what is known of its liveness; None where nova's own rule
        decides, which keeps nothing
    :param why: why it is as it is, where that was asked for
    """

    uuid: str
    host: str
    binary: str
    availability_zone: str
    state: str
    disabled: bool | None = None
    forced_down: bool = False
    disabled_reason: str | None = None
    updated_at: datetime.datetime | None = None
    topic: str | None = None
    version: int | None = None
    verdict: liveness.Liveness | None = None
    why: reasons.Departure = reasons.Departure(reasons.UNKNOWN)


def services(
    host: str | None, binary: str | None, *, explained: bool = False
) -> Sequence[Shown]:
    """Return the services of all cells, as nova's REST API lists them.

    A service whose state is unknown does not hide the others.

    :param host: only services of this host
    :param binary: only services of this binary
    :param explained: ask why services are down, too
    :raises ServiceGroupUnavailable: nova's API database cannot be asked, or
        nothing can be told of any service
    """
    wanted = {
        name: value
        for name, value in (('host', host), ('binary', binary))
        if value is not None
    }
    group = servicegroup.API()
    with errors.as_ours():
        found = compute_api.HostAPI().service_get_all(
            nova_context.get_admin_context(),
            wanted,
            set_zones=True,
            all_cells=True,
            cell_down_support=True,
        )
    unknown: list[exception.ServiceGroupUnavailable] = []
    shown = [_show(group, each, unknown) for each in found]
    told = {each.state for each in shown} & _TOLD
    if unknown and not told:
        raise unknown[0]
    return _explained(found, shown) if explained else shown


def _explained(
    services: Sequence[Any], shown: Sequence[Shown]
) -> Sequence[Shown]:
    """Return services with the reasons why they are as they are.

    :param services: nova's objects
    :param shown: the same, as they are shown
    """
    known = {each.uuid: each.verdict or _by_state(each) for each in shown}
    why = tree_reasons.of([e for e in services if 'disabled' in e], known)
    return [
        each
        if each.state == UNREPORTED
        else each._replace(why=why.get(each.uuid, each.why))
        for each in shown
    ]


def _by_state(service: Shown) -> liveness.Liveness:
    """Return the verdict of nova's own rule."""
    up = service.state == liveness.UP
    unknown = None if service.state in _TOLD else service.state
    if service.forced_down:
        # By nova's rule it is down. It beats, or does not.
        unknown = None
    return liveness.Liveness(up, None, time.monotonic(), (), unknown)


def _show(
    group: Any, service: Any, unknown: list[exception.ServiceGroupUnavailable]
) -> Shown:
    """Return a service of nova as it is shown.

    :param unknown: takes the reason where its state is unknown
    """
    # Of a cell that is down nova knows these two.
    if 'disabled' not in service:
        name = f'{service.binary}@{service.host}'
        return Shown(name, service.host, service.binary, '', liveness.UNKNOWN)
    return Shown(
        service.uuid,
        service.host,
        service.binary,
        service.availability_zone,
        _state(group, service, unknown),
        service.disabled,
        service.forced_down,
        service.disabled_reason,
        group.get_updated_time(service),
        service.topic,
        service.version,
        _verdict(group, service),
    )


def _state(
    group: Any, service: Any, unknown: list[exception.ServiceGroupUnavailable]
) -> str:
    if service.binary in API_SERVICES:
        return UNREPORTED
    try:
        with errors.as_ours():
            up = group.service_is_up(service)
    except exception.ServiceGroupUnavailable as error:
        unknown.append(error)
        return liveness.UNKNOWN
    return liveness.UP if up else liveness.DOWN


def _verdict(group: Any, service: Any) -> liveness.Liveness | None:
    """Return what the driver knows of a service."""
    verdict = getattr(group._driver, 'verdict', None)
    if verdict is None or service.binary in API_SERVICES:
        return None
    try:
        with errors.as_ours():
            found: liveness.Liveness | None = verdict(service)
    except exception.ServiceGroupUnavailable as error:
        return liveness.Liveness(False, None, time.monotonic(), (), str(error))
    return found
