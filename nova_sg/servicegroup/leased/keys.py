# SPDX-License-Identifier: Apache-2.0

"""The keys of members on a lease, as a backend keeps them."""

import abc
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import math
import time

from nova_sg import context as sg_context
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup import record
from nova_sg.servicegroup.membership import base


class Handle(base.Handle):
    """A worker's own key.

    :param context: the context it joined in
    :param key: of the member
    :param guard: the key of the record, without which there is no
        membership; None where records are elsewhere
    :ivar beaten_at: ``time.monotonic()`` of the latest beat
    :ivar under: the number of the lease that holds the key, or None
    :ivar doubtful_until: ``time.monotonic()`` until when each beat asks
        whether the record is still there, where records are elsewhere; and
        behind which beats ask until there was an answer
    :ivar answered_at: ``time.monotonic()`` before the latest question for
        the record that was answered
    :ivar ask_at: ``time.monotonic()`` before which no beat asks again, behind
        ``doubtful_until``
    :ivar traced_at: ``time.monotonic()`` when its trace was last written
    :ivar gone: a beat has found that the record is not there any more
    """

    def __init__(
        self,
        membership: base.Membership,
        joined: record.Record,
        context: sg_context.RequestContext,
        key: str,
        guard: str | None,
    ) -> None:
        super().__init__(membership, joined)
        self.context = context
        self.key = key
        self.guard = guard
        self.beaten_at = time.monotonic()
        self.under: int | None = None
        self.doubtful_until = 0.0
        self.answered_at = 0.0
        self.ask_at = 0.0
        self.traced_at = -math.inf
        self.gone = False

    def is_doubtful(self, now: float) -> bool:
        """Return whether a beat asks for the record.

        :param now: ``time.monotonic()`` of the beat
        """
        return self.answered_at < self.doubtful_until and (
            now < self.doubtful_until or now >= self.ask_at
        )


class MemberKeys(abc.ABC):
    """The keys of members, as a backend keeps them.

    What asks the backend raises ``ServiceGroupUnavailable`` where it
    cannot be asked.
    """

    @abc.abstractmethod
    def new(
        self, context: sg_context.RequestContext, joined: record.Record
    ) -> tuple[str, str | None]:
        """Return the key of a member to be, and its guard; see `Handle`."""

    @abc.abstractmethod
    def expected(self, uuid: str) -> str:
        """Return the key by which a service is expected until it joins.

        Its service is up for every reader, without a worker.
        """

    @abc.abstractmethod
    def expect(self, key: str) -> None:
        """Put the key of an expected service on the lease."""

    @abc.abstractmethod
    def look(
        self, handles: Sequence[Handle]
    ) -> tuple[set[Handle], set[Handle]]:
        """Look at the keys of members, and at their guards.

        Traces that are too old are renewed along with it.

        :returns: the handles without a key on the lease that this process has
            now; and those without their guard
        """

    @abc.abstractmethod
    def create(self, handles: Sequence[Handle]) -> set[Handle]:
        """Put keys on the lease where they are not, and note that in them.

        :returns: the handles without their guard; they have no key
        """

    @abc.abstractmethod
    def expect_beats(self, handles: Sequence[Handle]) -> None:
        """Note in the traces of services that they have members now."""

    @abc.abstractmethod
    def end(self, ended: Mapping[str, str]) -> None:
        """Delete keys of members; where no other member is left, note why.

        A key that is gone already is as good.

        :param ended: the reasons, see :mod:`..reasons`, by key
        """

    @abc.abstractmethod
    def departures(
        self, uuids: Sequence[str]
    ) -> Mapping[str, reasons.Departure]:
        """Ask the backend why services are down; see `Membership`."""

    @abc.abstractmethod
    def delete(self, keys: Iterable[str]) -> None:
        """Delete keys; one that is gone already is as good."""

    @abc.abstractmethod
    def delete_all(self, uuid: str, invocation: str | None = None) -> int:
        """Delete the members of a service, of all processes.

        Without an invocation the service is destroyed, and its trace goes.

        :param invocation: only its members; None for all
        :returns: how many there were
        """

    @abc.abstractmethod
    def read(self, uuids: Iterable[str]) -> liveness.Members:
        """Ask the backend which workers of services live.

        :returns: without the services of which none does; perhaps with some
            that were not asked for
        """
