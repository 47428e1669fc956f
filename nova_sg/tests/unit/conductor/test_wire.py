# SPDX-License-Identifier: Apache-2.0

"""What crosses the wire between peers of different releases."""

import dataclasses
import datetime
import math
import time

from oslo_serialization import jsonutils
from oslotest import base

from nova_sg.conductor import wire
from nova_sg.servicegroup import driver as sg_driver
from nova_sg.servicegroup import liveness

SEEN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


class TestLiveness(base.BaseTestCase):
    def sent(self, verdict: liveness.Liveness) -> dict:
        return jsonutils.loads(jsonutils.dumps(wire.dump_liveness(verdict)))

    def test_doubt_arrives_with_its_times(self):
        now = time.monotonic()
        verdict = liveness.Liveness(
            *(True, SEEN, now - 70, ()),
            liveness.Doubt(now - 60, now + 15, 'it was out of reach'),
        )
        got = wire.load_liveness(self.sent(verdict))
        self.assertEqual((True, SEEN), got[:2])
        self.assertAlmostEqual(now - 70, got.known_at, delta=1)
        self.assertAlmostEqual(now - 60, got.unknown.since, delta=1)
        self.assertAlmostEqual(now + 15, got.unknown.until, delta=1)
        self.assertEqual('it was out of reach', str(got.unknown))

    def test_an_unknown_state_arrives_as_unknown(self):
        verdict = liveness.Liveness(False, None, 0.0, (), 'it is out')
        got = wire.load_liveness(self.sent(verdict))
        self.assertEqual(liveness.UNKNOWN, got.state)
        self.assertEqual('it is out', got.unknown)

    def test_an_older_peer_reads_why_and_need_not_know_doubt(self):
        now = time.monotonic()
        sent = self.sent(
            liveness.Liveness(
                True, SEEN, now, (), liveness.Doubt(now, now, 'it was out')
            )
        )
        self.assertEqual('it was out', sent['unknown'])

    def test_an_older_peer_knows_no_doubt(self):
        sent = self.sent(liveness.Liveness(True, SEEN, time.monotonic()))
        del sent['doubt']
        self.assertIsNone(wire.load_liveness(sent).unknown)


class TestCharacteristics(base.BaseTestCase):
    DECLARED = sg_driver.Characteristics(
        durable=True,
        linearizable=True,
        per_worker=False,
        crash_detection=60,
        member_details=False,
        remote_beats=True,
        monotonic_reads=True,
        doubt=30.0,
    )

    def test_those_of_a_peer_of_this_release_are_the_same(self):
        self.assertEqual(
            self.DECLARED,
            sg_driver.Characteristics.of(dataclasses.asdict(self.DECLARED)),
        )

    def test_what_only_a_newer_peer_declares_is_left_out(self):
        self.assertEqual(
            self.DECLARED,
            sg_driver.Characteristics.of(
                {**dataclasses.asdict(self.DECLARED), 'colour': 'blue'}
            ),
        )

    def test_what_an_older_peer_does_not_declare_is_not_promised(self):
        declared = dataclasses.asdict(self.DECLARED)
        for name in ('monotonic_reads', 'staleness', 'doubt'):
            del declared[name]
        got = sg_driver.Characteristics.of(declared)
        self.assertEqual(
            (False, math.inf, math.inf),
            (got.monotonic_reads, got.staleness, got.doubt),
        )
