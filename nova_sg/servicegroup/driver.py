# SPDX-License-Identifier: Apache-2.0

"""What a servicegroup driver is: records, membership, and what they hold to.

A third party writes a subclass of :class:`Driver`, registers it under the
entry-point group ``nova_sg.servicegroup.drivers``, and runs the conformance
suite of ``nova_sg.servicegroup.testing`` against it.
"""

import abc
from collections.abc import Hashable
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import math
from typing import Any
from typing import cast
from typing import ClassVar
from typing import Self
from typing import TypeVar
from typing import Unpack

from oslo_config import cfg

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.inventory import base as inventory_base
from nova_sg.servicegroup import listed
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import marker
from nova_sg.servicegroup import record
from nova_sg.servicegroup.history import base as history_base
from nova_sg.servicegroup.membership import base as membership_base
from nova_sg.servicegroup.records import base as records_base
from nova_sg.servicegroup.records import known

Context = sg_context.RequestContext

T = TypeVar('T')


@dataclasses.dataclass(frozen=True, kw_only=True)
class Characteristics:
    """What a driver declares, and the conformance suite holds it to.

    :param durable: an acknowledged record change survives a restart of the
        backend
    :param linearizable: a read that begins after a write was acknowledged
        sees it, in any process
    :param per_worker: workers of one service are told apart: it is up while
        one of them lives
    :param crash_detection: seconds within which a crash shows, at most
    :param member_details: verdicts carry pid, start time and TTL of members
    :param remote_beats: a beat may come from another process (over RPC)
    :param monotonic_reads: a process never reads a record as it was before
        what it has read or written already: through reconnects, fallbacks and
        refreshes
    :param staleness: seconds by which a read may be behind what was
        acknowledged, at most; later the call raises
        ``ServiceGroupUnavailable``. Counts where ``linearizable`` is False.
    :param invocations: members carry the invocation of their process, and
        ``leave_invocation`` takes out exactly those
    :param reasons: it keeps traces, by which a service that left is told from
        one that fell silent; see ``servicegroup.reasons``
    :param wedged: the trace of a service tells that its process lives and
        its loop has not beaten for the service down time
    :param doubt: seconds by which a crash shows later, at most, where the
        backend was out of reach; see ``servicegroup.doubt``
    """

    durable: bool
    linearizable: bool
    per_worker: bool
    crash_detection: float
    member_details: bool
    remote_beats: bool
    monotonic_reads: bool = False
    staleness: float = 0.0
    invocations: bool = False
    reasons: bool = False
    wedged: bool = False
    doubt: float = 0.0

    @classmethod
    def of(cls, declared: Mapping[str, Any]) -> Self:
        """Return what a peer declares, of whatever release it is.

        What only a newer one declares is left out. What an older one does
        not declare is not promised.

        :param declared: names and values
        """
        return cls(
            **{
                each.name: declared.get(each.name, _NOT_PROMISED[each.type])
                for each in dataclasses.fields(cls)
            }
        )


#: For each type of a characteristic what no caller may build upon.
_NOT_PROMISED: Mapping[Any, Any] = {bool: False, float: math.inf}


class Driver(abc.ABC):
    """A pair of record store and membership.

    :param conf: a loaded configuration
    :param records: the record store, already made; in a process that has a
        conductor no more than what memberships ask of one
    :raises InvalidConfiguration: it does not work with these records
    """

    #: ``[servicegroup] records`` where it is not set.
    default_records: ClassVar[str]

    #: The only record store it works with, by name; None where it works with
    #: any.
    needs_records: ClassVar[str | None] = None

    #: What the characteristics say of it; a process without a backend must
    #: know before it makes the driver.
    remote_beats: ClassVar[bool] = False

    #: Memberships are in the database of ``[database] connection``.
    uses_database: ClassVar[bool] = False

    #: Services are kept as nova keeps them: rows of ``services``, which beat
    #: there. Inside a nova tree nova's own functions do that.
    novas_scheme: ClassVar[bool] = False

    def __init__(
        self, conf: cfg.ConfigOpts, records: known.KnownRecords
    ) -> None:
        self.check_records(conf)
        self.conf = conf
        # All else is read and written by the conductor where there is one.
        self.records = cast(records_base.RecordStore, records)

    @classmethod
    def check_records(cls, conf: cfg.ConfigOpts) -> None:
        """Refuse ``[servicegroup] records`` that this driver cannot have.

        :raises InvalidConfiguration: saying which it needs
        """
        options = conf.servicegroup
        needed = cls.needs_records
        if needed is not None and options.records not in (None, '', needed):
            raise exception.InvalidConfiguration(
                option='[servicegroup] records',
                reason=f'driver = {options.driver} keeps records in {needed} '
                f'only, not in {options.records}',
            )

    @classmethod
    def list_opts(cls) -> Mapping[cfg.OptGroup, Sequence[cfg.Opt]]:
        """Return the options of this driver and its record store, by group.

        They are registered in every process, checked when it starts, and
        listed in the sample configuration. So this is called where another
        driver is configured, too, and the library of this one may be missing:
        let the module of the class import it no earlier than the constructor.
        """
        return {}

    @property
    @abc.abstractmethod
    def membership(self) -> membership_base.Membership:
        """The members that are alive."""

    @property
    @abc.abstractmethod
    def characteristics(self) -> Characteristics:
        """What this driver holds to, as configured."""

    def list(
        self, context: Context, **filters: Unpack[record.Filters]
    ) -> tuple[Sequence[record.Record], liveness.Answer]:
        """Return records with what is known of their liveness.

        A driver that can answer both at once overrides this. Where its
        records have the last beats it may tell of those that are not up only.

        :returns: the records, and liveness by uuid; or why only the
            membership cannot be asked
        :raises ServiceGroupUnavailable: records cannot be read
        """
        records = self.records.list(context, **filters)
        try:
            alive = self.membership.alive(
                context, [each.uuid for each in records]
            )
        except exception.ServiceGroupUnavailable as error:
            return records, error
        return records, alive

    def renders(
        self, key: Hashable, **filters: Unpack[record.Filters]
    ) -> bool:
        """Return whether this driver can :meth:`render` a list."""
        return False

    def render(
        self,
        context: Context,
        judge: liveness.Judge,
        zoning: inventory_base.Zoning,
        render: listed.Render[T],
        key: Hashable,
        **filters: Unpack[record.Filters],
    ) -> listed.Rendered[T] | None:
        """Return what is made of a list, part by part, by id.

        For a driver that has what a list shows without making records of it.

        :param judge: is told of all verdicts
        :param zoning: returns the zone of a service
        :param render: makes something of a part; called again for the same
            one where reading was begun again
        :param key: two functions with the same key make the same of a part,
            so that it may be kept; None: it is not to be kept
        :returns: None where :meth:`list` is to be asked now
        :raises ServiceGroupUnavailable: it cannot be read
        """
        raise NotImplementedError

    def watch(self, context: Context) -> None:
        """Say that this process goes on, and will read often.

        A driver that can keep a copy of what it reads begins to. It never
        fails, and does not wait.

        :param context: names the cell that will be read
        """
        self.records.watch(context)
        self.membership.watch(context)

    @property
    def history(self) -> history_base.Told | None:
        """The history of the services, to be read; None without one.

        Where it is a ``History``, this process may write it as well.
        """
        return self.records.history

    @property
    def one_backend(self) -> bool:
        """Whether membership and records become unreachable together."""
        return len(self.marker_stores()) == 1

    def marker_stores(self) -> Sequence[marker.MarkerStore]:
        """Return each place where this driver's backends are marked."""
        stores = [self.records.marker_store, self.membership.marker_store]
        return list({store.name: store for store in stores}.values())
