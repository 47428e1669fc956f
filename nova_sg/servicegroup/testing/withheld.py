# SPDX-License-Identifier: Apache-2.0

"""Promises about lost answers: no decision is undone, none is denied.

Operator A makes a change, and the answer to one of its requests is lost. If
the backend made the change by then, operator B sees it, decides otherwise,
and is told that this is done. Then A's call goes on as it does. That is tried
with the first request of the call, the second, and so on to the last.
"""

from collections.abc import Callable
from typing import Any
from typing import NamedTuple

from nova_sg.servicegroup import record
from nova_sg.servicegroup.testing import base
from nova_sg.servicegroup.testing import exchanges
from nova_sg.servicegroup.testing import restore

#: More requests than any change takes.
LIMIT = 60

#: Seconds until a change shows, at most, where reads may be old.
SOON = 0.5


class Attempt(NamedTuple):
    """A change of A's, and what B decides when it is made.

    :param begin: makes what is changed, on the host with this name
    :param change: what A does
    :param is_made: whether B sees that A's change is made
    :param decide: what B does then
    :param check: is told what was begun, and whether B decided; checks that
        the last decision stands
    :param told: makes the change, and returns what A is told of it
    """

    begin: Callable[[str], Any]
    change: Callable[[Any], object]
    is_made: Callable[[Any], bool]
    decide: Callable[[Any], object]
    check: Callable[[Any, bool], None]
    told: Callable[[Callable[[], object]], str]


class WithheldTests(base.ConformanceTest):
    """A change is made, and its answer is lost."""

    def setUp(self) -> None:
        super().setUp()
        self.link = self.deployment.proxied()
        self.cut_off = self.api_through(self.link)

    def told(self, change: Callable[[], object]) -> str:
        """Make a change; return what its caller is told."""
        return self.outcome(change)[0]

    def each_answer_lost(self, attempt: 'Attempt') -> None:
        """Make a change again and again, each time without another answer."""
        for number in range(1, LIMIT):
            if not self.answer_lost(number, attempt):
                return
        self.fail(f'a change takes more than {LIMIT} requests')

    def answer_lost(self, number: int, attempt: 'Attempt') -> bool:
        """Make a change, and lose one answer.

        :returns: whether there were so many answers
        """
        begun = attempt.begin(f'host{number}')
        self.recovered(self.cut_off.list, self.context)
        decided: list[bool] = []
        errors: list[Exception] = []

        def is_made() -> bool:
            return self.shows(lambda: attempt.is_made(begun))

        def meanwhile() -> None:
            try:
                if is_made():
                    attempt.decide(begun)
                    decided.append(True)
            except Exception as error:
                errors.append(error)

        before = self.link.withheld
        self.link.withhold(exchanges.nth(number), meanwhile)
        outcome = attempt.told(lambda: attempt.change(begun))
        self.link.deliver()
        lost = self.link.withheld > before
        what = f'answer {number}: {outcome}, B decided: {bool(decided)}'
        self.assertEqual([], errors, what)
        if outcome == base.NOT_DONE:
            self.assertTrue(lost, what)
            self.assertEqual([], decided, what)
            self.assertFalse(is_made(), what)
        elif decided:
            attempt.check(begun, True)
        elif outcome == base.DONE:
            self.assertTrue(is_made(), what)
            attempt.check(begun, False)
        return lost

    def shows(self, condition: Callable[[], bool]) -> bool:
        """Return whether something is so, or soon where reads may be old."""
        if self.characteristics.linearizable:
            return condition()
        return self.within(SOON, condition)

    def registered(self, host: str, **values: Any) -> record.Record:
        """Register a service, and wait until the cut-off process reads it."""
        service = self.register(host, **values)
        self.eventually(
            lambda: self.cut_off.driver.records.get_by_host_and_binary(
                self.context, host, 'nova-compute'
            ),
            'a service that another process has registered shows',
        )
        return service

    def reason_of(self, uuid: str) -> str | None:
        return self.records.get_by_uuid(self.context, uuid).disabled_reason

    def test_an_update_does_not_undo_a_later_one(self) -> None:
        def change(service: record.Record) -> None:
            changed = self.cut_off.update(
                self.context,
                service.uuid,
                {'forced_down': False, 'disabled_reason': 'A'},
            )
            # What is there when the call ends, whosever it is.
            self.assertIn(changed.disabled_reason, ('A', 'B'))

        def check(service: record.Record, decided: bool) -> None:
            self.assert_sees(
                'B' if decided else 'A', lambda: self.reason_of(service.uuid)
            )
            found = self.records.get_by_uuid(self.context, service.uuid)
            self.assertEqual(decided, found.forced_down)

        self.each_answer_lost(
            Attempt(
                lambda host: self.registered(host, forced_down=True),
                change,
                lambda service: self.reason_of(service.uuid) == 'A',
                lambda service: self.api.update(
                    self.context,
                    service.uuid,
                    {'forced_down': True, 'disabled_reason': 'B'},
                ),
                check,
                self.told,
            )
        )

    def test_an_update_is_not_denied_where_its_service_is_gone(self) -> None:
        def is_made(service: record.Record) -> bool:
            found = self.records.list(self.context, host=service.host)
            return [each.disabled_reason for each in found] == ['A']

        def check(service: record.Record, decided: bool) -> None:
            self.assert_sees(
                0 if decided else 1,
                lambda: len(
                    self.records.list(self.context, host=service.host)
                ),
            )

        # "Not found" would say that nothing was done.
        self.each_answer_lost(
            Attempt(
                self.registered,
                lambda service: self.cut_off.update(
                    self.context, service.uuid, {'disabled_reason': 'A'}
                ),
                is_made,
                lambda service: self.api.destroy(self.context, service.uuid),
                check,
                self.told,
            )
        )

    def test_a_create_does_not_bring_back_what_was_destroyed(self) -> None:
        def found(host: str) -> record.Record | None:
            return self.records.get_by_host_and_binary(
                self.context, host, 'nova-compute'
            )

        def destroy(host: str) -> None:
            there = found(host)
            assert there is not None
            self.api.destroy(self.context, there.uuid)

        def check(host: str, decided: bool) -> None:
            self.assert_sees(
                0 if decided else 1,
                lambda: len(self.records.list(self.context, host=host)),
            )

        self.each_answer_lost(
            Attempt(
                lambda host: host,
                lambda host: self.cut_off.create(
                    self.context, {'host': host, 'binary': 'nova-compute'}
                ),
                lambda host: found(host) is not None,
                destroy,
                check,
                self.create_outcome,
            )
        )

    def test_a_destroy_does_not_take_away_what_came_later(self) -> None:
        def live(service: record.Record) -> list[str]:
            found = self.records.list(self.context, host=service.host)
            return [each.uuid for each in found]

        def check(service: record.Record, decided: bool) -> None:
            self.assert_sees(1 if decided else 0, lambda: len(live(service)))
            self.assertNotIn(service.uuid, live(service))

        self.each_answer_lost(
            Attempt(
                self.registered,
                lambda service: self.cut_off.destroy(
                    self.context, service.uuid
                ),
                lambda service: live(service) == [],
                lambda service: self.register(str(service.host)),
                check,
                self.told,
            )
        )

    def test_a_restore_is_done_once(self) -> None:
        wanted = restore.from_elsewhere()

        def begin(host: str) -> record.Record:
            number = wanted.id + int(host.removeprefix('host'))
            return wanted._replace(
                id=number, uuid=f'{wanted.uuid[:-4]}{number:04d}', host=host
            )

        def found(restored: record.Record) -> list[record.Record]:
            return list(self.records.list(self.context, host=restored.host))

        # The first write marks, and this goes past the API.
        self.register('elsewhere')
        self.each_answer_lost(
            Attempt(
                begin,
                lambda restored: self.cut_off.driver.records.restore(
                    self.context, restored
                ),
                lambda restored: found(restored) != [],
                # Nobody decides of a copy before it is complete.
                lambda restored: None,
                lambda restored, _: self.assert_sees(
                    [restored], lambda: found(restored)
                ),
                self.told,
            )
        )
