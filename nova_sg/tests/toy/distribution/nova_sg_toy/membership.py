# SPDX-License-Identifier: Apache-2.0

"""Members as files, which they touch."""

from collections.abc import Iterable
from collections.abc import Sequence
import itertools
import os
import time
from typing import NamedTuple

from oslo_config import cfg

from nova_sg import context as sg_context
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import marker
from nova_sg.servicegroup import record
from nova_sg.servicegroup.membership import base
from nova_sg.servicegroup.records import codec
from nova_sg_toy import directory
from nova_sg_toy import records

_number = itertools.count()


class MemberFile(NamedTuple):
    """The name of a member's file, which says all but when it beat.

    :param pid: of the worker; 0 for a service that has not joined yet
    :param number: tells the members of one process apart
    :param started: when it joined, in milliseconds since 1970
    :param ttl: seconds without a beat after which it is down
    """

    uuid: str
    pid: int
    number: int
    started: int
    ttl: int

    def __str__(self) -> str:
        return ','.join(('member', *(str(part) for part in self)))

    @classmethod
    def parse(cls, name: str) -> 'MemberFile':
        _, uuid, *numbers = name.split(',')
        return cls(uuid, *(int(each) for each in numbers))


class ToyHandle(base.Handle):
    """A member's file.

    :param file: its name
    """

    def __init__(
        self, membership: base.Membership, joined: record.Record, file: str
    ) -> None:
        super().__init__(membership, joined)
        self.file = file


class ToyMembership(base.Membership):
    """A file for each worker; a file that is old is a worker that is down."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__(conf)
        self._directory = directory.Directory(conf)
        self._down_time = conf.servicegroup.service_down_time

    @property
    def marker_store(self) -> marker.MarkerStore:
        return records.ToyMarkerStore(self._directory)

    def announce(
        self, context: sg_context.RequestContext, created: record.Record
    ) -> None:
        self._directory.touch(self._file(created.uuid))

    def join_many(
        self,
        context: sg_context.RequestContext,
        joined: Sequence[record.Record],
    ) -> Sequence[base.Handle]:
        now = self._directory.now()
        handles = [
            ToyHandle(
                self,
                each,
                self._file(each.uuid, os.getpid(), next(_number), now),
            )
            for each in joined
        ]
        gone = self.beat_many(context, handles)
        for each in joined:
            self._directory.remove(self._file(each.uuid))
        return [handle for handle in handles if handle not in gone]

    def beat_many(
        self,
        context: sg_context.RequestContext,
        handles: Sequence[base.Handle],
    ) -> Sequence[base.Handle]:
        live = records.live_uuids(self._directory)
        gone = []
        for handle in handles:
            if handle.uuid in live:
                self._directory.touch(_file_of(handle))
            else:
                gone.append(handle)
        return gone

    def leave_many(
        self,
        context: sg_context.RequestContext,
        handles: Sequence[base.Handle],
    ) -> None:
        for handle in handles:
            self._directory.remove(_file_of(handle))

    def alive(
        self, context: sg_context.RequestContext, uuids: Iterable[str]
    ) -> dict[str, liveness.Liveness]:
        known_at = time.monotonic()
        beats: dict[str, list[tuple[int, MemberFile]]] = {
            uuid: []
            for uuid in records.live_uuids(self._directory).intersection(uuids)
        }
        now = self._directory.now()
        for name, seen in self._directory.members().items():
            member = MemberFile.parse(name)
            if member.uuid in beats:
                beats[member.uuid].append((seen, member))
        oldest = now - self._down_time * 1000
        return {
            uuid: _verdict(members, oldest, known_at)
            for uuid, members in beats.items()
        }

    def forget(self, context: sg_context.RequestContext, uuid: str) -> None:
        for name in self._directory.members():
            if MemberFile.parse(name).uuid == uuid:
                self._directory.remove(name)

    def _file(
        self, uuid: str, pid: int = 0, number: int = 0, started: int = 0
    ) -> str:
        return str(MemberFile(uuid, pid, number, started, self._down_time))


def _verdict(
    beats: list[tuple[int, MemberFile]], oldest: int, known_at: float
) -> liveness.Liveness:
    alive = [each for seen, each in beats if seen >= oldest]
    # Of a dead one too: so it can be told from one that had no chance to beat
    # in an outage.
    last = max((seen for seen, _ in beats), default=None)
    return liveness.Liveness(
        up=bool(alive),
        last_seen=None if last is None else codec.time_of(last),
        known_at=known_at,
        members=tuple(
            liveness.Member(each.pid, each.started / 1000, each.ttl)
            for each in alive
            if each.pid
        ),
    )


def _file_of(handle: base.Handle) -> str:
    assert isinstance(handle, ToyHandle)
    return handle.file
