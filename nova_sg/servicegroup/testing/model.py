# SPDX-License-Identifier: Apache-2.0

"""What a driver should do, in plain Python."""

from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from nova_sg import exception
from nova_sg.servicegroup import record

#: Fields which the backend fills in, each in its own way.
NOT_MODELLED = (
    'report_count',
    'last_seen_up',
    'created_at',
    'updated_at',
    'deleted_at',
)


def plain(service: record.Record) -> dict[str, Any]:
    """Return the fields of a record that the model knows."""
    values = service._asdict()
    return {k: v for k, v in values.items() if k not in NOT_MODELLED}


class Model:
    """Records and verdicts, by uuid.

    :param ids: what services have had before; taken further here
    :ivar services: the fields of each record, ``deleted`` among them
    :ivar up: what is known for certain: a service that has beaten is up, one
        that has left is down
    """

    def __init__(self, ids: set[int]) -> None:
        self.ids = ids
        self.services: dict[str, dict[str, Any]] = {}
        self.up: dict[str, bool] = {}

    def add(self, service: record.Record) -> str:
        """Take in a record, and return its uuid."""
        assert service.id not in self.ids
        self.ids.add(service.id)
        self.services[service.uuid] = plain(service)
        return service.uuid

    def live(self, **filters: Any) -> Iterator[dict[str, Any]]:
        """Return live records by id, those which match all filters."""
        for each in sorted(self.services.values(), key=lambda s: s['id']):
            wanted = {k: v for k, v in filters.items() if v is not None}
            if not each['deleted'] and wanted.items() <= each.items():
                yield each

    def is_live(self, uuid: str) -> bool:
        return not self.services[uuid]['deleted']

    def first(self, **filters: Any) -> dict[str, Any] | None:
        return next(self.live(**filters), None)

    def next_id(self) -> int:
        """Return an id which no service has had."""
        return 1 + max(self.ids, default=0)

    def collision(
        self, values: Mapping[str, Any], mine: str | None = None
    ) -> type[exception.Conflict] | None:
        """Return the error that names which are taken must raise.

        :param mine: the uuid of the service which may have them
        """
        others = [
            each
            for each in self.live(host=values['host'])
            if each['uuid'] != mine
        ]
        if any(each['binary'] == values['binary'] for each in others):
            return exception.ServiceBinaryExists
        if values['topic'] is not None and any(
            each['topic'] == values['topic'] for each in others
        ):
            return exception.ServiceTopicExists
        return None

    def minimum_versions(self, binaries: Sequence[str]) -> dict[str, int]:
        versions: dict[str, int] = {}
        for each in self.live(forced_down=False):
            if each['binary'] in binaries:
                known = versions.get(each['binary'], each['version'])
                versions[each['binary']] = min(known, each['version'])
        return versions
