# SPDX-License-Identifier: Apache-2.0

"""A record as the value of a key: JSON, for backends that have no columns.

Beside the fields of the record a value keeps two things:

``writes``
    the latest changes of the record, by the digests of their tokens. A change
    that is sent again finds its token here, and is not made twice.
``stamp``
    the field that holds the moment of this write. A backend that notes the
    time of each write fills it in when the value is read, so that no clock of
    a writer is in it.

A writer keeps every other field it finds: a newer version has put it there.
"""

import base64
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import datetime
import hashlib
import json
import sys
from typing import Any

from nova_sg import exception
from nova_sg.servicegroup import record as sg_record
from nova_sg.servicegroup.records import change

#: The format this code writes. A reader takes any value that has the fields
#: of a record; raise it only if a field changes its meaning.
FORMAT = 1

_TIMES = ('last_seen_up', 'created_at', 'updated_at', 'deleted_at')


@dataclasses.dataclass(frozen=True)
class Stored:
    """A record as read, and what else its value holds.

    :param writes: the latest changes, oldest first: the digest of the token,
        a colon, and when the change was made, in milliseconds since 1970; the
        digest alone for a change that was made when the value was written
    :param written_at: when the value was written by the backend's clock, in
        milliseconds since 1970; 0 where the backend does not note it
    :param unknown: fields of a newer writer, by name
    """

    record: sg_record.Record
    writes: Sequence[str] = ()
    written_at: int = 0
    unknown: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def holds(self, token: str) -> bool:
        """Return whether the change with a token is in this."""
        digest = _digest(token)
        return any(each.partition(':')[0] == digest for each in self.writes)

    def changed(
        self,
        token: str,
        to: sg_record.Record,
        *,
        most: int,
        fewest: int = 1,
        now: int = 0,
    ) -> 'Stored':
        """Return what is stored once the record is changed.

        Tokens older than ``change.KEPT`` seconds are dropped.

        :param token: of the change
        :param to: the record after it
        :param most: how many tokens are kept at most
        :param fewest: how many are kept however old they are
        :param now: the time of the change by the writer's clock, in
            milliseconds; 0 where the backend notes it
        """
        made = [(each, self._made_at(each)) for each in self.writes]
        newest = now or max((moment for _, moment in made), default=0)
        recent = len(made) + 1 - fewest
        kept = [
            each if ':' in each or not moment else f'{each}:{moment}'
            for position, (each, moment) in enumerate(made)
            if position >= recent or moment >= newest - change.KEPT * 1000
        ]
        mine = f'{_digest(token)}:{now}' if now else _digest(token)
        return dataclasses.replace(
            self, record=to, writes=(*kept, mine)[-most:]
        )

    def without(self, token: str) -> 'Stored':
        """Return this without the token of a change that was taken back."""
        digest = _digest(token)
        return dataclasses.replace(
            self,
            writes=[w for w in self.writes if w.partition(':')[0] != digest],
        )

    def _made_at(self, write: str) -> int:
        return int(write.partition(':')[2] or self.written_at)


def _digest(token: str) -> str:
    """Return a token in 11 characters: a value may hold hundreds."""
    made = hashlib.blake2b(token.encode(), digest_size=8).digest()
    return base64.urlsafe_b64encode(made).decode().rstrip('=')


def encode(stored: Stored, stamp: str | None = None) -> bytes:
    """Return the value that keeps a record.

    :param stamp: the field which holds the moment of this write
    """
    values: dict[str, Any] = dict(stored.unknown)
    values.update(stored.record._asdict(), format=FORMAT)
    for name in _TIMES:
        if values[name] is not None:
            values[name] = values[name].isoformat()
    if stored.writes:
        values['writes'] = list(stored.writes)
    if stamp is not None:
        values['stamp'] = stamp
    return json.dumps(
        values, ensure_ascii=False, separators=(',', ':'), sort_keys=True
    ).encode()


def decode(value: bytes, where: str, written_at: int = 0) -> Stored:
    """Return the record a value keeps.

    :param where: the value's key, for messages
    :param written_at: when the backend wrote the value, in milliseconds since
        1970; 0 where it does not tell
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
        known = {name: values.pop(name) for name in sg_record.FIELDS}
        for name in ('binary', 'topic'):
            if known[name] is not None:
                # Thousands of services have these in common: keep each once.
                known[name] = sys.intern(known[name])
        writes = tuple(values.pop('writes', ()))
        stamp = values.pop('stamp', None)
        if stamp is not None:
            known[stamp] = time_of(written_at)
        return Stored(sg_record.Record(**known), writes, written_at, values)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise exception.RecordUnreadable(
            where=where, reason=f'{type(error).__name__}: {error}'
        ) from error


def time_of(milliseconds: int) -> datetime.datetime:
    """Return a time of a backend's.

    :param milliseconds: since 1970
    """
    return datetime.datetime.fromtimestamp(
        milliseconds / 1000, tz=datetime.UTC
    )
