# SPDX-License-Identifier: Apache-2.0

"""Members on the lease of a process, over a backend of a few lines."""

import threading
from types import SimpleNamespace
from unittest import mock

from nova_sg import exception
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup import record
from nova_sg.servicegroup.leased import keys
from nova_sg.servicegroup.leased import membership as leased
from nova_sg.servicegroup.mirror import mirror
from nova_sg.servicegroup.records import known
from nova_sg.tests.fixtures import threads
from nova_sg.tests.unit.servicegroup import base


class Keys(keys.MemberKeys):
    """Keys in a dictionary, with the number of the lease they are on."""

    def __init__(self, held):
        self.lease = held
        self.there = {}
        self.why = {}
        self.away = False

    def new(self, context, joined):
        return f'{joined.uuid}:worker', None

    def expected(self, uuid):
        return f'{uuid}:expected'

    def expect(self, key):
        self.there[key] = self.lease.number

    def look(self, handles):
        number = self.lease.number
        lost = {e for e in handles if self.there.get(e.key) != number}
        return lost, set()

    def create(self, handles):
        for each in handles:
            each.under = self.there[each.key] = self.lease.number
        return set()

    def delete(self, deleted):
        if self.away:
            raise self.lease.unavailable('away')
        for each in list(deleted):
            self.there.pop(each, None)

    def expect_beats(self, handles):
        for each in handles:
            self.why[each.uuid] = 'expected'

    def end(self, ended):
        self.delete(ended)
        for key, reason in ended.items():
            self.why[key.partition(':')[0]] = reason

    def departures(self, uuids):
        return {uuid: reasons.Departure(self.why[uuid]) for uuid in uuids}

    def delete_all(self, uuid, invocation=None):
        raise NotImplementedError

    read = delete_all


class TestLeasedMembership(base.WaitingTestCase):
    def setUp(self):
        super().setUp()
        self.lease = base.Lease(0.3, 1.0)
        self.lease.connect()
        self.keys = Keys(self.lease)
        options = SimpleNamespace(
            service_down_time=60, report_interval=10, driver='fake'
        )
        self.without_record = set()
        self.records_away = False
        self.membership = leased_membership(
            options, self.lease, self.keys, self.known
        )
        self.addCleanup(self.membership.closed)
        self.service = record.Record(
            1, 'uuid1', 'host1', 'nova-compute', 'compute'
        )

    def known(self, context, uuids):
        if self.records_away:
            raise self.lease.unavailable('away')
        return set(uuids) - self.without_record

    def join(self):
        handle = self.membership.join(None, self.service)
        self.assertEqual({'uuid1:worker': 1}, self.keys.there)
        return handle

    def pass_doubt(self, handle):
        """Let the time go by in which each beat asks for the record."""
        handle.answered_at -= 61
        handle.doubtful_until -= 61
        handle.ask_at -= 61

    def eventually_there(self, there):
        self.eventually(lambda: self.keys.there == there)

    def test_a_member_whose_loop_hangs_is_withdrawn_until_it_beats(self):
        handle = self.join()
        handle.beaten_at -= 61
        self.eventually_there({})
        self.assertEqual({'uuid1': reasons.WEDGED}, self.keys.why)
        handle.beat(None)
        self.assertEqual({'uuid1': 'expected'}, self.keys.why)
        self.assertEqual({'uuid1:worker': 1}, self.keys.there)

    def test_a_member_that_lost_its_lease_enters_again_without_a_beat(self):
        self.join()
        self.keys.there.clear()
        self.lease._note_connected(2)
        self.membership.lease_changed()
        self.eventually_there({'uuid1:worker': 2})

    def test_a_member_whose_loop_hangs_does_not_enter_again(self):
        handle = self.join()
        handle.beaten_at -= 61
        self.keys.there.clear()
        self.lease._note_connected(2)
        called = threading.Event()
        self.lease.keep = called.set
        self.membership.lease_changed()
        self.assertTrue(called.wait(base.PATIENCE))
        self.assertEqual({}, self.keys.there)

    def test_a_record_that_goes_while_its_member_enters_again_is_missed(self):
        handle = self.join()
        self.keys.there.clear()
        handle.beat(None)
        self.without_record = {'uuid1'}
        self.assertRaises(exception.ServiceNotFound, handle.beat, None)
        self.assertEqual({}, self.keys.there)

    def test_a_record_that_goes_while_records_are_away_is_missed(self):
        handle = self.join()
        self.keys.there.clear()
        self.records_away = True
        self.without_record = {'uuid1'}
        handle.beat(None)
        self.pass_doubt(handle)
        handle.beat(None)
        self.records_away = False
        # An answer was waited for a moment ago.
        handle.beat(None)
        self.assertEqual({'uuid1:worker': 1}, self.keys.there)
        self.pass_doubt(handle)
        self.assertRaises(exception.ServiceNotFound, handle.beat, None)
        self.assertEqual({}, self.keys.there)

    def test_a_record_that_is_there_is_asked_for_no_more(self):
        handle = self.join()
        self.pass_doubt(handle)
        handle.beat(None)
        self.without_record = {'uuid1'}
        handle.beat(None)
        self.assertEqual({'uuid1:worker': 1}, self.keys.there)

    def test_nothing_enters_that_no_thread_would_keep(self):
        with threads.NoThreads():
            self.assertRaises(RuntimeError, self.join)
        self.assertEqual({}, self.keys.there)
        handle = self.join()
        self.keys.there.clear()
        self.lease._note_connected(2)
        self.membership.lease_changed()
        self.eventually_there({handle.key: 2})

    def test_what_could_not_be_deleted_at_leaving_is_deleted_later(self):
        handle = self.join()
        self.keys.away = True
        self.assertRaises(
            exception.ServiceGroupUnavailable, handle.leave, None
        )
        self.keys.away = False
        self.eventually_there({})
        self.assertRaises(exception.ServiceNotJoined, handle.beat, None)

    def test_a_service_is_expected_until_it_joins(self):
        self.membership.announce(None, self.service)
        self.assertEqual({'uuid1:expected': 1}, self.keys.there)
        self.join()

    def test_members_are_the_parents_after_a_fork(self):
        handle = self.join()
        self.membership.forked()
        self.assertRaises(exception.ServiceNotJoined, handle.beat, None)


def leased_membership(options, held, member_keys, known_records):
    """Return a membership on a lease, with records elsewhere."""

    class Membership(leased.LeasedMembership):
        marker_store = None

    return Membership(
        SimpleNamespace(servicegroup=options),
        held,
        member_keys,
        mock.Mock(spec=mirror.Mirror),
        mock.Mock(spec=known.KnownRecords, known=known_records),
    )
