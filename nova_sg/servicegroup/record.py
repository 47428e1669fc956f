# SPDX-License-Identifier: Apache-2.0

"""A service record: what the operator decided and what was so at start-up."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import datetime
import functools
import secrets
from typing import Any
from typing import NamedTuple
from typing import Self
from typing import TypedDict

from nova_sg import exception

#: The highest integer id: 31 bits, nova's column.
MAX_ID = 2**31 - 1

#: How far above a number in time an id is looked for where that is taken.
ABOVE = 2**20

#: The longest host, binary, topic or reason: nova's columns.
MAX_LENGTH = 255

#: Those of a nova's REST API, which register and never beat: they would always
#: be shown as down. nova's own REST API leaves them out.
API_BINARIES = frozenset({'nova-osapi_compute', 'nova-metadata'})


def ids_to_try(first: int | None = None) -> Iterator[int]:
    """Return ids for a new record, for a store that refuses those taken.

    There is no counter to contend for, or to lose.

    :param first: a number that grows with time, where the store has one at
        hand: lists show services by id. The next ones lie a little above it,
        so that a database to which the services move can go on counting.
    """
    low, span = 1, MAX_ID
    if first is not None and 0 < first <= MAX_ID - ABOVE:
        yield first
        low, span = first, ABOVE
    while True:
        yield low + secrets.randbelow(span)


class Filters(TypedDict, total=False):
    """Which records a list lets through: those with these values.

    A filter that is absent, or None, lets everything through.
    """

    host: str | None
    binary: str | None
    topic: str | None
    disabled: bool | None


class Record(NamedTuple):
    """One service, as a record store keeps it.

    A NamedTuple, since a list of services makes one for each of them.

    Times are aware and in UTC. ``report_count`` and ``last_seen_up`` are the
    membership's where it keeps them beside the record (``db``), and else
    what they were when the record was written.

    :param id: positive, fits 31 bits, never given to another service
    :param uuid: the key everything else refers to
    :param topic: the RPC topic; None for services without one
    :param deleted: 0 for a live record, else its id (nova's soft delete)
    """

    id: int
    uuid: str
    host: str | None
    binary: str | None
    topic: str | None
    report_count: int = 0
    disabled: bool = False
    disabled_reason: str | None = None
    forced_down: bool = False
    version: int = 0
    last_seen_up: datetime.datetime | None = None
    created_at: datetime.datetime | None = None
    updated_at: datetime.datetime | None = None
    deleted_at: datetime.datetime | None = None
    deleted: int = 0

    @classmethod
    def from_row(cls, row: Iterable[Any]) -> Self:
        """Build a record from values in the order of :data:`FIELDS`.

        For values which are typed already, and all there: a list of
        services does it for each, in a third of the constructor's time.
        """
        return tuple.__new__(cls, row)


#: Builds a record as :meth:`Record.from_row` does, from a tuple. For lists:
#: the call of a method takes half as long again.
of_values: Callable[[tuple[Any, ...]], Record] = functools.partial(
    tuple.__new__, Record
)

#: The names of a record's fields, in order.
FIELDS = Record._fields

#: What ``create`` takes; the store itself gives id, uuid (if absent), times.
CREATE_FIELDS = frozenset(
    {
        'uuid',
        'host',
        'binary',
        'topic',
        'report_count',
        'disabled',
        'disabled_reason',
        'forced_down',
        'version',
    }
)

#: What ``update`` takes: never soft state, which belongs to the membership.
UPDATE_FIELDS = CREATE_FIELDS - {'uuid', 'report_count'}


def named(records: Sequence[Record], most: int) -> str:
    """Return how a message names services.

    :param most: so many at most, and dots for the others
    """
    names = [f'{each.binary} on host {each.host}' for each in records]
    more = ['...'] if len(names) > most else []
    return ', '.join([*names[:most], *more])


def differences(copy: Record, original: Record) -> list[str]:
    """Return the names of the fields in which a copy is not the original.

    A time of the copy may lack the fraction of its second, in either
    direction: MySQL's columns do not keep it.
    """
    return [
        name
        for name in FIELDS
        if not _is_copied(getattr(copy, name), getattr(original, name))
    ]


def _is_copied(copy: Any, original: Any) -> bool:
    if copy == original:
        return True
    return (
        isinstance(copy, datetime.datetime)
        and isinstance(original, datetime.datetime)
        and copy.microsecond == 0
        and abs(copy - original) < datetime.timedelta(seconds=1)
    )


def check_values(values: Mapping[str, Any], allowed: frozenset[str]) -> None:
    """Refuse values no backend should have to refuse by itself.

    :param values: field names and values of a create or update
    :param allowed: :data:`CREATE_FIELDS` or :data:`UPDATE_FIELDS`
    :raises InvalidInput: naming the field and what is wrong with it
    """
    unknown = sorted(set(values) - allowed)
    if unknown:
        raise exception.InvalidInput(
            reason=f'{", ".join(unknown)} cannot be set'
        )
    for field in ('host', 'binary', 'topic', 'disabled_reason'):
        value = values.get(field)
        if value is not None:
            _check_text(field, value)
    for field in ('host', 'binary'):
        if field in values and not values[field]:
            raise exception.InvalidInput(reason=f'{field} must not be empty')


def _check_text(field: str, value: str) -> None:
    if not 1 <= len(value) <= MAX_LENGTH:
        raise exception.InvalidInput(
            reason=f'{field} must have 1 to {MAX_LENGTH} characters, '
            f'not {len(value)}'
        )
    try:
        value.encode()
    except UnicodeEncodeError:
        raise exception.InvalidInput(
            reason=f'{field} is not valid UTF-8'
        ) from None
    if field == 'disabled_reason':
        # It is free text, of one line or more, as in nova's REST API. NUL is
        # what PostgreSQL does not keep.
        if '\0' in value:
            raise exception.InvalidInput(reason=f'{field} has a NUL in it')
    elif not value.isprintable():
        raise exception.InvalidInput(
            reason=f'{field} has characters that cannot be printed'
        )
