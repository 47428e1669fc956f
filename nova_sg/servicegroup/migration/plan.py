# SPDX-License-Identifier: Apache-2.0

"""What two sides of a migration hold, and what is still to be done."""

from collections.abc import Collection
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.servicegroup import record
from nova_sg.servicegroup.records import base as records_base

Context = sg_context.RequestContext

#: Fields of a live record which beats change, here or there.
_SOFT = frozenset({'report_count', 'last_seen_up'})


@dataclasses.dataclass(frozen=True)
class Plan:
    """What makes a target the copy of a source.

    :param to_copy: records of the source which the target lacks
    :param there: how many it has already
    :param in_the_way: records of the target which the source does not have,
        or has otherwise
    """

    to_copy: Sequence[record.Record]
    there: int
    in_the_way: Sequence[record.Record]

    @property
    def empty(self) -> bool:
        """Whether there is nothing in the source."""
        return not (self.to_copy or self.there)


def make(
    context: Context,
    source: records_base.RecordStore,
    target: records_base.RecordStore,
) -> Plan:
    """Compare two record stores, live and destroyed services alike.

    :raises ServiceGroupUnavailable: one of them cannot be read
    :raises InvalidInput: a service has no uuid
    """
    wanted = _read(context, source)
    found = _read(context, target)
    same = {
        uuid
        for uuid, each in wanted.items()
        if uuid in found and not _differences(found[uuid], each)
    }
    return Plan(
        to_copy=[each for uuid, each in wanted.items() if uuid not in same],
        there=len(same),
        in_the_way=[each for uuid, each in found.items() if uuid not in same],
    )


def check(
    context: Context,
    store: records_base.RecordStore,
    written: Collection[record.Record],
) -> None:
    """See that a store holds records as they were written, field by field.

    :raises MigrationFailed: naming one that it does not
    """
    found = _read(context, store)
    for each in written:
        name = f'{each.binary} on host {each.host} ({each.uuid})'
        if each.uuid not in found:
            raise exception.MigrationFailed(reason=f'{name} is not there')
        differing = record.differences(found[each.uuid], each)
        if differing:
            raise exception.MigrationFailed(
                reason=f'{name} differs in {", ".join(differing)}'
            )


def _read(
    context: Context, store: records_base.RecordStore
) -> Mapping[str, record.Record]:
    """Return all records of a store by uuid, live and destroyed."""
    live = store.list(context)
    # In this order: what is destroyed meanwhile is in both, not in neither.
    found = [*live, *store.traces(context)]
    nameless = sum(not each.uuid for each in found)
    if nameless:
        raise exception.InvalidInput(
            reason=f'{nameless} service(s) of a nova before 16 have no uuid: '
            'run "nova-sg-manage db sync" first'
        )
    return {each.uuid: each for each in found}


def _differences(copy: record.Record, original: record.Record) -> set[str]:
    """Return the fields which an operator or a start would have changed."""
    differing = set(record.differences(copy, original))
    return differing if original.deleted else differing - _SOFT
