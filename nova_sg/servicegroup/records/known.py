# SPDX-License-Identifier: Apache-2.0

"""What a membership asks of records: which services have one.

A process that beats, and has no backend for records, needs no more of them.
"""

import abc
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any
from typing import ClassVar

from oslo_config import cfg
from oslo_log import log as logging

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.servicegroup import marker

LOG = logging.getLogger(__name__)

Context = sg_context.RequestContext

#: Up to so many services are asked for one by one.
FEW = 10


def one_by_one(
    get_by_uuid: Callable[[Any, str], Any],
    context: Context,
    uuids: Iterable[str],
) -> set[str]:
    """Return those of the uuids that have a live record.

    :param get_by_uuid: reads one, or raises ``ServiceNotFound``
    """
    found = set()
    for uuid in uuids:
        try:
            get_by_uuid(context, uuid)
        except exception.ServiceNotFound:
            continue
        found.add(uuid)
    return found


class KnownRecords(abc.ABC):
    """Tells which services have a record, and where the records are marked.

    :param conf: a loaded configuration
    """

    #: An acknowledged change survives a restart of the backend. Of a store
    #: where it does not, memberships keep copies: see :meth:`keep`.
    durable: ClassVar[bool] = True

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        self.conf = conf

    @property
    @abc.abstractmethod
    def marker_store(self) -> marker.MarkerStore:
        """Where this backend carries the deployment marker."""

    @abc.abstractmethod
    def known(self, context: Context, uuids: Sequence[str]) -> set[str]:
        """Return those of the uuids that have a live record.

        :raises ServiceGroupUnavailable: the backend cannot be asked
        """

    def missing(self, context: Context, uuids: Iterable[str]) -> set[str]:
        """Return those of the uuids that have no live record.

        None of them where the backend cannot be asked: the caller knows
        them from somewhere.
        """
        wanted = list(uuids)
        if not wanted:
            return set()
        try:
            return set(wanted).difference(self.known(context, wanted))
        except exception.ServiceGroupUnavailable as error:
            LOG.debug('Not asking for records: %s', error)
            return set()

    def keep(self, context: Context, uuids: Sequence[str]) -> set[str]:
        """Return those of the uuids that have a live record.

        For memberships, of the services that join in this process. A store
        that is not :attr:`durable` keeps copies of these records from now on.
        """
        return self.known(context, uuids)

    def check_kept(self, uuids: Iterable[str]) -> set[str]:
        """Write back kept records which the backend has lost.

        Called with each beat; a backend that cannot be asked is not an error.

        :returns: the uuids of records that were seen to be destroyed
        """
        return set()

    def watch(self, context: Context) -> None:  # noqa: B027
        """Note that this process goes on, and will read often.

        A store that can keep a copy begins to. It never fails, and does not
        wait.

        :param context: names the cell that will be read
        """

    def guard(self, context: Context, uuid: str, lease: object) -> str | None:
        """Return the key that is there while a service has a record.

        A membership of the same backend looks for it in the transaction in
        which a member enters.

        :param lease: what the membership reaches its backend over; it is
            only compared with the store's own
        :returns: None where records are elsewhere, or it is not one key
        """
        return None

    def mirror_over(self, lease: object) -> Any:
        """Return the ``mirror.Mirror`` that copies records over a lease.

        A membership on the same lease keeps its members there, too.

        :returns: None without one
        """
        return None
