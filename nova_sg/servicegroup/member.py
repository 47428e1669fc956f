# SPDX-License-Identifier: Apache-2.0

"""A service as others hand it in: an object, a record, a row or a dict."""

from collections.abc import Mapping
import datetime
from typing import Any

from oslo_utils import timeutils

from nova_sg.servicegroup import record


def field(member: Any, name: str) -> Any:
    """Return a field of a service, None where it has none.

    An object's field that was left to be loaded is not loaded for this.
    """
    if isinstance(member, Mapping):
        return member.get(name)
    is_set = getattr(member, 'obj_attr_is_set', None)
    if is_set is not None and not is_set(name):
        return None
    return getattr(member, name, None)


def time(member: Any, name: str) -> datetime.datetime | None:
    """Return a time of a service in UTC; nova's may be text, or naive."""
    moment = field(member, name)
    if isinstance(moment, str):
        moment = timeutils.parse_isotime(moment)
    if moment is not None and moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return moment  # type: ignore[no-any-return]


def latest(
    created_at: datetime.datetime | None,
    *changes: datetime.datetime | None,
) -> datetime.datetime | None:
    """Return when a service last changed or beat: its ``updated_at``.

    :param created_at: no answer is older: a service that left shows an
        older beat than it had
    :param changes: its beats and changes, as far as they are known
    :returns: None where none is known
    """
    newest = None
    for moment in changes:
        if moment is not None and (newest is None or moment > newest):
            newest = moment
    if newest is None or created_at is None or newest > created_at:
        return newest
    return created_at


def identity(service: Any) -> record.Record:
    """Return what identifies a service, as a record."""
    return record.Record(
        id=field(service, 'id'),
        uuid=service.uuid,
        host=service.host,
        binary=service.binary,
        topic=service.topic,
    )
