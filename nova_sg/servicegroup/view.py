# SPDX-License-Identifier: Apache-2.0

"""Records in memory: their indexes, and the filters of a list.

A backend that keeps a copy of the records, or that cannot filter by itself,
answers from here. SQL filters in its statements.
"""

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import functools
import operator
from typing import Unpack

from nova_sg.servicegroup import record


class View:
    """The live records of a cell at one moment. It never changes.

    An index is made when it is first asked for.

    :param by_uuid: live records
    :param following: where the changes begin that are not in it: the number
        of the first one
    """

    def __init__(
        self, by_uuid: Mapping[str, record.Record], following: int = 0
    ) -> None:
        self.by_uuid = by_uuid
        self.following = following

    @functools.cached_property
    def all(self) -> Sequence[record.Record]:
        """All records, by id."""
        return in_order(self.by_uuid.values())

    @functools.cached_property
    def uuids(self) -> Sequence[str]:
        """The uuids of all records."""
        return list(self.by_uuid)

    @functools.cached_property
    def by_id(self) -> Mapping[int, record.Record]:
        return {each.id: each for each in self.by_uuid.values()}

    @functools.cached_property
    def by_host(self) -> Mapping[str | None, Sequence[record.Record]]:
        """Records of each host, by id."""
        found: dict[str | None, list[record.Record]] = {}
        for each in self.all:
            found.setdefault(each.host, []).append(each)
        return found

    @functools.cached_property
    def by_name(
        self,
    ) -> Mapping[tuple[str | None, str | None], record.Record]:
        """Records by host and binary."""
        return {(each.host, each.binary): each for each in self.all}

    @functools.cached_property
    def by_topic(
        self,
    ) -> Mapping[tuple[str | None, str | None], record.Record]:
        """Records by host and topic."""
        return {(each.host, each.topic): each for each in self.all}

    @functools.cached_property
    def _lowest_versions(self) -> Mapping[str | None, int]:
        """By binary, but for services that are forced down: nova's rule."""
        lowest: dict[str | None, int] = {}
        for each in self.by_uuid.values():
            if not each.forced_down:
                version = lowest.get(each.binary, each.version)
                lowest[each.binary] = min(each.version, version)
        return lowest

    def minimum_versions(self, binaries: Iterable[str]) -> dict[str, int]:
        """See ``RecordStore.minimum_versions``."""
        lowest = self._lowest_versions
        return {each: lowest[each] for each in binaries if each in lowest}

    def of_hosts(
        self, binary: str, hosts: Iterable[str]
    ) -> Sequence[record.Record]:
        """Return the records of a binary on some hosts, in any order."""
        by_name = self.by_name
        found = (by_name.get((host, binary)) for host in set(hosts))
        return [each for each in found if each is not None]

    def select(
        self, **filters: Unpack[record.Filters]
    ) -> Sequence[record.Record]:
        """Return the records that all filters let through, by id."""
        host = filters.pop('host', None)
        records = self.all if host is None else self.by_host.get(host, ())
        return select(records, **filters)


def in_order(records: Iterable[record.Record]) -> list[record.Record]:
    """Return records by id, the order of every list."""
    # The first field of a record: the fastest way to get at it.
    return sorted(records, key=operator.itemgetter(0))


def select(
    records: Sequence[record.Record],
    *,
    host: str | None = None,
    binary: str | None = None,
    topic: str | None = None,
    disabled: bool | None = None,
) -> Sequence[record.Record]:
    """Return those of the records that all filters let through.

    A filter of None lets everything through.
    """
    if host is not None:
        records = [each for each in records if each.host == host]
    if binary is not None:
        records = [each for each in records if each.binary == binary]
    if topic is not None:
        records = [each for each in records if each.topic == topic]
    if disabled is not None:
        records = [each for each in records if each.disabled == disabled]
    return records
