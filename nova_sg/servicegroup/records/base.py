# SPDX-License-Identifier: Apache-2.0

"""What every record store promises."""

import abc
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
import time
from typing import Any
from typing import ClassVar
from typing import Unpack

from nova_sg import context as sg_context
from nova_sg.servicegroup import marker
from nova_sg.servicegroup import record
from nova_sg.servicegroup import view as sg_view
from nova_sg.servicegroup.history import base as history_base
from nova_sg.servicegroup.records import known

Context = sg_context.RequestContext


class RecordStore(known.KnownRecords):
    """Durable records, written rarely: by operators and at start-up.

    (host, binary) is unique among live records, and so is (host, topic),
    where a host or a topic of None never collides. Methods raise
    ``ServiceGroupUnavailable`` where the backend cannot be asked, and never
    leave half a write.

    Every method takes the context first: it names the cell a call is for. A
    method that changes something takes from it the token of the change
    (``change.token_of``), keeps the token in the transaction of the change
    for ``change.KEPT`` seconds at least, and does nothing where it is there
    already: the answer is the record as it is then, also one destroyed since.
    The token is looked for before anything else, so that no later change and
    no move makes a change look as if it was not made. The method raises
    ``OutcomeUnknown`` where the change may have been made and cannot be
    looked for.

    A store that keeps the tokens in the value of the record bounds their
    number: ZooKeeper keeps the latest 500 of a record, memcached the latest
    64. A change that is sent again after as many others of the same record
    within that time is not found.

    A change is refused with ``DeploymentMismatch`` where the deployment has
    moved away: the store looks at the marker in the transaction of the
    change, or says by :attr:`fence` how long it may take until all have seen
    it.

    :param conf: a loaded configuration
    """

    #: Records are in the database of ``[database] connection``. Inside a nova
    #: tree that is nova's, and nova's own functions take this store's place.
    uses_database: ClassVar[bool] = False

    #: Seconds, after the marker was moved, in which a change of a process that
    #: had seen the old one may still arrive: as long as a process trusts the
    #: marker, and the longest write. 0.0 where the store looks at the marker
    #: in the transaction of each change.
    fence: float = marker.TRUSTED + 1.0

    @property
    def history(self) -> history_base.History | None:
        """Where transitions of these services are recorded.

        None of a store that has no place for them.
        """
        return None

    def settle(self) -> None:
        """Return once everything that came before a move can be read.

        Called when the marker has been moved.

        :raises ServiceGroupUnavailable: the backend cannot be asked
        """
        time.sleep(self.fence)

    @abc.abstractmethod
    def create(
        self, context: Context, values: Mapping[str, Any]
    ) -> record.Record:
        """Write a new record.

        :param values: fields of ``record.CREATE_FIELDS``; a uuid is
            generated where it is absent
        :raises ServiceBinaryExists: host and binary are taken
        :raises ServiceTopicExists: host and topic are taken
        """

    @abc.abstractmethod
    def get_by_uuid(self, context: Context, uuid: str) -> record.Record:
        """Return the live record with this uuid.

        :raises ServiceNotFound: there is none
        """

    @abc.abstractmethod
    def get_by_id(self, context: Context, service_id: int) -> record.Record:
        """Return the live record with this integer id.

        :raises ServiceNotFound: there is none
        """

    @abc.abstractmethod
    def get_by_host_and_binary(
        self, context: Context, host: str, binary: str
    ) -> record.Record | None:
        """Return the live record of a binary on a host, None without one."""

    @abc.abstractmethod
    def get_by_host_and_topic(
        self, context: Context, host: str, topic: str
    ) -> record.Record | None:
        """Return the enabled record of a topic on a host, None without one.

        Disabled records are skipped: nova's rule for this getter.
        """

    @abc.abstractmethod
    def list(
        self, context: Context, **filters: Unpack[record.Filters]
    ) -> Sequence[record.Record]:
        """Return live records by id, all filters applied by the backend.

        Costs a constant number of round trips for any number of records.
        """

    def of_hosts(
        self, context: Context, binary: str, hosts: Iterable[str]
    ) -> Sequence[record.Record]:
        """Return the live records of a binary on some hosts, in any order.

        Costs a constant number of round trips for any number of hosts.
        """
        wanted = frozenset(hosts)
        return [
            each
            for each in self.list(context, binary=binary)
            if each.host in wanted
        ]

    def view(self, context: Context) -> sg_view.View | None:
        """Return all live records, where this process has them as one.

        A record that has not changed is the same object in the next view, and
        so is a view in which nothing has.

        :returns: None where :meth:`list` is to be asked
        """
        return None

    def known(self, context: Context, uuids: Sequence[str]) -> set[str]:
        if len(uuids) > known.FEW:
            return {each.uuid for each in self.list(context)} & set(uuids)
        return known.one_by_one(self.get_by_uuid, context, uuids)

    @abc.abstractmethod
    def traces(self, context: Context) -> Sequence[record.Record]:
        """Return the records of destroyed services, by id.

        As long as they are remembered.
        """

    @abc.abstractmethod
    def update(
        self, context: Context, uuid: str, changes: Mapping[str, Any]
    ) -> record.Record:
        """Write the changed fields, and only those, atomically.

        Of two updates at once to different fields both survive.

        :param changes: fields of ``record.UPDATE_FIELDS``
        :returns: the record as it is afterwards
        :raises ServiceNotFound: there is no live record; one destroyed is
            not brought back
        :raises ServiceBinaryExists, ServiceTopicExists: see :meth:`create`
        """

    @abc.abstractmethod
    def destroy(self, context: Context, uuid: str) -> None:
        """Take a record away; its host and binary are free again.

        :raises ServiceNotFound: there is no live record
        """

    def made(
        self, context: Context, uuid: str | None = None
    ) -> record.Record | None:
        """Return what a change made, if it was made already.

        For a caller that would refuse the change of a call which may be sent
        again: an error must not say "not done" of what the first call did.

        :param context: bears the token of the change
        :param uuid: of the record; None where the change creates one with a
            uuid of the store's own
        :returns: the record as it is now, also one destroyed since; None where
            the token is not there, or the store cannot tell
        :raises ServiceNotFound: it was made, and the record was purged since
        :raises OutcomeUnknown: it was made, but may have been lost since
        :raises ServiceGroupUnavailable: the backend cannot be asked
        """
        return None

    @abc.abstractmethod
    def minimum_versions(
        self, context: Context, binaries: Iterable[str]
    ) -> dict[str, int]:
        """Return the lowest version of each binary that has a record.

        Records forced down are left out: nova's rule.
        """

    @abc.abstractmethod
    def restore(self, context: Context, restored: record.Record) -> None:
        """Write a record as it is: id, uuid, times and all.

        Migration, repair and backup stand on it. Writing the same record
        again changes nothing.

        :raises ServiceExists: its id or uuid is another service's
        :raises ServiceBinaryExists, ServiceTopicExists: see :meth:`create`
        """

    @abc.abstractmethod
    def purge(self, context: Context, uuids: Sequence[str]) -> None:
        """Take records away without a trace, live or destroyed.

        Only for copies that a migration has left behind: a service is
        destroyed by :meth:`destroy`. A uuid without a record is as good.
        """
