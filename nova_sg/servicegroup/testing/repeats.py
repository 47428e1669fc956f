# SPDX-License-Identifier: Apache-2.0

"""Promises of a record store: a change that is sent twice is made once."""

from concurrent import futures

from nova_sg.servicegroup.records import change
from nova_sg.servicegroup.testing import actions
from nova_sg.servicegroup.testing import base

#: How many changes others make before a change is sent again.
OTHERS = 12

#: How many processes serve one call at once, and how often that is tried.
SERVING = 3
ROUNDS = 5


class RepeatTests(base.QuietTest):
    """A call that is sent again, as after a lost answer, does nothing."""

    def setUp(self) -> None:
        super().setUp()
        self.once = change.for_one(self.context)

    def test_an_update_sent_twice_leaves_what_came_between(self) -> None:
        service = self.register(forced_down=True)
        self.api.update(self.once, service.uuid, {'forced_down': False})
        self.api.update(self.context, service.uuid, {'forced_down': True})
        again = self.api.update(
            self.once, service.uuid, {'forced_down': False}
        )
        self.assertTrue(again.forced_down)
        self.assertTrue(
            self.records.get_by_uuid(self.context, service.uuid).forced_down
        )

    def test_another_process_knows_the_change_again(self) -> None:
        service = self.register()
        first, second = {'disabled_reason': 'a'}, {'disabled_reason': 'b'}
        other = self.worker()
        other.call(actions.update_once, self.once.change, service.uuid, first)
        self.api.update(self.context, service.uuid, second)
        self.api.update(self.once, service.uuid, first)
        self.assertEqual('b', other.call(actions.reason_of, service.uuid))

    def test_many_changes_do_not_hide_the_first(self) -> None:
        service = self.register()
        self.api.update(self.once, service.uuid, {'disabled_reason': 'mine'})
        for number in range(OTHERS):
            self.api.update(
                self.context, service.uuid, {'disabled_reason': f'{number}'}
            )
        again = self.api.update(
            self.once, service.uuid, {'disabled_reason': 'mine'}
        )
        self.assertEqual(f'{OTHERS - 1}', again.disabled_reason)

    def test_a_create_sent_twice_makes_one_service(self) -> None:
        values = {'host': 'host1', 'binary': 'nova-compute'}
        made = self.api.create(self.once, values)
        again = self.api.create(self.once, values)
        self.assertEqual(made.uuid, again.uuid)
        self.assertEqual(
            [made.uuid],
            [each.uuid for each in self.records.list(self.context)],
        )

    def test_a_create_sent_twice_does_not_bring_a_service_back(self) -> None:
        values = {'host': 'host1', 'binary': 'nova-compute'}
        made = self.api.create(self.once, values)
        self.api.destroy(self.context, made.uuid)
        again = self.api.create(self.once, values)
        self.assertEqual(made.uuid, again.uuid)
        self.assertEqual([], list(self.records.list(self.context)))

    def test_a_create_that_several_serve_at_once_makes_one_service(
        self,
    ) -> None:
        apis = [self.new_api() for _ in range(SERVING)]
        for number in range(ROUNDS):
            once = change.for_one(self.context)
            values = {'host': f'host{number}', 'binary': 'nova-compute'}
            with futures.ThreadPoolExecutor(SERVING) as pool:
                made = [
                    pool.submit(api.driver.records.create, once, values)
                    for api in apis
                ]
            self.assertEqual(
                [made[0].result()] * SERVING, [each.result() for each in made]
            )
        self.assertEqual(ROUNDS, len(self.records.list(self.context)))

    def test_an_update_sent_twice_is_answered_for_a_service_that_is_gone(
        self,
    ) -> None:
        service = self.register()
        changes = {'disabled': True}
        self.records.update(self.once, service.uuid, changes)
        self.records.destroy(self.context, service.uuid)
        again = self.records.update(self.once, service.uuid, changes)
        self.assertEqual((service.uuid, True), (again.uuid, again.disabled))

    def test_a_create_that_was_made_is_not_too_old_for_what_came_after(
        self,
    ) -> None:
        values = {'host': 'old', 'binary': 'nova-compute', 'version': 1}
        made = self.api.create(self.once, values)
        self.register('new', version=9)
        self.api.destroy(self.context, made.uuid)
        again = self.outcome(lambda: self.api.create(self.once, values))[1]
        self.assertEqual(made.uuid, again and again.uuid)

    def test_an_update_that_was_made_is_not_refused_for_what_came_after(
        self,
    ) -> None:
        service = self.register(version=1)
        changes = {'version': 2}
        self.api.update(self.once, service.uuid, changes)
        self.register('new', version=9)
        self.api.destroy(self.context, service.uuid)
        again = self.outcome(
            lambda: self.api.update(self.once, service.uuid, changes)
        )[1]
        self.assertEqual(service.uuid, again and again.uuid)

    def test_a_destroy_that_was_made_is_not_refused(self) -> None:
        service = self.register()
        for _attempt in range(2):
            self.api.destroy(self.once, service.uuid)

    def test_a_destroy_sent_twice_is_one(self) -> None:
        service = self.register()
        self.records.destroy(self.once, service.uuid)
        anew = self.register()
        self.records.destroy(self.once, service.uuid)
        self.assertEqual([anew], list(self.records.list(self.context)))
