# SPDX-License-Identifier: Apache-2.0

"""The members of this process: they join, beat, leave, and may be gone.

A service is forgotten before its record is destroyed, and that may fail. So
a member that finds itself forgotten looks for the record::

    t=0  an operator deletes c1: its key says that it is forgotten
    t=1  a member of c1 beats, finds that, and asks for the record: it is
         there still, and the member joins again, and asks at each beat
    t=2  the record is destroyed
    t=3  the member asks again, finds no record, and ends
"""

from collections import defaultdict
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Sequence
import functools
import time
from typing import cast

from oslo_config import cfg

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.servicegroup import invocation as sg_invocation
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.memcached import beats
from nova_sg.servicegroup.backends.memcached import cluster as cluster_
from nova_sg.servicegroup.backends.memcached import epoch
from nova_sg.servicegroup.backends.memcached import server as server_
from nova_sg.servicegroup.backends.memcached import values
from nova_sg.servicegroup.backends.memcached import worker as worker_
from nova_sg.servicegroup.membership import base
from nova_sg.servicegroup.membership import watchdog
from nova_sg.servicegroup.records import known

Context = sg_context.RequestContext

#: Seconds for which a destroyed service is remembered, so that a process of
#: it that still beats is told.
FORGOTTEN_TTL = 7 * 86400


class MemcachedHandle(base.Handle):
    """A membership in a key which all workers of the service share.

    :param context: the context it joined in
    :param worker: what it writes into the key
    :ivar doubtful_until: ``time.monotonic()`` until when each beat asks
        whether the record is still there; None: it is not doubtful
    """

    def __init__(
        self,
        membership: 'Members',
        joined: record.Record,
        context: Context,
        worker: worker_.Worker,
    ) -> None:
        super().__init__(membership, joined)
        self.context = context
        self.worker = worker
        self.doubtful_until: float | None = None


class Members(base.Membership):
    """The part of a membership that writes the keys of its own services.

    :param conf: a loaded configuration
    :param records: knows which services there are
    :ivar ttl: seconds that a beat counts for
    """

    def __init__(
        self, conf: cfg.ConfigOpts, records: known.KnownRecords
    ) -> None:
        super().__init__(conf)
        self._records = records
        self._cluster = cluster_.get(conf)
        self._down_time: int = conf.servicegroup.service_down_time
        self._watchdog = watchdog.Watchdog[base.Handle](
            conf.servicegroup.report_interval,
            self._down_time,
            lambda handle: handle.record,
            self._stopped,
        )
        self.ttl = epoch.member_ttl(conf)

    def announce(self, context: Context, created: record.Record) -> None:
        key = self._cluster.keys.member(created.uuid)
        self._cluster.server_of(created.uuid).add(
            [(key, values.expected())], self.ttl
        )

    def join_many(
        self, context: Context, joined: Sequence[record.Record]
    ) -> Sequence[base.Handle]:
        there = self._records.keep(context, [each.uuid for each in joined])
        keys = self._cluster.keys
        handles = [
            MemcachedHandle(
                self,
                each,
                context,
                worker_.Worker(
                    keys.member(each.uuid),
                    self._down_time,
                    keys.trace(each.uuid),
                    keys.last(each.uuid),
                    self.conf.memcached.member_format,
                ),
            )
            for each in joined
            if each.uuid in there
        ]
        self._on_servers(handles, beats.Beats.join)
        self._watchdog.joined(handles)
        return handles

    def beat_many(
        self, context: Context, handles: Sequence[base.Handle]
    ) -> Sequence[base.Handle]:
        self._watchdog.beating(handles)
        forgotten = set(self._on_servers(handles, beats.Beats.beat))
        gone = self._gone(cast(Sequence[MemcachedHandle], handles), forgotten)
        gone |= self._records.check_kept(
            handle.uuid for handle in handles if handle.uuid not in gone
        )
        return [handle for handle in handles if handle.uuid in gone]

    def leave_many(
        self, context: Context, handles: Sequence[base.Handle]
    ) -> None:
        self._watchdog.left(handles)
        self._on_servers(handles, beats.Beats.leave)

    def _stopped(self, handles: Sequence[base.Handle]) -> None:
        """Note that the loop of this process no longer beats for some."""
        self._on_servers(handles, beats.Beats.note_wedged)

    def leave_invocation(
        self, context: Context, uuid: str, invocation: str
    ) -> sg_invocation.Removal:
        writing = self._beats(self._cluster.server_of(uuid))
        return sg_invocation.Removal(
            writing.leave_invocation(self._cluster.keys, uuid, invocation)
        )

    def forget(self, context: Context, uuid: str) -> None:
        self._cluster.server_of(uuid).set(
            {self._cluster.keys.member(uuid): values.forgotten()},
            FORGOTTEN_TTL,
        )

    def _gone(
        self,
        handles: Sequence[MemcachedHandle],
        forgotten: Collection[worker_.Worker],
    ) -> set[str]:
        """Return which services are gone, by their records.

        The workers of the others join again, and go on asking for a while: a
        destroy may only be slow. Records in memcached are looked after anyway,
        by the processes that keep them.

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
    ) -> list[worker_.Worker]:
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
                server: functools.partial(work, self._beats(server), workers)
                for server, workers in placed.items()
            }
        )
        for error in errors.values():
            raise error
        return [each for answer in answers.values() for each in answer]

    def _beats(self, server: server_.Server) -> beats.Beats:
        return beats.Beats(self._cluster.memory(server), self.ttl)


def _doubtful(
    handles: Iterable[MemcachedHandle], forgotten: Collection[worker_.Worker]
) -> dict[Context, list[MemcachedHandle]]:
    """Return the handles that may have lost their record, by context."""
    found = defaultdict(list)
    for each in handles:
        if each.doubtful_until is not None or each.worker in forgotten:
            found[each.context].append(each)
    return found
