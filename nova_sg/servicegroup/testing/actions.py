# SPDX-License-Identifier: Apache-2.0

"""What the processes and threads of a test are told to do.

Each takes the API first. Times at which they start together are those of
``time.monotonic()``, which all processes of a machine share.
"""

from collections.abc import Mapping
from collections.abc import Sequence
import itertools
import os
import time
from typing import Any
from typing import NamedTuple

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.servicegroup import api as sg_api
from nova_sg.servicegroup import heartbeat
from nova_sg.servicegroup import invocation as sg_invocation
from nova_sg.servicegroup import marker
from nova_sg.servicegroup import record
from nova_sg.servicegroup.membership import base as membership_base

#: Seconds after which an action that should have ended is given up.
TOO_LONG = 20

#: What this process has joined, by uuid.
_handles: dict[str, membership_base.Handle] = {}
_heartbeats: dict[str, heartbeat.Heartbeat] = {}


def wait_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))


def warm_up(api: sg_api.API) -> None:
    """Connect, so that nobody comes late to the start."""
    api.list(sg_context.get_admin_context())


def create_each(
    api: sg_api.API,
    moments: Sequence[float],
    values: Sequence[Mapping[str, Any]],
) -> list[record.Record | str]:
    """Create services, each at its moment.

    :returns: for each the record, or the name of the error
    """
    made: list[record.Record | str] = []
    for moment, each in zip(moments, values, strict=True):
        wait_until(moment)
        try:
            made.append(api.create(sg_context.get_admin_context(), each))
        except exception.NovaSgException as error:
            made.append(type(error).__name__)
    return made


def update_each(
    api: sg_api.API,
    moment: float,
    uuid: str,
    field: str,
    values: Sequence[Any],
) -> list[Any]:
    """Give one field one value after the other.

    :returns: what the field was after each update
    """
    wait_until(moment)
    return [
        getattr(
            api.update(sg_context.get_admin_context(), uuid, {field: value}),
            field,
        )
        for value in values
    ]


def update_once(
    api: sg_api.API, token: str | None, uuid: str, changes: Mapping[str, Any]
) -> record.Record:
    """Update a record; the change has this token."""
    context = sg_context.get_admin_context()
    context.change = token
    return api.update(context, uuid, changes)


class Written(NamedTuple):
    """A version that was written.

    :param acknowledged: ``time.monotonic()`` when the call had returned
    """

    version: int
    acknowledged: float


def count_up(
    api: sg_api.API, moment: float, seconds: float, uuid: str
) -> list[Written]:
    """Count the version of a service up, as fast as it goes."""
    context = sg_context.get_admin_context()
    written = []
    wait_until(moment)
    for version in itertools.count(1):
        if time.monotonic() > moment + seconds:
            break
        api.driver.records.update(context, uuid, {'version': version})
        written.append(Written(version, time.monotonic()))
    return written


def update_until_gone(api: sg_api.API, moment: float, uuid: str) -> int:
    """Update a record until it is not found, or that takes far too long.

    :returns: how many updates there were
    """
    wait_until(moment)
    number = 0
    while time.monotonic() < moment + TOO_LONG:
        changes = {'disabled_reason': f'change {number}'}
        try:
            api.update(sg_context.get_admin_context(), uuid, changes)
        except exception.ServiceNotFound:
            break
        number += 1
    return number


def destroy(api: sg_api.API, moment: float, uuid: str) -> bool:
    """Destroy a record.

    :returns: whether it was there
    """
    wait_until(moment)
    try:
        api.driver.records.destroy(sg_context.get_admin_context(), uuid)
    except exception.ServiceNotFound:
        return False
    return True


def churn(
    api: sg_api.API, moment: float, times: int, values: Mapping[str, Any]
) -> list[int]:
    """Create a service and destroy it again, in rivalry with others.

    :returns: the ids of the records it created
    """
    context = sg_context.get_admin_context()
    ids = []
    wait_until(moment)
    for _ in range(times):
        try:
            made = api.create(context, values)
        except exception.ServiceBinaryExists:
            continue
        ids.append(made.id)
        api.destroy(context, made.uuid)
    return ids


def restore(api: sg_api.API, moment: float, restored: record.Record) -> None:
    wait_until(moment)
    api.driver.records.restore(sg_context.get_admin_context(), restored)


def claim(
    api: sg_api.API, moment: float, ours: marker.Marker
) -> list[marker.Marker]:
    """Claim every backend of the deployment.

    :returns: the markers that are there afterwards
    """
    wait_until(moment)
    return [store.claim(ours) for store in api.driver.marker_stores()]


def write_forever(api: sg_api.API) -> None:
    """Create, change, beat for and destroy services, without an end."""
    context = sg_context.get_admin_context()
    for number in itertools.count():
        made = api.create(
            context, {'host': f'busy{number}', 'binary': 'nova-compute'}
        )
        handles = api.join_many(context, [made])
        api.update(
            context, made.uuid, {'disabled': True, 'disabled_reason': 'busy'}
        )
        for handle in handles:
            handle.beat(context)
        if number % 2:
            api.destroy(context, made.uuid)


def belong_to(api: sg_api.API, invocation: str | None) -> None:
    """Have this process be one of a run of a unit, or of none."""
    if invocation is None:
        os.environ.pop(sg_invocation.VARIABLE, None)
    else:
        os.environ[sg_invocation.VARIABLE] = invocation


def join(api: sg_api.API, joined: record.Record) -> None:
    """Join for a service, and do not beat by itself."""
    context = sg_context.get_admin_context()
    handle = api.driver.membership.join(context, joined)
    _handles[joined.uuid] = handle


def join_and_beat(api: sg_api.API, joined: record.Record) -> None:
    """Join for a service, and beat from a thread of this process."""
    join(api, joined)
    beats = heartbeat.Heartbeat(
        api.driver.membership,
        sg_context.get_admin_context(),
        api.conf.servicegroup.report_interval,
    )
    beats.add([_handles[joined.uuid]])
    beats.start()
    _heartbeats[joined.uuid] = beats


def beat(api: sg_api.API, joined: record.Record) -> None:
    _handles[joined.uuid].beat(sg_context.get_admin_context())


def beat_often(
    api: sg_api.API, moment: float, joined: record.Record, times: int
) -> None:
    """Join for a service and beat, as fast as it goes."""
    context = sg_context.get_admin_context()
    handle = api.driver.membership.join(context, joined)
    wait_until(moment)
    for _ in range(times):
        handle.beat(context)


def leave(api: sg_api.API, joined: record.Record) -> None:
    """Stop beating for a service, and leave."""
    if joined.uuid in _heartbeats:
        _heartbeats.pop(joined.uuid).stop()
    _handles.pop(joined.uuid).leave(sg_context.get_admin_context())


def report(api: sg_api.API, uuids: Sequence[str]) -> list[str]:
    """Beat for services which joined elsewhere.

    :returns: the uuids of those which are gone
    """
    context = sg_context.get_admin_context()
    return list(api.driver.membership.report(context, uuids))


def service_is_up(api: sg_api.API, service: record.Record) -> bool:
    return api.service_is_up(service)


def reason_of(api: sg_api.API, uuid: str) -> str | None:
    context = sg_context.get_admin_context()
    return api.driver.records.get_by_uuid(context, uuid).disabled_reason
