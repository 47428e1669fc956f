# SPDX-License-Identifier: Apache-2.0

"""Liveness by keys which memcached lets expire."""

from collections import defaultdict
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import functools
import time
from typing import cast

from oslo_config import cfg

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.servicegroup import invocation as sg_invocation
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import marker
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.memcached import beats
from nova_sg.servicegroup.backends.memcached import cluster as cluster_
from nova_sg.servicegroup.backends.memcached import epoch
from nova_sg.servicegroup.backends.memcached import last
from nova_sg.servicegroup.backends.memcached import marker as memcached_marker
from nova_sg.servicegroup.backends.memcached import presence
from nova_sg.servicegroup.backends.memcached import server as server_
from nova_sg.servicegroup.membership import base
from nova_sg.servicegroup.records import known

#: Seconds for which a destroyed service is remembered, so that a process of
#: it that still beats is told.
FORGOTTEN_TTL = 7 * 86400

#: Why a key that is missing says nothing.
SETTLING = (
    'memcached lost its memory, and services may not have beaten again yet'
)


class MemcachedHandle(base.Handle):
    """A membership in a key which all workers of the service share.

    :param context: the context it joined in
    :param worker: what it writes into the key
    :ivar doubtful_until: ``time.monotonic()`` until when each beat asks
        whether the record is still there; None: it is not doubtful
    """

    def __init__(
        self,
        membership: 'MemcachedMembership',
        joined: record.Record,
        context: sg_context.RequestContext,
        worker: presence.Worker,
    ) -> None:
        super().__init__(membership, joined)
        self.context = context
        self.worker = worker
        self.doubtful_until: float | None = None


class MemcachedMembership(base.Membership):
    """A key per service, written by its workers, aged by its server.

    Its TTL is the service down time, rounded up by the second that memcached
    may be early.

    :param conf: a loaded configuration
    :param records: knows which services there are
    :ivar heard: whether a server has answered this process
    :ivar ttl: seconds that a beat counts for
    :ivar longest_doubt: seconds by which a crash shows later, at most
    """

    def __init__(
        self, conf: cfg.ConfigOpts, records: known.KnownRecords
    ) -> None:
        super().__init__(conf)
        self._records = records
        self._cluster = cluster_.get(conf)
        self._marker_store = memcached_marker.MemcachedMarkerStore(
            self._cluster
        )
        self.heard = False
        self._down_time: int = conf.servicegroup.service_down_time
        self.ttl = epoch.member_ttl(conf)
        self.longest_doubt = epoch.longest_doubt(conf)

    @property
    def marker_store(self) -> marker.MarkerStore:
        return self._marker_store

    def key(self, uuid: str) -> str:
        """Return the key of a service's members."""
        return self._cluster.keys.member(uuid)

    def announce(
        self, context: sg_context.RequestContext, created: record.Record
    ) -> None:
        self._cluster.server_of(created.uuid).add(
            [(self.key(created.uuid), presence.expected())], self.ttl
        )

    def join_many(
        self,
        context: sg_context.RequestContext,
        joined: Sequence[record.Record],
    ) -> Sequence[base.Handle]:
        there = self._records.keep(context, [each.uuid for each in joined])
        handles = [
            MemcachedHandle(
                self,
                each,
                context,
                presence.Worker(
                    self.key(each.uuid),
                    self._down_time,
                    self._cluster.keys.trace(each.uuid),
                    self._cluster.keys.last(each.uuid),
                    self.conf.memcached.member_format,
                ),
            )
            for each in joined
            if each.uuid in there
        ]
        self._on_servers(handles, beats.Beats.join)
        return handles

    def beat_many(
        self,
        context: sg_context.RequestContext,
        handles: Sequence[base.Handle],
    ) -> Sequence[base.Handle]:
        forgotten = set(self._on_servers(handles, beats.Beats.beat))
        gone = self._gone(cast(Sequence[MemcachedHandle], handles), forgotten)
        gone |= self._records.check_kept(
            handle.uuid for handle in handles if handle.uuid not in gone
        )
        return [handle for handle in handles if handle.uuid in gone]

    def leave_many(
        self,
        context: sg_context.RequestContext,
        handles: Sequence[base.Handle],
    ) -> None:
        self._on_servers(handles, beats.Beats.leave)

    def leave_invocation(
        self,
        context: sg_context.RequestContext,
        uuid: str,
        invocation: str,
    ) -> sg_invocation.Departure:
        server, keys = self._cluster.server_of(uuid), self._cluster.keys
        count = beats.Beats(
            self._cluster.memory(server), self.ttl
        ).leave_invocation(
            self.key(uuid), keys.trace(uuid), keys.last(uuid), invocation
        )
        return sg_invocation.Departure(count)

    def alive(
        self, context: sg_context.RequestContext, uuids: Iterable[str]
    ) -> dict[str, liveness.Liveness]:
        """See the base class and :meth:`verdicts`.

        A key that is missing is of a service that is down, or of none: then
        the records are asked too, once.
        """
        verdicts = self.verdicts(uuids)
        missing = self._records.missing(
            context,
            [
                uuid
                for uuid, verdict in verdicts.items()
                if not (verdict.up or verdict.unknown)
            ],
        )
        for uuid in missing:
            del verdicts[uuid]
        return verdicts

    def verdicts(self, uuids: Iterable[str]) -> dict[str, liveness.Liveness]:
        """Return the verdicts about services which have a record.

        One request for each server. Verdicts of a server that cannot be asked
        are unknown, and so are those about keys which it lacks because it
        lost its memory, or because nobody could beat: then a service is
        presumed up until its members had the time to beat again.

        :raises ServiceGroupUnavailable: none of the servers can be asked
        """
        placed = self._cluster.placed(uuids)
        if not placed:
            placed.update((server, {}) for server in self._cluster.servers)
        known_at = time.monotonic()
        answers, errors = self._ask_each(placed, known_at)
        if errors and not answers:
            # Those are asked, too, which have none of the services: it is
            # the backend that is unreachable, or a part of it.
            rest: dict[server_.Server, dict[str, str]] = {
                each: {}
                for each in self._cluster.servers
                if each not in errors
            }
            if not rest or not self._ask_each(rest, known_at)[0]:
                raise next(iter(errors.values()))
        self.heard = True
        found: dict[str, liveness.Liveness] = {}
        for server, keys in placed.items():
            if server in answers:
                found.update(answers[server])
            else:
                unknown = liveness.Liveness(
                    False, None, known_at, unknown=str(errors[server])
                )
                found.update(dict.fromkeys(keys, unknown))
        return found

    def _ask_each(
        self,
        placed: Mapping[server_.Server, Mapping[str, str]],
        known_at: float,
    ) -> tuple[
        Mapping[server_.Server, dict[str, liveness.Liveness]],
        Mapping[server_.Server, exception.ServiceGroupUnavailable],
    ]:
        """Ask servers at once.

        :param placed: the keys of services, by uuid, by server
        :returns: the answers, and the errors of the others
        """
        return self._cluster.ask(
            {
                server: functools.partial(
                    _ask, self._cluster.memory(server), keys, known_at
                )
                for server, keys in placed.items()
            }
        )

    def departures(
        self, context: sg_context.RequestContext, uuids: Sequence[str]
    ) -> Mapping[str, reasons.Departure]:
        """See the base class; one request for each server."""
        placed: dict[server_.Server, dict[str, str]] = defaultdict(dict)
        for uuid in uuids:
            key = self._cluster.keys.last(uuid)
            placed[self._cluster.server_of(uuid)][uuid] = key
        answers, errors = self._cluster.ask(
            {
                server: functools.partial(server.get, list(keys.values()))
                for server, keys in placed.items()
            }
        )
        if errors and not answers:
            raise next(iter(errors.values()))
        found: dict[str, reasons.Departure] = {}
        for server, values in answers.items():
            found |= last.departures(values, placed[server])
        return found

    def forget(self, context: sg_context.RequestContext, uuid: str) -> None:
        self._cluster.server_of(uuid).set(
            {self.key(uuid): presence.forgotten()}, FORGOTTEN_TTL
        )

    def _gone(
        self,
        handles: Sequence[MemcachedHandle],
        forgotten: Collection[presence.Worker],
    ) -> set[str]:
        """Return which services are gone, by their records.

        A service is forgotten before its record is destroyed, and that may
        fail. Where the record is there its workers join again, and go on
        asking, unless they keep it: a destroy may only be slow.

        :param forgotten: the workers of services that were forgotten
        :raises ServiceGroupUnavailable: that of one of them cannot be asked
            for; it has not beaten
        """
        gone: set[str] = set()
        again: list[MemcachedHandle] = []
        now = time.monotonic()
        for context, asking in _doubtful(handles, forgotten).items():
            try:
                there = self._records.known(
                    context, [each.uuid for each in asking]
                )
            except exception.ServiceGroupUnavailable:
                if any(each.worker in forgotten for each in asking):
                    raise
                continue
            for each in asking:
                if each.uuid not in there:
                    if each.worker not in forgotten:
                        # Other workers of it have not heard of it.
                        self.forget(context, each.uuid)
                    gone.add(each.uuid)
                elif each.worker in forgotten:
                    if self._records.durable:
                        each.doubtful_until = now + self._down_time
                    again.append(each)
                elif (each.doubtful_until or now) < now:
                    each.doubtful_until = None
        self._on_servers(again, beats.Beats.join)
        return gone

    def _on_servers(
        self,
        handles: Sequence[base.Handle],
        work: Callable[[beats.Beats, beats.Workers], beats.Workers],
    ) -> list[presence.Worker]:
        """Work for handles, on all their servers at the same time.

        :returns: what the calls returned, joined
        :raises ServiceGroupUnavailable: a server did not take it; the others
            have done all the same
        """
        placed: dict[server_.Server, beats.Workers] = defaultdict(list)
        for handle in handles:
            placed[self._cluster.server_of(handle.uuid)].append(
                cast(MemcachedHandle, handle).worker
            )
        answers, errors = self._cluster.ask(
            {
                server: functools.partial(
                    work,
                    beats.Beats(self._cluster.memory(server), self.ttl),
                    workers,
                )
                for server, workers in placed.items()
            }
        )
        for error in errors.values():
            raise error
        return [each for answer in answers.values() for each in answer]


def _doubtful(
    handles: Iterable[MemcachedHandle], forgotten: Collection[presence.Worker]
) -> dict[sg_context.RequestContext, list[MemcachedHandle]]:
    """Return the handles that may have lost their record, by context."""
    found = defaultdict(list)
    for each in handles:
        if each.doubtful_until is not None or each.worker in forgotten:
            found[each.context].append(each)
    return found


def _ask(
    memory: epoch.ServerMemory, keys: Mapping[str, str], known_at: float
) -> dict[str, liveness.Liveness]:
    """Return the verdicts about services of one server.

    One request; one more where not all members may have had the time to beat
    after they could not.

    :param keys: the keys of the services, by uuid
    """
    reading = memory.read(list(keys.values()))
    missing = liveness.Liveness(
        not reading.complete,
        None,
        known_at,
        unknown=None if reading.complete else SETTLING,
    )
    there = presence.verdicts(reading.values, known_at)
    found = {uuid: there.get(key, missing) for uuid, key in keys.items()}
    if reading.complete and memory.doubts(reading):
        silent = [uuid for uuid, key in keys.items() if key not in there]
        for uuid, why in memory.doubtful(reading, silent).items():
            found[uuid] = liveness.Liveness(True, None, known_at, unknown=why)
    return found
