# SPDX-License-Identifier: Apache-2.0

"""Service records in the state of the directory."""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import datetime
from typing import Any

from oslo_config import cfg
from oslo_utils import uuidutils

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.servicegroup import marker
from nova_sg.servicegroup import record
from nova_sg.servicegroup.records import base
from nova_sg.servicegroup.records import change
from nova_sg_toy import directory

_TIMES = ('last_seen_up', 'created_at', 'updated_at', 'deleted_at')


class ToyRecordStore(base.RecordStore):
    """A JSON object for each record, the destroyed ones among them."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__(conf)
        self._directory = directory.Directory(conf)

    @property
    def marker_store(self) -> marker.MarkerStore:
        return ToyMarkerStore(self._directory)

    def create(
        self, context: sg_context.RequestContext, values: Mapping[str, Any]
    ) -> record.Record:
        uuid = values.get('uuid') or uuidutils.generate_uuid()
        now = self._directory.now()
        with self._directory.change() as state:
            made_before = self._changed(context, state, uuid, now)
            if made_before is not None:
                return made_before
            if uuid in state['services']:
                raise exception.ServiceExists(service_id='new', uuid=uuid)
            state['last_id'] += 1
            given = {'topic': None, **values, 'uuid': uuid}
            made = record.Record(
                id=state['last_id'], created_at=_moment(now), **given
            )
            self._put(state, made)
        return made

    def get_by_uuid(
        self, context: sg_context.RequestContext, uuid: str
    ) -> record.Record:
        return _first(uuid, self._live(uuid=uuid))

    def get_by_id(
        self, context: sg_context.RequestContext, service_id: int
    ) -> record.Record:
        return _first(service_id, self._live(id=service_id))

    def get_by_host_and_binary(
        self, context: sg_context.RequestContext, host: str, binary: str
    ) -> record.Record | None:
        return next(self._live(host=host, binary=binary), None)

    def get_by_host_and_topic(
        self, context: sg_context.RequestContext, host: str, topic: str
    ) -> record.Record | None:
        return next(self._live(host=host, topic=topic, disabled=False), None)

    def list(
        self,
        context: sg_context.RequestContext,
        *,
        host: str | None = None,
        binary: str | None = None,
        topic: str | None = None,
        disabled: bool | None = None,
    ) -> Sequence[record.Record]:
        found = self._live(
            host=host, binary=binary, topic=topic, disabled=disabled
        )
        return sorted(found, key=lambda each: each.id)

    def traces(
        self, context: sg_context.RequestContext
    ) -> Sequence[record.Record]:
        found = map(_from_json, self._directory.read()['services'].values())
        return sorted(
            (each for each in found if each.deleted), key=lambda each: each.id
        )

    def update(
        self,
        context: sg_context.RequestContext,
        uuid: str,
        changes: Mapping[str, Any],
    ) -> record.Record:
        now = self._directory.now()
        with self._directory.change() as state:
            changed_before = self._changed(context, state, uuid, now)
            if changed_before is not None:
                return changed_before
            there = _first(uuid, _live(state, uuid=uuid))
            changed = there._replace(updated_at=_moment(now), **changes)
            self._put(state, changed)
        return changed

    def destroy(self, context: sg_context.RequestContext, uuid: str) -> None:
        now = self._directory.now()
        with self._directory.change() as state:
            if self._changed(context, state, uuid, now) is not None:
                return
            gone = _first(uuid, _live(state, uuid=uuid))
            self._put(
                state,
                gone._replace(deleted=gone.id, deleted_at=_moment(now)),
            )

    def made(
        self, context: sg_context.RequestContext, uuid: str | None = None
    ) -> record.Record | None:
        state = self._directory.read()
        made = state['changes'].get(change.token_of(context))
        return made and _from_json(state['services'][made[0]])

    def minimum_versions(
        self, context: sg_context.RequestContext, binaries: Iterable[str]
    ) -> dict[str, int]:
        versions: dict[str, int] = {}
        wanted = set(binaries)
        for each in self._live(forced_down=False):
            if each.binary in wanted:
                lowest = versions.get(each.binary, each.version)
                versions[each.binary] = min(lowest, each.version)
        return versions

    def restore(
        self, context: sg_context.RequestContext, restored: record.Record
    ) -> None:
        now = self._directory.now()
        with self._directory.change() as state:
            if self._changed(context, state, restored.uuid, now) is not None:
                return
            for values in state['services'].values():
                there = _from_json(values)
                if there == restored:
                    return
                if there.id == restored.id or there.uuid == restored.uuid:
                    raise exception.ServiceExists(
                        service_id=restored.id, uuid=restored.uuid
                    )
            state['last_id'] = max(state['last_id'], restored.id)
            self._put(state, restored)

    def purge(
        self, context: sg_context.RequestContext, uuids: Sequence[str]
    ) -> None:
        with self._directory.change() as state:
            for uuid in uuids:
                state['services'].pop(uuid, None)

    def _live(self, **filters: Any) -> Iterator[record.Record]:
        return _live(self._directory.read(), **filters)

    @staticmethod
    def _changed(
        context: sg_context.RequestContext,
        state: dict[str, Any],
        uuid: str,
        now: float,
    ) -> record.Record | None:
        """Note a change; return what it changed, if it was made before.

        The token stands in the state that the change is written with.
        """
        changes = state['changes']
        for token, (_, made_at) in list(changes.items()):
            if made_at < now - change.KEPT:
                del changes[token]
        mine = change.token_of(context)
        if mine in changes:
            return _from_json(state['services'][changes[mine][0]])
        changes[mine] = [uuid, now]
        return None

    @staticmethod
    def _put(state: dict[str, Any], service: record.Record) -> None:
        """Put a record into the state, where its names are free."""
        if not service.deleted and service.host is not None:
            others = [
                each
                for each in _live(state, host=service.host)
                if each.uuid != service.uuid
            ]
            if any(each.binary == service.binary for each in others):
                raise exception.ServiceBinaryExists(
                    host=service.host, binary=service.binary
                )
            if service.topic is not None and any(
                each.topic == service.topic for each in others
            ):
                raise exception.ServiceTopicExists(
                    host=service.host, topic=service.topic
                )
        # Fields which a newer version wrote stay.
        there = state['services'].setdefault(service.uuid, {})
        there.update(_to_json(service))


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


def _live(state: dict[str, Any], **filters: Any) -> Iterator[record.Record]:
    """Return live records with these values; None matches any."""
    for values in state['services'].values():
        each = _from_json(values)
        if not each.deleted and all(
            wanted is None or getattr(each, name) == wanted
            for name, wanted in filters.items()
        ):
            yield each


def _first(
    service_id: str | int, found: Iterator[record.Record]
) -> record.Record:
    for each in found:
        return each
    raise exception.ServiceNotFound(service_id=service_id)


def _to_json(service: record.Record) -> dict[str, Any]:
    values = service._asdict()
    for name in _TIMES:
        if values[name] is not None:
            values[name] = values[name].isoformat()
    return values


def _from_json(stored: dict[str, Any]) -> record.Record:
    values = {name: stored[name] for name in record.FIELDS}
    for name in _TIMES:
        if values[name] is not None:
            values[name] = datetime.datetime.fromisoformat(values[name])
    return record.Record(**values)


def _moment(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)
