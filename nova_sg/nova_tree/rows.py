# SPDX-License-Identifier: Apache-2.0

"""A service record as nova's database functions hand it out.

Their callers take a row for an object, for a mapping, and for both.
"""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import MutableMapping
import datetime
import operator
from typing import Any

from nova_sg.servicegroup import liveness as sg_liveness
from nova_sg.servicegroup import member
from nova_sg.servicegroup import record as sg_record

#: What stands for the columns that nova's oldest rows leave NULL.
DEFAULTS: Mapping[str, Any] = {
    'report_count': 0,
    'disabled': False,
    'forced_down': False,
    'version': 0,
    'deleted': 0,
}

_TIMES = frozenset({'last_seen_up', 'created_at', 'updated_at', 'deleted_at'})
_fields_of = operator.attrgetter(*sg_record.FIELDS)


class Row(MutableMapping[str, Any]):
    """What nova sees of a record; naive times, as of every row of nova's.

    :param record: the record
    :param liveness: what was read of its liveness along with it
    """

    def __init__(
        self,
        record: sg_record.Record,
        liveness: sg_liveness.Liveness | None = None,
    ) -> None:
        self.record = record
        self.liveness = liveness
        self._set: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name in self._set:
            return self._set[name]
        if name not in sg_record.FIELDS:
            raise KeyError(name)
        value = getattr(self.record, name)
        seen = None if self.liveness is None else self.liveness.last_seen
        if seen is not None and name == 'last_seen_up':
            value = seen
        elif seen is not None and name == 'updated_at':
            # As nova's own beats change it.
            value = member.latest(self.record.created_at, value, seen)
        if name in _TIMES and value is not None:
            return value.replace(tzinfo=None)
        return value

    def __setitem__(self, name: str, value: Any) -> None:
        self._set[name] = value

    def __delitem__(self, name: str) -> None:
        del self._set[name]

    def __iter__(self) -> Iterator[str]:
        yield from sg_record.FIELDS
        yield from self._set.keys() - set(sg_record.FIELDS)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith('_'):
            # While it is copied it has no attributes of its own yet.
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def record_of(row: Any) -> sg_record.Record:
    """Return a row of nova's, a dictionary or one of ours, as a record."""
    if isinstance(row, Row) and not row._set:
        return row.record
    if isinstance(row, MutableMapping | dict):
        values = {name: row.get(name) for name in sg_record.FIELDS}
    else:
        values = dict(zip(sg_record.FIELDS, _fields_of(row), strict=True))
    for name in _TIMES:
        if values[name] is not None:
            values[name] = _aware(values[name])
    for name, default in DEFAULTS.items():
        if values[name] is None:
            values[name] = default
    return sg_record.Record.from_row(values.values())


def liveness_of(row: Any) -> sg_liveness.Liveness | None:
    """Return what was read of the liveness of a service with its row."""
    return row.liveness if isinstance(row, Row) else None


def _aware(moment: Any) -> datetime.datetime:
    if isinstance(moment, datetime.datetime) and moment.tzinfo is None:
        return moment.replace(tzinfo=datetime.UTC)
    return member.time({'at': moment}, 'at')  # type: ignore[return-value]
