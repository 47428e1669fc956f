# SPDX-License-Identifier: Apache-2.0

"""What every membership promises."""

import abc
from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
from typing import Any

from oslo_config import cfg

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.servicegroup import invocation as sg_invocation
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import marker
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup import record

Context = sg_context.RequestContext


class Handle:
    """One process's membership of one service, from join to leave.

    :param membership: the membership that was joined
    :param joined: the record of the service
    """

    def __init__(self, membership: 'Membership', joined: record.Record):
        self.membership = membership
        self.record = joined

    @property
    def uuid(self) -> str:
        return self.record.uuid

    def beat(self, context: Context) -> None:
        """Say that the service's own loop is turning.

        :raises ServiceNotFound: the record is gone
        :raises ServiceGroupUnavailable: the backend did not take the beat;
            the next one may
        """
        if self.membership.beat_many(context, [self]):
            raise exception.ServiceNotFound(service_id=self.uuid)

    def leave(self, context: Context) -> None:
        """End this membership at once; leaving twice is leaving once."""
        self.membership.leave_many(context, [self])


@dataclasses.dataclass(frozen=True)
class Stay:
    """A membership of a process elsewhere, when it ends.

    :param uuid: of the service
    :param token: what :meth:`Membership.admit` gave for it
    :param beats: how often it has beaten since
    :param seconds: how long ago it was admitted, by its own monotonic clock
    :param invocation: of the process, None where it has none
    :param left_by: the process, see ``reasons.Departure.seen_by``; None of a
        peer that is older
    """

    uuid: str
    token: Any
    beats: int
    seconds: float
    invocation: str | None = None
    left_by: str | None = None


class Membership(abc.ABC):
    """Soft state, written all the time, by the services themselves.

    Memberships are keyed by the service's uuid, outside any cell. No clock
    of a caller enters a verdict: the backend ages beats. A record is never
    written here, so that a beat cannot undo what an operator decided.

    :param conf: a loaded configuration
    """

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self.conf = conf

    @property
    @abc.abstractmethod
    def marker_store(self) -> marker.MarkerStore:
        """Where this backend carries the deployment marker."""

    def join(self, context: Context, joined: record.Record) -> Handle:
        """Become a member; the first beat is written before this returns.

        :raises ServiceNotFound: the record is gone
        """
        handles = self.join_many(context, [joined])
        if not handles:
            raise exception.ServiceNotFound(service_id=joined.uuid)
        return handles[0]

    def watch(self, context: Context) -> None:  # noqa: B027
        """Note that this process goes on, and will ask often.

        A membership that can keep a copy begins to. It never fails, and does
        not wait.
        """

    def announce(  # noqa: B027
        self, context: Context, created: record.Record
    ) -> None:
        """Note that a service was created, and will join.

        It counts as up until its first beat could be there: nova's rule, by
        which a service that was never seen counts from its creation. For a
        membership that knows services only by their beats. Once it has
        joined, only its members keep it up.

        :raises ServiceGroupUnavailable: it cannot be noted; the service is
            down until it joins
        """

    @abc.abstractmethod
    def join_many(
        self, context: Context, joined: Sequence[record.Record]
    ) -> Sequence[Handle]:
        """Become a member of many services in a few round trips.

        :returns: handles in the order given, without those that have no
            record
        """

    @abc.abstractmethod
    def beat_many(
        self, context: Context, handles: Sequence[Handle]
    ) -> Sequence[Handle]:
        """Beat for many services in a few round trips.

        :returns: the handles that have no record; all others have beaten
        """

    @abc.abstractmethod
    def leave_many(self, context: Context, handles: Sequence[Handle]) -> None:
        """End many memberships in a few round trips."""

    def leave_invocation(
        self, context: Context, uuid: str, invocation: str
    ) -> sg_invocation.Removal:
        """Take out the members of a service that one run of a unit left.

        Called when the processes of that run have ended, by whatever end;
        from another process, and perhaps late. Members of other invocations,
        and those without one, stay. To do it again is to do nothing.

        For a driver that declares ``invocations``: what its processes join
        carries ``servicegroup.invocation.current()``.

        :param uuid: of the service, which may be gone
        :param invocation: 32 hexadecimal digits
        :returns: what was done; by default that nothing was
        :raises ServiceGroupUnavailable: the backend cannot be asked
        """
        return sg_invocation.Removal(
            0,
            f'with [servicegroup] driver = {self.conf.servicegroup.driver} '
            'members do not carry their invocation',
        )

    @abc.abstractmethod
    def alive(
        self, context: Context, uuids: Iterable[str]
    ) -> dict[str, liveness.Liveness]:
        """Return what the backend knows of services, by uuid.

        Costs a constant number of round trips for any number of services.
        A uuid that is not in the answer is unknown to the backend.

        :raises ServiceGroupUnavailable: the backend cannot be asked; never
            answers that services are down instead
        """

    def all_but(
        self, context: Context, uuid: str, known: Collection[str]
    ) -> liveness.AllBut | None:
        """Return the verdicts about all services at once.

        For a backend that finds those that are not up at a fraction of what
        the verdicts about all services cost. A process that is asked for many
        services, one after the other, asks this once a second at most.

        :param uuid: a service it should speak of, if the backend knows it
        :param known: the services that this process has asked for before
        :returns: None where the backend has no such answer
        :raises ServiceGroupUnavailable: the backend cannot be asked
        """
        return None

    def departures(
        self, context: Context, uuids: Sequence[str]
    ) -> Mapping[str, reasons.Departure]:
        """Return why services are down, by the traces of their members.

        In a constant number of round trips; see :mod:`..reasons`. A driver
        which keeps traces declares ``reasons``.

        :param uuids: of services that are down
        :returns: by uuid, without those of which no trace is kept
        :raises ServiceGroupUnavailable: the backend cannot be asked
        """
        return {}

    def last_known(self, uuids: Iterable[str]) -> dict[str, liveness.Liveness]:
        """Return what this remembers of services while it cannot ask.

        For a membership that keeps a copy by itself; without asking.

        :returns: verdicts by uuid, without services it remembers nothing of
        """
        return {}

    def tell_of_doubt(  # noqa: B027
        self, callback: Callable[[str], None]
    ) -> None:
        """Say where to tell of what explains missing beats.

        For a membership that can see it in what it reads, other than as an
        outage: a clock that was set, say. It tells before it answers.

        :param callback: takes the cause, in words for an operator
        """

    @abc.abstractmethod
    def forget(self, context: Context, uuid: str) -> None:
        """Take away every membership of a service that is destroyed."""

    def report(self, context: Context, uuids: Sequence[str]) -> Sequence[str]:
        """Beat for services of processes elsewhere (over RPC).

        This and the next three are for drivers with ``remote_beats``.

        :returns: the uuids that have no record
        """
        raise self._not_joined(uuids)

    def admit(
        self,
        context: Context,
        uuids: Sequence[str],
        invocation: str | None = None,
    ) -> Mapping[str, Any]:
        """Join for services of processes elsewhere.

        The first beat is written before this returns.

        :param invocation: of that process, None where it has none

        :returns: by uuid, without those that have no record, a token for
            :meth:`withdraw`; JSON can carry it
        """
        raise self._not_joined(uuids)

    def withdraw(self, context: Context, stays: Sequence[Stay]) -> None:
        """End memberships of processes elsewhere; it shows at once."""
        raise self._not_joined([stay.uuid for stay in stays])

    def note_wedged(  # noqa: B027
        self,
        context: Context,
        uuids: Sequence[str],
        noted_by: str,
    ) -> None:
        """Note that the loop which beats for services hangs.

        In a process elsewhere, or in this one. From then on
        :meth:`departures` tells ``reasons.WEDGED``, unless they have beaten
        lately or do later. For drivers with ``remote_beats`` that declare
        ``wedged``.

        :param noted_by: the process, see ``reasons.Departure.seen_by``
        :raises ServiceGroupUnavailable: it is not noted
        """

    def _not_joined(self, uuids: Sequence[str]) -> exception.ServiceNotJoined:
        return exception.ServiceNotJoined(
            uuid=', '.join(uuids), driver=self.conf.servicegroup.driver
        )
