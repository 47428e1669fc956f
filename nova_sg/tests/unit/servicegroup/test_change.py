# SPDX-License-Identifier: Apache-2.0

"""The token of a change, and how it travels."""

from oslotest import base

from nova_sg import context
from nova_sg import exception
from nova_sg.servicegroup.records import change


class TestTokens(base.BaseTestCase):
    def test_each_change_has_its_own(self):
        mine = context.RequestContext(cell_uuid='a-cell', user_id='u1')
        one, another = change.for_one(mine), change.for_one(mine)
        self.assertNotEqual(change.token_of(one), change.token_of(another))
        self.assertIsNone(mine.change)
        self.assertEqual(('a-cell', 'u1'), (one.cell_uuid, one.user_id))

    def test_what_came_from_another_process_keeps_that_of_its_caller(self):
        theirs = context.RequestContext(change='theirs')
        self.assertEqual('theirs', change.token_of(change.for_one(theirs)))

    def test_a_change_that_nobody_made_one_for_gets_one(self):
        mine = context.RequestContext()
        self.assertNotEqual(change.token_of(mine), change.token_of(mine))

    def test_what_cannot_be_one_is_refused(self):
        for theirs in (' ', 'a' * 65, "'; --", 'é', 7, ['a']):
            self.assertRaises(
                exception.InvalidInput,
                change.token_of,
                context.RequestContext(change=theirs),
            )


class TestChange(base.BaseTestCase):
    def change(self, seconds=5.0, tries=3):
        return change.Change('a record', seconds, tries, self.unavailable)

    def unavailable(self, reason):
        return exception.ServiceGroupUnavailable(backend='b', reason=reason)

    def unknown(self):
        return exception.OutcomeUnknown(backend='b', reason='it broke')

    def attempts(self, *outcomes):
        """Return an attempt whose outcomes are these, one after the other."""
        left = list(outcomes)

        def attempt():
            outcome = left.pop(0)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        return attempt

    def test_it_is_tried_again_where_another_writer_was_first(self):
        attempt = self.attempts(change.Conflict(), change.Conflict(), 'done')
        self.assertEqual('done', self.change().run(attempt))

    def test_it_is_not_tried_for_ever(self):
        attempt = self.attempts(*[change.Conflict()] * 3)
        error = self.assertRaises(
            exception.ServiceGroupUnavailable, self.change().run, attempt
        )
        self.assertNotIsInstance(error, exception.OutcomeUnknown)
        self.assertIn('a record was changed by others', str(error))

    def test_it_is_tried_again_after_an_outcome_that_is_not_known(self):
        tried = self.change()
        attempt = self.attempts(self.unknown(), 'found')
        self.assertEqual('found', tried.run(attempt))
        self.assertIsNotNone(tried.unsure)

    def test_an_outcome_that_stays_unknown_is_looked_for(self):
        for outcomes in (
            [self.unknown()] * 3,
            [self.unknown(), self.unavailable('it is gone')],
            [self.unknown(), change.Conflict(), change.Conflict()],
        ):
            attempt = self.attempts(*outcomes)
            found = self.change().run(attempt, lambda: 'found')
            self.assertEqual('found', found)

    def test_an_outcome_that_cannot_be_found_is_told_as_unknown(self):
        def cannot_ask():
            raise self.unavailable('it is gone')

        for outcomes in (
            [self.unknown()] * 3,
            [self.unknown(), self.unavailable('it is gone')],
            [self.unknown(), change.Conflict(), change.Conflict()],
        ):
            for look in (cannot_ask, lambda: None):
                self.assertRaises(
                    exception.OutcomeUnknown,
                    self.change().run,
                    self.attempts(*outcomes),
                    look,
                )

    def test_a_patient_one_waits_until_it_can_look(self):
        attempt = self.attempts(
            self.unknown(), self.unavailable('it is out'), 'found'
        )
        patient = change.Change('a', 5, 9, self.unavailable, patient=True)
        self.assertEqual('found', patient.run(attempt))

    def test_it_is_not_begun_again_when_the_time_is_over(self):
        attempt = self.attempts(self.unknown(), 'again')
        self.assertRaises(
            exception.OutcomeUnknown, self.change(seconds=0).run, attempt
        )

    def test_what_was_not_begun_is_told_as_not_done(self):
        attempt = self.attempts(self.unavailable('it is gone'))
        error = self.assertRaises(
            exception.ServiceGroupUnavailable, self.change().run, attempt
        )
        self.assertNotIsInstance(error, exception.OutcomeUnknown)
