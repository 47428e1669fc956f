# SPDX-License-Identifier: Apache-2.0

"""Service records in the state of the directory."""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
from typing import Any
from typing import Unpack

from oslo_config import cfg
from oslo_utils import uuidutils

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.servicegroup import marker
from nova_sg.servicegroup import record
from nova_sg.servicegroup import view
from nova_sg.servicegroup.records import base
from nova_sg.servicegroup.records import change
from nova_sg.servicegroup.records import codec
from nova_sg_toy import directory

#: Tokens of changes that a record keeps at most.
_TOKENS = 1000


class ToyRecordStore(base.RecordStore):
    """A value for each record, the destroyed ones among them."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__(conf)
        self._directory = directory.Directory(conf)

    @property
    def marker_store(self) -> marker.MarkerStore:
        return ToyMarkerStore(self._directory)

    # Reading: from the indexes of the live records.

    def get_by_uuid(
        self, context: sg_context.RequestContext, uuid: str
    ) -> record.Record:
        return _there(uuid, self._live().by_uuid.get(uuid))

    def get_by_id(
        self, context: sg_context.RequestContext, service_id: int
    ) -> record.Record:
        return _there(service_id, self._live().by_id.get(service_id))

    def get_by_host_and_binary(
        self, context: sg_context.RequestContext, host: str, binary: str
    ) -> record.Record | None:
        return self._live().by_name.get((host, binary))

    def get_by_host_and_topic(
        self, context: sg_context.RequestContext, host: str, topic: str
    ) -> record.Record | None:
        found = self._live().select(host=host, topic=topic, disabled=False)
        return next(iter(found), None)

    def list(
        self,
        context: sg_context.RequestContext,
        **filters: Unpack[record.Filters],
    ) -> Sequence[record.Record]:
        return self._live().select(**filters)

    def traces(
        self, context: sg_context.RequestContext
    ) -> Sequence[record.Record]:
        found = (each.record for each in _stored(self._directory.read()))
        return view.in_order(each for each in found if each.deleted)

    def minimum_versions(
        self, context: sg_context.RequestContext, binaries: Iterable[str]
    ) -> dict[str, int]:
        return self._live().minimum_versions(binaries)

    def made(
        self, context: sg_context.RequestContext, uuid: str | None = None
    ) -> record.Record | None:
        return _made(context, self._directory.read())

    # Changing: once, under the lock, with the token in the same value.

    def create(
        self, context: sg_context.RequestContext, values: Mapping[str, Any]
    ) -> record.Record:
        uuid = values.get('uuid') or uuidutils.generate_uuid()
        now = self._directory.now()
        with self._directory.change() as state:
            if (made := _made(context, state)) is not None:
                return made
            if uuid in state['services']:
                raise exception.ServiceExists(service_id='new', uuid=uuid)
            state['last_id'] += 1
            given = {'topic': None, **values, 'uuid': uuid}
            new = record.Record(
                id=state['last_id'], created_at=codec.time_of(now), **given
            )
            return _put(context, state, new, now)

    def update(
        self,
        context: sg_context.RequestContext,
        uuid: str,
        changes: Mapping[str, Any],
    ) -> record.Record:
        now = self._directory.now()
        with self._directory.change() as state:
            if (made := _made(context, state)) is not None:
                return made
            there = _there(uuid, _live(state).by_uuid.get(uuid))
            changed = there._replace(updated_at=codec.time_of(now), **changes)
            return _put(context, state, changed, now)

    def destroy(self, context: sg_context.RequestContext, uuid: str) -> None:
        now = self._directory.now()
        with self._directory.change() as state:
            if _made(context, state) is not None:
                return
            there = _there(uuid, _live(state).by_uuid.get(uuid))
            gone = there._replace(
                deleted=there.id, deleted_at=codec.time_of(now)
            )
            _put(context, state, gone, now)

    def restore(
        self, context: sg_context.RequestContext, restored: record.Record
    ) -> None:
        now = self._directory.now()
        with self._directory.change() as state:
            there = [each.record for each in _stored(state)]
            if restored in there or _made(context, state) is not None:
                return
            if any(
                each.id == restored.id or each.uuid == restored.uuid
                for each in there
            ):
                raise exception.ServiceExists(
                    service_id=restored.id, uuid=restored.uuid
                )
            state['last_id'] = max(state['last_id'], restored.id)
            _put(context, state, restored, now)

    def purge(
        self, context: sg_context.RequestContext, uuids: Sequence[str]
    ) -> None:
        with self._directory.change() as state:
            for uuid in uuids:
                state['services'].pop(uuid, None)

    def _live(self) -> view.View:
        return _live(self._directory.read())


class ToyMarkerStore(marker.MarkerStore):
    """A part of the state.

    :param shared: the directory that is marked
    """

    def __init__(self, shared: directory.Directory) -> None:
        self._directory = shared
        self.name = shared.name

    def read(self) -> marker.Marker | None:
        return _marker(self._directory.read())

    def claim(self, ours: marker.Marker) -> marker.Marker:
        with self._directory.change() as state:
            if not state['marker']:
                state['marker'] = dataclasses.asdict(ours)
            return _marker(state) or ours

    def move(self, theirs: marker.Marker, ours: marker.Marker) -> bool:
        with self._directory.change() as state:
            if _marker(state) != theirs:
                return False
            state['marker'] = dataclasses.asdict(ours)
            return True


def _marker(state: dict[str, Any]) -> marker.Marker | None:
    return marker.Marker(**state['marker']) if state['marker'] else None


def _stored(state: dict[str, Any]) -> Iterator[codec.Stored]:
    """Return all records, and what else their values hold."""
    for uuid, value in state['services'].items():
        yield codec.decode(value, uuid)


def _live(state: dict[str, Any]) -> view.View:
    found = (each.record for each in _stored(state))
    return view.View({each.uuid: each for each in found if not each.deleted})


def live_uuids(shared: directory.Directory) -> set[str]:
    """Return the uuids of services that were not destroyed."""
    return set(_live(shared.read()).by_uuid)


def _there(
    service_id: str | int, found: record.Record | None
) -> record.Record:
    if found is None:
        raise exception.ServiceNotFound(service_id=service_id)
    return found


def _made(
    context: sg_context.RequestContext, state: dict[str, Any]
) -> record.Record | None:
    """Return the record that this change was made to, None if it was not."""
    token = change.token_of(context)
    made = (each.record for each in _stored(state) if each.holds(token))
    return next(made, None)


def _put(
    context: sg_context.RequestContext,
    state: dict[str, Any],
    service: record.Record,
    now: int,
) -> record.Record:
    """Put a record into the state, where its names are free."""
    if not service.deleted and service.host is not None:
        host, binary, topic = service.host, service.binary, service.topic
        live = _live(state)
        if _is_another(live.by_name.get((host, binary)), service):
            raise exception.ServiceBinaryExists(host=host, binary=binary)
        if topic and _is_another(live.by_topic.get((host, topic)), service):
            raise exception.ServiceTopicExists(host=host, topic=topic)
    value = state['services'].get(service.uuid)
    # Fields which a newer version wrote stay.
    there = codec.decode(value, service.uuid) if value else None
    stored = (there or codec.Stored(service)).changed(
        change.token_of(context), service, most=_TOKENS, now=now
    )
    state['services'][service.uuid] = codec.encode(stored).decode()
    return service


def _is_another(found: record.Record | None, service: record.Record) -> bool:
    return found is not None and found.uuid != service.uuid
