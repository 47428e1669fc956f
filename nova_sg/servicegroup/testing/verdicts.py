# SPDX-License-Identifier: Apache-2.0

"""Promises of the API: what "up" means, and how it is told."""

import datetime
import uuid

from nova_sg import exception
from nova_sg.servicegroup.testing import base
from nova_sg.servicegroup.testing import members


class VerdictTests(base.QuietTest):
    """A service is up if it beats, and no operator says otherwise."""

    def test_who_comes_back_is_up_though_just_seen_down(self) -> None:
        service = self.register()
        (handle,) = self.api.join_many(self.context, [service])
        handle.leave(self.context)
        self.assertFalse(self.api.service_is_up(service))
        self.api.join_many(self.context, [service])
        self.assertTrue(self.api.service_is_up(service))

    def test_every_shape_of_a_member_is_understood(self) -> None:
        up, down = self.register('host1'), self.register('host2')
        self.membership.join(self.context, up)
        self.membership.join(self.context, down).leave(self.context)
        for member in members.shapes(up):
            self.assertIs(True, self.api.service_is_up(member))
        for member in members.shapes(down):
            self.assertIs(False, self.api.service_is_up(member))

    def test_forced_down_wins_over_beats(self) -> None:
        service = self.register()
        handle = self.membership.join(self.context, service)
        forced = self.api.update(
            self.context, service.uuid, {'forced_down': True}
        )
        handle.beat(self.context)
        for member in members.whole(forced):
            self.assertIs(False, self.api.service_is_up(member))
        allowed = self.api.update(
            self.context, service.uuid, {'forced_down': False}
        )
        self.assertIs(True, self.api.service_is_up(allowed))

    def test_a_disabled_service_is_up(self) -> None:
        service = self.register(disabled=True)
        self.membership.join(self.context, service)
        self.assertTrue(self.api.service_is_up(service))

    def test_for_an_unknown_member_novas_rule_stands(self) -> None:
        now = datetime.datetime.now(datetime.UTC)
        before = now - datetime.timedelta(hours=1)
        naive = now.replace(tzinfo=None)
        for seen in (now, naive, now.isoformat(), naive.isoformat()):
            for member in (
                {'last_seen_up': seen},
                {'last_seen_up': None, 'created_at': seen},
                {'last_seen_up': seen, 'created_at': before},
                {'last_seen_up': seen, 'uuid': str(uuid.uuid4())},
                members.Object(created_at=seen),
            ):
                self.assertIs(True, self.api.service_is_up(member))
        for silent in (
            {'last_seen_up': before, 'created_at': now},
            {'created_at': before},
            {'last_seen_up': before, 'uuid': str(uuid.uuid4())},
        ):
            self.assertIs(False, self.api.service_is_up(silent))

    def test_a_member_that_says_nothing_is_refused(self) -> None:
        self.assertRaises(
            exception.InvalidInput, self.api.service_is_up, {'host': 'host1'}
        )

    def test_a_list_brings_the_verdicts_along(self) -> None:
        services = [self.register(f'host{n}') for n in range(3)]
        handles = self.membership.join_many(self.context, services)
        handles[1].leave(self.context)
        records, alive = self.api.list(self.context)
        self.assertEqual(
            {'host0': True, 'host1': False, 'host2': True},
            {each.host: alive[each.uuid].up for each in records},
        )

    def test_a_list_with_verdicts_costs_the_same_for_any_number(self) -> None:
        self.register('host0')
        self.api.list(self.context)
        with self.deployment.round_trips() as few:
            self.api.list(self.context)
        for number in range(1, 40):
            self.register(f'host{number}')
        with self.deployment.round_trips() as many:
            self.assertEqual(40, len(self.api.list(self.context)[0]))
        self.assertEqual(few(), many())

    def test_after_a_list_nobody_is_asked_one_by_one(self) -> None:
        services = [self.register(f'host{n}') for n in range(20)]
        self.membership.join_many(self.context, services)

        def costs_nothing() -> bool:
            self.api.list(self.context)
            with self.deployment.round_trips() as trips:
                for each in services:
                    self.assertTrue(self.api.service_is_up(each))
            return trips() == 0

        # Only on a machine that stands still for a second it may not.
        self.eventually(costs_nothing, 'the verdicts of a list are used')

    def test_a_verdict_is_not_kept_for_long(self) -> None:
        service = self.register()
        handle = self.membership.join(self.context, service)
        self.assertTrue(self.api.service_is_up(service))
        handle.leave(self.context)
        self.eventually(
            lambda: not self.api.service_is_up(service),
            'the verdict is asked for anew',
            within=1,
        )

    def test_a_list_is_never_old(self) -> None:
        service = self.register()
        handle = self.membership.join(self.context, service)
        self.assertTrue(self.api.list(self.context)[1][service.uuid].up)
        handle.leave(self.context)
        self.assertFalse(self.api.list(self.context)[1][service.uuid].up)

    def test_the_newer_of_change_and_beat_is_shown(self) -> None:
        early = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)
        late = early + datetime.timedelta(days=1)
        for changed, seen, newer in (
            (early, late, late),
            (late, early, late),
            (None, early, early),
            (late, None, late),
            (None, None, None),
            (early.replace(tzinfo=None), late.isoformat(), late),
        ):
            member = {'updated_at': changed, 'last_seen_up': seen}
            self.assertEqual(newer, self.api.get_updated_time(member))

    def test_a_beat_is_shown_though_the_record_is_older(self) -> None:
        service = self.register()
        self.membership.join(self.context, service)
        _, alive = self.api.list(self.context)
        self.assertEqual(
            alive[service.uuid].last_seen,
            self.api.get_updated_time({'uuid': service.uuid}),
        )
