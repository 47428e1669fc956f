# SPDX-License-Identifier: Apache-2.0

"""Why services are down: the trace, and what this process has seen."""

import datetime
from unittest import mock

from oslotest import base

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.servicegroup import departures
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import reasons

EARLY = datetime.datetime(2030, 1, 1, 12, 0, tzinfo=datetime.UTC)
LATE = EARLY + datetime.timedelta(seconds=60)

UP = liveness.Liveness(True, LATE, 1.0)
DOWN = liveness.Liveness(False, None, 1.0)
UNKNOWN = liveness.Liveness(False, None, 1.0, (), 'nobody answers')


class Traces:
    """Stands for a membership which keeps traces."""

    def __init__(self, **traces: reasons.Departure) -> None:
        self._traces = traces
        self.asked: list[str] = []

    def departures(self, context, uuids):
        self.asked += uuids
        return {u: self._traces[u] for u in uuids if u in self._traces}


class Away:
    def departures(self, context, uuids):
        raise exception.ServiceGroupUnavailable(backend='db', reason='away')


class DeparturesTestCase(base.BaseTestCase):
    def why(self, membership, *, seen=None, forced=(), **verdicts):
        class Departures(departures.Departures):
            _deployment = mock.Mock()
            _membership = membership

            def _ask(self, context, uuids):
                return {uuid: verdicts[uuid] for uuid in uuids}

            def _last_seen_up(self, uuids):
                return seen or {}

        return Departures().departures(
            sg_context.get_admin_context(),
            [{'uuid': u, 'forced_down': u in forced} for u in verdicts],
        )

    def test_only_services_that_are_down_are_asked_for(self):
        traces = Traces()
        self.why(traces, a=UP, b=DOWN, c=UNKNOWN)
        self.assertEqual(['b'], traces.asked)
        traces = Traces()
        self.why(traces, a=UP)
        self.assertEqual([], traces.asked)

    def test_a_service_that_is_up_was_seen_when_its_verdict_says(self):
        self.assertEqual(
            {'a': reasons.Departure(reasons.UP, None, LATE)},
            self.why(Traces(), a=UP),
        )

    def test_what_this_process_has_seen_of_a_silent_service_is_later(self):
        silent = reasons.Departure(reasons.SILENT, EARLY, EARLY, 'host1:1')
        mine = reasons.this_process()
        found = self.why(Traces(a=silent), a=DOWN, seen={'a': LATE})
        self.assertEqual(
            reasons.Departure(reasons.SILENT, LATE, LATE, mine), found['a']
        )
        nameless = silent._replace(seen_by=None)
        found = self.why(Traces(a=nameless), a=DOWN, seen={'a': EARLY})
        self.assertEqual(nameless._replace(seen_by=mine), found['a'])
        later = silent._replace(since=LATE, last_seen=LATE)
        found = self.why(Traces(a=later), a=DOWN, seen={'a': EARLY})
        self.assertEqual(later, found['a'])

    def test_a_service_that_left_is_not_silent_to_its_watcher(self):
        left = reasons.Departure(reasons.STOPPED, EARLY, EARLY, 'host1:1')
        found = self.why(Traces(a=left), a=DOWN, seen={'a': LATE})
        self.assertEqual(left, found['a'])

    def test_forced_wins_and_says_when_the_service_was_seen(self):
        left = reasons.Departure(reasons.STOPPED, EARLY, EARLY, 'host1:1')
        found = self.why(Traces(b=left), a=UP, b=DOWN, forced=('a', 'b'))
        self.assertEqual(
            {
                'a': reasons.Departure(reasons.FORCED, None, LATE),
                'b': left._replace(reason=reasons.FORCED, since=None),
            },
            found,
        )

    def test_what_nobody_can_tell_is_unknown(self):
        nobody = reasons.Departure(reasons.UNKNOWN)
        found = self.why(Traces(), a=UNKNOWN, b=DOWN)
        self.assertEqual({'a': nobody, 'b': nobody}, found)
        self.assertEqual({'b': nobody}, self.why(Away(), b=DOWN))
