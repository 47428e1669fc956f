# SPDX-License-Identifier: Apache-2.0

"""What JSON carries of the inventory, of liveness and of reasons."""

from collections.abc import Mapping
import dataclasses
import datetime
import time
import typing
from typing import Any

from oslo_utils import timeutils

from nova_sg import exception
from nova_sg.inventory import base as inventory_base
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import member
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup.history import base as history_base

#: What may be called from elsewhere, and of which class the results are;
#: None for results that are as JSON has them.
METHODS: Mapping[str, type | None] = {
    'zones': None,
    'set_zone': None,
    'leave_aggregates': None,
    'aggregates': inventory_base.Aggregate,
    'aggregate': inventory_base.Aggregate,
    'compute_nodes': inventory_base.ComputeNode,
    'compute_node': inventory_base.ComputeNode,
    'hosts_of_type': None,
    'report': None,
    'remove_compute_nodes': None,
    'instances': inventory_base.Instance,
    'instances_by_host': inventory_base.Instance,
    'count_instances': None,
}

#: Those of them which are decisions; they take the token of the change. The
#: others that write say how things are, and may be done twice.
DECISIONS = frozenset({'set_zone'})


def dump(value: Any) -> Any:
    """Return what JSON can carry of a value of the inventory."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dump(dataclasses.asdict(value))
    if isinstance(value, Mapping):
        return {name: dump(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [dump(each) for each in value]
    if isinstance(value, datetime.datetime):
        return _text(value)
    return value


def load(kind: type, values: Mapping[str, Any]) -> Any:
    """Return a dataclass from what :func:`dump` made of it.

    Fields which only the sender knows are left out.

    :param kind: the dataclass
    :raises TypeError: a field without a default is missing
    """
    return kind(
        **{
            field.name: _typed(field, values[field.name])
            for field in dataclasses.fields(kind)
            if field.name in values
        }
    )


def load_result(name: str, result: Any) -> Any:
    """Return what a method of the inventory returned.

    :param name: of :data:`METHODS`
    """
    kind = METHODS[name]
    if kind is None or result is None:
        return result
    if isinstance(result, list):
        return [load(kind, each) for each in result]
    if name == 'instances_by_host':
        return {
            host: [load(kind, each) for each in there]
            for host, there in result.items()
        }
    return load(kind, result)


def _typed(field: 'dataclasses.Field[Any]', value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    kinds = (field.type, *typing.get_args(field.type))
    if isinstance(value, str) and datetime.datetime in kinds:
        return timeutils.parse_isotime(value)
    return value


def dump_liveness(verdict: liveness.Liveness) -> dict[str, Any]:
    """Return what JSON can carry of a verdict: its age for its moment.

    A peer that is older, and does not know doubt, reads why in "unknown".
    """
    now = time.monotonic()
    why = verdict.unknown
    return {
        'up': verdict.up,
        'last_seen': _text(verdict.last_seen),
        'age': now - verdict.known_at,
        'members': [
            [each.pid, _text(each.started_at), each.ttl]
            for each in verdict.members
        ],
        'unknown': None if why is None else str(why),
        'doubt': {'since': now - why.since, 'until': why.until - now}
        if isinstance(why, liveness.Doubt)
        else None,
    }


def load_liveness(values: Mapping[str, Any]) -> liveness.Liveness:
    """Return a verdict from what :func:`dump_liveness` made of it.

    A peer that is older leaves fields out; one that is newer adds some.
    """
    now = time.monotonic()
    why = values.get('unknown')
    doubtful = values.get('doubt')
    if why is not None and doubtful is not None:
        why = liveness.Doubt(
            now - doubtful['since'], now + doubtful['until'], why
        )
    return liveness.Liveness(
        values['up'],
        member.time(values, 'last_seen'),
        now - values['age'],
        tuple(
            liveness.Member(
                pid, timeutils.parse_isotime(started_at).timestamp(), ttl
            )
            for pid, started_at, ttl in values['members']
        ),
        why,
    )


def dump_question(question: history_base.Question) -> dict[str, Any]:
    """Return what JSON can carry of a question about the history."""
    uuids = question.uuids
    return {
        **question._asdict(),
        'uuids': None if uuids is None else sorted(uuids),
        'since': _text(question.since),
    }


def load_question(values: Any) -> history_base.Question:
    """Return a question from what :func:`dump_question` made of it.

    :raises InvalidInput: it is none
    """
    try:
        known = {name: values[name] for name in history_base.Question._fields}
        limit = int(known['limit'])
        return history_base.Question(
            **{
                **known,
                'since': member.time(known, 'since'),
                'limit': max(1, min(limit, history_base.MOST)),
            }
        )
    except (KeyError, TypeError, ValueError) as error:
        raise exception.InvalidInput(
            reason='this is no question about the history'
        ) from error


def dump_departure(why: reasons.Departure) -> dict[str, Any]:
    """Return what JSON can carry of why a service is down."""
    return dump(why._asdict())  # type: ignore[no-any-return]


def load_departure(values: Mapping[str, Any]) -> reasons.Departure:
    """Return what :func:`dump_departure` was given, of a peer of any age."""
    return reasons.Departure(
        values['reason'],
        member.time(values, 'since'),
        member.time(values, 'last_seen'),
        values.get('seen_by'),
    )


def _text(moment: datetime.datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
