# SPDX-License-Identifier: Apache-2.0

"""What a backend gives a mirror to follow.

A feed belongs to one follower, and is used by one thread, but for what is
said to be called elsewhere. It is dropped with its follower, and another one
opened: at the end of the lease, and in a forked child.

Each read raises ``ServiceGroupUnavailable`` where the backend cannot be asked.
"""

import abc
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import NamedTuple

from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import record


class FallenBack(Exception):
    """The log does not reach back to a position."""

    def __str__(self) -> str:
        return 'the log does not reach back'


class Change(NamedTuple):
    """What a record has become.

    :param uuid: of the service
    :param record: None where it was destroyed
    """

    uuid: str
    record: record.Record | None


class ChangeFeed(abc.ABC):
    """The records of one cell, and what changes of them.

    A position is a number that grows: all changes below it were seen.
    """

    @abc.abstractmethod
    def snapshot(self) -> tuple[Mapping[str, record.Record], int]:
        """Return all live records, by uuid, and the position they are of.

        They may be newer, in part: what :meth:`changes` tells is told again.

        :raises RecordUnreadable: one of them is not to be understood
        """

    @abc.abstractmethod
    def changes(self, position: int) -> tuple[Sequence[Change], int]:
        """Return all changes from a position on, in order, and the next one.

        From then on the follower is told of what is behind that.

        :raises FallenBack: some of them are not there any more
        :raises RecordUnreadable: one of them is not to be understood
        """

    def check(self, position: int) -> None:  # noqa: B027
        """Find out whether a position is still one of this log.

        Called now and then, and after each interruption: the log may have
        been taken away, and made anew.

        :raises FallenBack: it is not
        """


class MemberFeed(abc.ABC):
    """The living workers of all services, and what changes of them."""

    @abc.abstractmethod
    def changes(
        self,
    ) -> Mapping[str, tuple[liveness.Member, ...] | None]:
        """Return what has changed since the last call.

        The first time all that live. From then on the follower is told of
        what changes.

        :returns: the living workers by the uuid of their service; None where
            no worker lives any more
        """

    @abc.abstractmethod
    def touch(self, uuids: Iterable[str]) -> None:
        """Have the next changes show what this process did to services.

        Called in any thread.
        """

    @abc.abstractmethod
    def audit(self) -> None:
        """Have the next changes tell of what no watch has told.

        Called in any thread.
        """


class Source(abc.ABC):
    """Opens the feeds of a backend."""

    @abc.abstractmethod
    def records(self, cell: str, changed: Callable[[], None]) -> ChangeFeed:
        """Follow the records of a cell.

        :param cell: its uuid
        :param changed: called, in any thread, when there may be news; never
            waits, and may be called for nothing
        """

    @abc.abstractmethod
    def members(self, changed: Callable[[], None]) -> MemberFeed:
        """Follow the members of all services.

        :param changed: see :meth:`records`
        """
