# SPDX-License-Identifier: Apache-2.0

"""Payloads as they are on the wire.

They are built as primitives: oslo keeps one registry of objects for the whole
process, by name, and a class of ours by the name of nova's would be handed
nova's messages.
"""

import datetime
from typing import Any

#: nova's names, and the version that has these fields.
_NAMESPACE = 'nova'
_STATUS = ('ServiceStatusPayload', '1.1')

#: Ours, for what nova does not tell.
#: Version 1.0: initial version
#: Version 1.1: reason, since, seen_at, seen_by
_OUR_NAMESPACE = 'nova_sg'
_STATE = ('ServiceGroupStatePayload', '1.1')


def status(service: Any) -> dict[str, Any]:
    """Return nova's payload of ``service.create``, ``update``, ``delete``."""
    return _payload(_NAMESPACE, *_STATUS, _fields(service))


def state(service: Any, *, up: bool, why: Any) -> dict[str, Any]:
    """Return the payload of ``service.state``: nova's, and the state.

    :param why: a ``servicegroup.reasons.Departure``
    """
    fields = {
        **_fields(service),
        'state': 'up' if up else 'down',
        'reason': why.reason,
        'since': _time(why.since),
        'seen_at': _time(why.last_seen),
        'seen_by': why.seen_by,
    }
    return _payload(_OUR_NAMESPACE, *_STATE, fields)


def _payload(
    namespace: str, name: str, version: str, fields: dict[str, Any]
) -> dict[str, Any]:
    return {
        'nova_object.namespace': namespace,
        'nova_object.name': name,
        'nova_object.version': version,
        'nova_object.data': fields,
    }


def _fields(service: Any) -> dict[str, Any]:
    return {
        'uuid': service.uuid,
        'host': service.host,
        'binary': service.binary,
        'topic': service.topic,
        'report_count': service.report_count,
        'disabled': service.disabled,
        'disabled_reason': service.disabled_reason,
        # As nova's: a record does not know its zone.
        'availability_zone': None,
        'last_seen_up': _time(service.last_seen_up),
        'forced_down': service.forced_down,
        'version': service.version,
    }


def _time(moment: datetime.datetime | None) -> str | None:
    """Return a time, aware and in UTC, as nova's objects write it."""
    return None if moment is None else moment.strftime('%Y-%m-%dT%H:%M:%SZ')
