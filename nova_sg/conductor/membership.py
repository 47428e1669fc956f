# SPDX-License-Identifier: Apache-2.0

"""Memberships of a process which reaches records over RPC only."""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import threading
import time
from typing import Any

from oslo_config import cfg

from nova_sg import context as sg_context
from nova_sg import forks
from nova_sg.conductor import records
from nova_sg.conductor import rpcapi
from nova_sg.servicegroup import invocation as sg_invocation
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import marker
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup import record
from nova_sg.servicegroup.membership import admitted
from nova_sg.servicegroup.membership import base

Context = sg_context.RequestContext


class RemoteMembership(admitted.AdmittedMembership):
    """Beats by RPC, for drivers with ``remote_beats``."""

    def __init__(
        self, conf: cfg.ConfigOpts, conductor: rpcapi.ConductorAPI
    ) -> None:
        super().__init__(conf)
        self._conductor = conductor

    @property
    def marker_store(self) -> marker.MarkerStore:
        return records.RemoteMarkerStore(self._conductor)

    def report(self, context: Context, uuids: Sequence[str]) -> Sequence[str]:
        return self._conductor.report_state(context, uuids)

    def admit(
        self,
        context: Context,
        uuids: Sequence[str],
        invocation: str | None = None,
    ) -> Mapping[str, Any]:
        return self._conductor.join(context, uuids, invocation)

    def withdraw(self, context: Context, stays: Sequence[base.Stay]) -> None:
        self._conductor.leave(context, stays)

    def note_wedged(
        self, context: Context, uuids: Sequence[str], noted_by: str
    ) -> None:
        self._conductor.note_wedged(context, uuids, noted_by)

    def leave_invocation(
        self, context: Context, uuid: str, invocation: str
    ) -> sg_invocation.Removal:
        return self._conductor.leave_invocation(context, uuid, invocation)

    def alive(
        self, context: Context, uuids: Iterable[str]
    ) -> dict[str, liveness.Liveness]:
        return self._conductor.liveness(context, list(uuids))

    def departures(
        self, context: Context, uuids: Sequence[str]
    ) -> Mapping[str, reasons.Departure]:
        return self._conductor.departures(context, uuids)

    def all_but(
        self, context: Context, uuid: str, known: Collection[str]
    ) -> liveness.AllBut:
        """Ask for all that this process knows, thousands in a call."""
        known_at = time.monotonic()
        found = self.alive(context, {uuid, *known})
        return liveness.AllBut(found.keys(), found, known_at)

    def forget(self, context: Context, uuid: str) -> None:
        """Do nothing: the conductor does when it destroys the record."""


class ProvenMembership(base.Membership):
    """A membership of this process, which shows that RPC works, too.

    A host that is alive but cannot be called is of no use to anybody: with
    every n-th beat the conductor is called, and without its answer the
    beat fails, and the next ones until there is one.

    :param membership: the driver's own
    :param every: beats per call; 0 for none
    """

    def __init__(
        self,
        membership: base.Membership,
        conductor: rpcapi.ConductorAPI,
        every: int,
    ) -> None:
        super().__init__(membership.conf)
        self._membership = membership
        self._conductor = conductor
        self._every = every
        self._since = 0
        self._lock = forks.renewed(self, '_lock', threading.Lock)

    @property
    def marker_store(self) -> marker.MarkerStore:
        return self._membership.marker_store

    def announce(self, context: Context, created: record.Record) -> None:
        self._membership.announce(context, created)

    def join_many(
        self, context: Context, joined: Sequence[record.Record]
    ) -> Sequence[base.Handle]:
        return self._membership.join_many(context, joined)

    def beat_many(
        self, context: Context, handles: Sequence[base.Handle]
    ) -> Sequence[base.Handle]:
        self._prove(context)
        return self._membership.beat_many(context, handles)

    def leave_many(
        self, context: Context, handles: Sequence[base.Handle]
    ) -> None:
        self._membership.leave_many(context, handles)

    def leave_invocation(
        self, context: Context, uuid: str, invocation: str
    ) -> sg_invocation.Removal:
        return self._membership.leave_invocation(context, uuid, invocation)

    def alive(
        self, context: Context, uuids: Iterable[str]
    ) -> dict[str, liveness.Liveness]:
        return self._membership.alive(context, uuids)

    def departures(
        self, context: Context, uuids: Sequence[str]
    ) -> Mapping[str, reasons.Departure]:
        return self._membership.departures(context, uuids)

    def all_but(
        self, context: Context, uuid: str, known: Collection[str]
    ) -> liveness.AllBut | None:
        return self._membership.all_but(context, uuid, known)

    def last_known(self, uuids: Iterable[str]) -> dict[str, liveness.Liveness]:
        return self._membership.last_known(uuids)

    def tell_of_doubt(self, callback: Callable[[str], None]) -> None:
        self._membership.tell_of_doubt(callback)

    def forget(self, context: Context, uuid: str) -> None:
        self._membership.forget(context, uuid)

    def _prove(self, context: Context) -> None:
        with self._lock:
            self._since += 1
            if not self._every or self._since < self._every:
                return
        self._conductor.ping(context)
        with self._lock:
            self._since = 0
