# SPDX-License-Identifier: Apache-2.0

"""How members enter: their keys are put on the lease, where they are not.

A service without a record gets no member. Where records and members are in one
backend, the transaction that creates a member finds out. Where records are
elsewhere, they are asked before::

    t=0  another process destroys agent A: its members, and then its record
    t=0  between the two A beats: its key is missing, its record is still
         there, and A enters again
    t=10 A beats: its key was created a moment ago, so that the record is asked
         for once more. It is gone, and so is the member

Where the records do not answer, a beat goes on asking until they do.
"""

from collections.abc import Sequence
import contextlib
import time

from oslo_log import log as logging

from nova_sg import exception
from nova_sg.servicegroup.leased import keys as sg_keys
from nova_sg.servicegroup.leased import memory
from nova_sg.servicegroup.records import known

LOG = logging.getLogger(__name__)


class Entry:
    """Not thread safe.

    :param keys: the keys of members in the backend
    :param records: where the records are; None where they cannot be asked
        from here
    :param reader: told which services have members now
    :param doubtful: seconds for which the beats of a member ask for its
        record, once its key had to be created
    """

    def __init__(
        self,
        keys: sg_keys.MemberKeys,
        records: known.KnownRecords | None,
        reader: memory.LivenessReader,
        doubtful: float,
    ) -> None:
        self._keys = keys
        self._records = records
        self._reader = reader
        self._doubtful = doubtful

    def without_record(
        self, handles: Sequence[sg_keys.Handle]
    ) -> set[sg_keys.Handle]:
        """Return the handles without a record, where records are elsewhere.

        Asked before :meth:`enter`, while no other thread waits for the lock:
        an RPC that is not answered takes a minute.
        """
        elsewhere = [each for each in handles if each.guard is None]
        if self._records is None or not elsewhere:
            return set()
        asked_at = time.monotonic()
        uuids = [each.uuid for each in elsewhere]
        try:
            there = self._records.known(elsewhere[0].context, uuids)
        except exception.ServiceGroupUnavailable as error:
            LOG.debug('Not asking for records: %s', error)
            # To ask again and again may take all the time of the beats.
            ask_at = time.monotonic() + self._doubtful
            for each in elsewhere:
                each.ask_at = ask_at
            return set()
        for each in elsewhere:
            each.answered_at = asked_at
        return {each for each in elsewhere if each.uuid not in there}

    def enter(
        self,
        handles: Sequence[sg_keys.Handle],
        without_record: set[sg_keys.Handle],
    ) -> set[sg_keys.Handle]:
        """Put the keys of handles on the lease, where they are not.

        :param without_record: what :meth:`without_record` has found
        :returns: the handles without a record
        """
        gone = without_record.intersection(handles)
        entering = [each for each in handles if each not in gone]
        self._keys.delete([each.key for each in gone if each.under])
        if entering:
            try:
                gone |= self._keys.create(entering)
            finally:
                # Some may have entered.
                doubtful_until = time.monotonic() + self._doubtful
                for each in entering:
                    if each.guard is None:
                        each.doubtful_until = doubtful_until
            with contextlib.suppress(exception.ServiceGroupUnavailable):
                # Else the next beat does.
                self._keys.expect_beats([e for e in entering if e not in gone])
        self._reader.changed([each.uuid for each in handles])
        return gone
