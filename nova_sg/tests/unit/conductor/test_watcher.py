# SPDX-License-Identifier: Apache-2.0

"""Which transitions a watcher tells of."""

import fixtures
from oslotest import base

from nova_sg import exception
from nova_sg.conductor import watcher
from nova_sg.servicegroup import liveness
from nova_sg.servicegroup import reasons
from nova_sg.servicegroup import record


class Api:
    """Lists what a test says, and notes what is told.

    :ivar up: by uuid
    :ivar told: pairs of uuid and state
    """

    def __init__(self) -> None:
        self.up: dict[str, bool] = {}
        self.forced_down: set[str] = set()
        self.in_doubt: set[str] = set()
        self.away = False
        self.told: list[tuple[str, bool]] = []
        self.notifier = self
        self.asked: list[str] = []
        self.why: list[str] = []

    def list(self, context):
        if self.away:
            raise exception.ServiceGroupUnavailable(backend='b', reason='r')
        records = [
            record.Record(
                id=1,
                uuid=uuid,
                host=uuid,
                binary='nova-compute',
                topic='compute',
                forced_down=uuid in self.forced_down,
            )
            for uuid in self.up
        ]
        alive = {
            uuid: liveness.Liveness(
                up, None, 0.0, unknown='why' if uuid in self.in_doubt else None
            )
            for uuid, up in self.up.items()
        }
        return records, alive

    def departures(self, context, services, known):
        self.asked += [each.uuid for each in services]
        return {
            each.uuid: reasons.Departure(
                reasons.UP if known[each.uuid].up else reasons.STOPPED
            )
            for each in services
        }

    def state(self, context, service, *, up, why):
        self.told.append((service.uuid, up))
        self.why.append(why.reason)


class TestWatcher(base.BaseTestCase):
    def setUp(self) -> None:
        super().setUp()
        self.api = Api()
        self.watcher = watcher.Watcher(self.api, interval=0)

    def look(self, **up):
        """Return what is told when services are as they are said to be."""
        self.api.up = up
        self.api.told.clear()
        self.watcher.look()
        return list(self.api.told)

    def test_what_it_finds_at_first_is_no_transition(self):
        self.assertEqual([], self.look(a=True, b=False))

    def test_a_transition_is_told_once(self):
        self.look(a=True, b=False)
        self.assertEqual(
            [('a', False), ('b', True)], self.look(a=False, b=True)
        )
        self.assertEqual([], self.look(a=False, b=True))

    def test_the_reason_is_asked_for_where_something_has_changed(self):
        self.look(a=True, b=False, c=True)
        self.assertEqual([], self.api.asked)
        log = self.useFixture(fixtures.FakeLogger())
        self.look(a=False, b=False, c=True)
        self.assertEqual(['a'], self.api.asked)
        self.assertEqual([reasons.STOPPED], self.api.why)
        self.assertEqual(
            'nova-compute on host a is down: stopped\n', log.output
        )

    def test_a_service_that_is_new_or_destroyed_is_none(self):
        self.look(a=True)
        self.assertEqual([], self.look(b=False))
        self.assertEqual([], self.look(a=False, b=False))

    def test_a_service_forced_down_has_gone_down(self):
        self.look(a=True)
        self.api.forced_down = {'a'}
        self.assertEqual([('a', False)], self.look(a=True))
        self.api.forced_down = set()
        self.assertEqual([('a', True)], self.look(a=True))

    def test_what_is_presumed_at_first_is_not_left(self):
        self.api.in_doubt = {'a', 'b'}
        self.look(a=True, b=True)
        self.api.in_doubt = set()
        self.assertEqual([], self.look(a=True, b=False))
        self.assertEqual([('b', True)], self.look(a=True, b=True))

    def test_a_service_that_was_down_is_not_presumed_up(self):
        self.look(a=False, b=True)
        self.api.in_doubt = {'a', 'b'}
        self.assertEqual([], self.look(a=True, b=True))
        self.api.in_doubt = set()
        self.assertEqual([('b', False)], self.look(a=False, b=False))

    def test_a_backend_that_is_away_is_no_death(self):
        self.look(a=True)
        self.api.away = True
        self.assertRaises(exception.ServiceGroupUnavailable, self.look, a=True)
        self.api.away = False
        self.assertEqual([], self.look(a=True))
        self.assertEqual([('a', False)], self.look(a=False))
