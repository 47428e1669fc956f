# SPDX-License-Identifier: Apache-2.0

"""A record as a value on the wire: JSON with a format version.

For backends which keep a record as one value. A writer keeps the fields it
does not know, so that a newer peer's are not lost when an older one writes.
"""

from collections.abc import Mapping
import dataclasses
import datetime
import json
from typing import Any

from nova_sg import exception
from nova_sg.servicegroup import record

#: The format this code writes. A reader takes any value that has the fields
#: of a record; raise it only if a field changes its meaning.
FORMAT = 1

_TIMES = ('last_seen_up', 'created_at', 'updated_at', 'deleted_at')


@dataclasses.dataclass(frozen=True)
class Stored:
    """A record as read, with what this code does not know.

    :param unknown: fields of a newer writer, by name
    """

    record: record.Record
    unknown: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def encode(stored: Stored) -> bytes:
    """Return the value that keeps a record."""
    values: dict[str, Any] = dict(stored.unknown)
    values.update(stored.record._asdict(), format=FORMAT)
    for name in _TIMES:
        if values[name] is not None:
            values[name] = values[name].isoformat()
    return json.dumps(
        values, ensure_ascii=False, separators=(',', ':'), sort_keys=True
    ).encode()


def decode(value: bytes, where: str) -> Stored:
    """Return the record a value keeps.

    :param where: the value's key, for messages
    :raises RecordUnreadable: it is no record, or of a later format
    """
    try:
        values = json.loads(value)
        written = values.pop('format')
        if written > FORMAT:
            raise exception.RecordUnreadable(
                where=where, reason=f'it has format {written}, newer than here'
            )
        for name in _TIMES:
            if values[name] is not None:
                values[name] = datetime.datetime.fromisoformat(values[name])
        known = {name: values.pop(name) for name in record.FIELDS}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise exception.RecordUnreadable(
            where=where, reason=f'{type(error).__name__}: {error}'
        ) from error
    return Stored(record.Record(**known), values)
