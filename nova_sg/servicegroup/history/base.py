# SPDX-License-Identifier: Apache-2.0

"""What every backend of the history promises."""

import abc
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import datetime
from typing import ClassVar
from typing import NamedTuple
from typing import Self

from oslo_config import cfg

from nova_sg import context as sg_context
from nova_sg.conf import history as history_conf
from nova_sg.servicegroup.history import entry as entry_

Context = sg_context.RequestContext

#: The most entries in one answer.
MOST = 10_000


class Question(NamedTuple):
    """Which entries are asked for.

    :param host: only of services on this host
    :param uuids: only of these services
    :param since: only what came later, an aware time
    :param limit: only so many, the newest
    """

    host: str | None = None
    uuids: Collection[str] | None = None
    since: datetime.datetime | None = None
    limit: int = MOST

    def answer(
        self, entries: Iterable[entry_.Entry]
    ) -> Sequence[entry_.Entry]:
        """Return those of the entries that are asked for, in order."""
        found = entry_.in_order(
            each
            for each in entries
            if (self.host is None or each.host == self.host)
            and (self.uuids is None or each.uuid in self.uuids)
            and (self.since is None or each.changed_at >= self.since)
        )
        return found[-max(1, self.limit) :]


class Limits(NamedTuple):
    """How much is kept.

    :param entries: of each service, the newest
    :param days: how long; the newest entry of a service that is registered
        is kept longer
    """

    entries: int
    days: int

    @classmethod
    def of(cls, conf: cfg.ConfigOpts) -> Self:
        """Return the limits that a configuration sets.

        A process that has not registered the group only moves services.
        """
        options = getattr(conf, history_conf.NAME, None)
        if options is None:
            return cls(history_conf.ENTRIES, history_conf.DAYS)
        return cls(options.entries, options.days)

    def kept(
        self, entries: Sequence[entry_.Entry], now: datetime.datetime
    ) -> list[entry_.Entry]:
        """Return those of the entries of one service that are kept.

        :param entries: all of them, in order
        :param now: the time by the clock of the entries
        """
        if not entries:
            return []
        *older, last = entries[-self.entries :]
        return [
            *(each for each in older if self.keeps(each, now)),
            last,
        ]

    def keeps(self, entry: entry_.Entry, now: datetime.datetime) -> bool:
        """Return whether an entry is not too old."""
        return entry.changed_at > now - datetime.timedelta(days=self.days)


class Told(abc.ABC):
    """The history, to be read."""

    @abc.abstractmethod
    def of(
        self, context: Context, question: Question
    ) -> Sequence[entry_.Entry]:
        """Return entries in order, the newest last.

        :raises ServiceGroupUnavailable: the backend cannot be asked
        """


class History(Told):
    """The history, where watchers write it.

    :param limits: how much is kept
    """

    #: It survives a restart of the backend.
    durable: ClassVar[bool] = True

    def __init__(self, limits: Limits) -> None:
        self.limits = limits

    @abc.abstractmethod
    def last(
        self, context: Context, uuids: Collection[str]
    ) -> Mapping[str, entry_.Entry]:
        """Return the newest entry of each of these services that has one.

        Costs a bounded number of round trips for any number of services.

        :raises ServiceGroupUnavailable: the backend cannot be asked
        """

    @abc.abstractmethod
    def record(
        self, context: Context, entries: Sequence[entry_.Entry]
    ) -> Mapping[str, entry_.Entry]:
        """Add entries, each where it is the next one of its service.

        Another watcher may have been first: then nothing is added. An entry
        whose answer was lost is not added twice.

        :param entries: of different services; their times are not looked at
        :returns: the newest entries of these services, also of other watchers
        :raises DeploymentMismatch: the deployment has moved: nothing is added
            any more
        :raises ServiceGroupUnavailable: the backend cannot be asked; some of
            them may have been added
        """

    @abc.abstractmethod
    def prune(self, context: Context, registered: Collection[str]) -> int:
        """Delete entries that are older than the limit.

        The newest entry of each service is kept as long as the service is
        registered: the next transition is compared with it.

        :param registered: the uuids of the services that are
        :returns: how many entries, or services, were deleted
        :raises ServiceGroupUnavailable: the backend cannot be asked
        """
