# SPDX-License-Identifier: Apache-2.0

"""The tokens of changes, on each database."""

from concurrent import futures
import time
from unittest import mock

from oslo_utils import uuidutils
import sqlalchemy as sa
import testscenarios

from nova_sg import context as sg_context
from nova_sg import exception
from nova_sg.db import clock
from nova_sg.db import engine
from nova_sg.db import models
from nova_sg.db import writes
from nova_sg.notifications import base as notifications
from nova_sg.servicegroup import api as sg_api
from nova_sg.servicegroup.backends.sql import records as sql_records
from nova_sg.servicegroup.records import change
from nova_sg.tests.fixtures import scenarios
from nova_sg.tests.functional.db import base

load_tests = testscenarios.load_tests_apply_scenarios

VALUES = {'host': 'c1', 'binary': 'nova-compute', 'topic': 'compute'}


class WritesTestCase(base.DatabaseTestCase):
    scenarios = scenarios.SCHEMAS

    def setUp(self) -> None:
        super().setUp()
        self.context = sg_context.get_admin_context()
        self.records = sql_records.SqlRecordStore(self.conf)

    def change(self, token=None):
        """Return the context of one change."""
        context = change.for_one(self.context)
        context.change = token or context.change
        return context

    def tokens(self):
        return self.db.read(
            lambda c: c.execute(sa.select(writes.WRITES.token)).scalars().all()
        )

    def age(self, seconds):
        """Make all tokens older."""
        statement = models.writes.update().values(made_at=clock.ago(seconds))
        self.db.write(lambda c: c.execute(statement))


class TestTokens(WritesTestCase):
    def test_a_change_that_fails_leaves_none(self):
        self.assertRaises(
            exception.ServiceNotFound,
            self.records.destroy,
            self.context,
            uuidutils.generate_uuid(),
        )
        self.assertEqual([], self.tokens())

    def test_one_that_comes_with_another_change_is_refused(self):
        mine = self.records.create(self.context, VALUES)
        other = self.records.create(self.context, {**VALUES, 'host': 'c2'})
        used = self.change()
        self.records.update(used, mine.uuid, {'disabled': True})
        for method, arguments in (
            (self.records.update, (other.uuid, {'disabled': True})),
            (self.records.destroy, (mine.uuid,)),
            (self.records.create, ({**VALUES, 'host': 'c3'},)),
        ):
            self.assertRaises(exception.TokenReused, method, used, *arguments)
        self.assertEqual(
            [True, False],
            [each.disabled for each in self.records.list(self.context)],
        )

    def test_a_change_of_a_service_that_was_purged_finds_none(self):
        mine = self.records.create(self.context, VALUES)
        once = self.change()
        self.records.update(once, mine.uuid, {'disabled': True})
        self.records.purge(self.context, [mine.uuid])
        self.assertRaises(
            exception.ServiceNotFound,
            self.records.update,
            once,
            mine.uuid,
            {'disabled': True},
        )

    def test_the_name_of_a_database_may_be_long(self):
        markers = self.records.marker_store
        ours = markers.claim(self.records.ours)
        with mock.patch.object(
            engine.Database, 'name', f'postgresql://{"h" * 253}/nova_sg'
        ):
            self.assertTrue(markers.move(ours, ours))

    def test_old_ones_are_deleted_now_and_then(self):
        mine = self.records.create(self.context, VALUES)
        for kept, (seconds, token) in (
            (3, (change.KEPT - 60, '00')),
            (1, (change.KEPT + 60, '00')),
        ):
            self.records.update(self.context, mine.uuid, {'version': 1})
            self.age(seconds)
            context = self.change(token + uuidutils.generate_uuid())
            self.records.update(context, mine.uuid, {'version': 2})
            self.assertEqual(kept, len(self.tokens()))

    def test_a_change_does_not_fail_with_what_comes_after_it(self):
        mine = self.records.create(self.context, VALUES)

        failed = []

        def fail():
            failed.append(True)
            raise RuntimeError

        context = self.change('00' + uuidutils.generate_uuid())
        sa.event.listen(
            self.db.engine, 'before_cursor_execute', _at_tokens(fail)
        )
        changed = self.records.update(context, mine.uuid, {'disabled': True})
        self.assertEqual((True, [True]), (changed.disabled, failed))


class TestNames(WritesTestCase):
    def test_a_row_without_a_uuid_has_its_name(self):
        statement = models.services.insert().values(
            report_count=0, deleted=0, **VALUES
        )
        self.db.write(lambda c: c.execute(statement))
        self.assertRaises(
            exception.ServiceBinaryExists,
            self.records.create,
            self.context,
            VALUES,
        )


class TestTold(WritesTestCase):
    """Consumers are told of a change, whichever attempt finishes it."""

    scenarios = [scenarios.SQLITE_SCHEMA]

    def test_a_second_attempt_tells_what_the_first_may_not_have(self):
        notifier = mock.create_autospec(notifications.Notifier)
        api = sg_api.API(self.conf, notifier=notifier)
        told = notifier.changed
        once = self.change()
        mine = api.create(once, VALUES)
        self.assertEqual(mine, api.create(once, VALUES))
        told.assert_has_calls([mock.call(once, 'create', mine)] * 2)
        once = self.change()
        for _attempt in range(2):
            told.reset_mock()
            api.destroy(once, mine.uuid)
            told.assert_called_once()
            self.assertEqual(mine.uuid, told.call_args.args[2].uuid)
        told.reset_mock()
        self.assertRaises(
            exception.ServiceNotFound, api.destroy, self.change(), mine.uuid
        )
        told.assert_not_called()


class TestWaiting(WritesTestCase):
    scenarios = scenarios.SERVER_SCHEMAS

    def test_a_second_attempt_waits_for_what_became_of_the_first(self):
        mine = self.records.create(self.context, VALUES)
        for committed in (False, True):
            context = self.change()
            write = {
                'token': context.change,
                'action': 'update',
                'uuid': mine.uuid,
                'made_at': clock.utcnow(),
            }
            with (
                futures.ThreadPoolExecutor(1) as pool,
                self.administrator().connect() as first,
            ):
                first.execute(models.writes.insert().values(write))
                second = pool.submit(
                    self.records.update, context, mine.uuid, {'version': 7}
                )
                time.sleep(0.2)
                self.assertFalse(second.done())
                if committed:
                    first.execute(models.services.update().values(version=8))
                    first.commit()
                else:
                    first.rollback()
                self.assertEqual(7 + committed, second.result().version)


def _at_tokens(work):
    """Return a listener that acts where tokens are read to be deleted."""

    def listen(_connection, _cursor, statement, *_rest):
        if 'made_at <' in statement:
            work()

    return listen
