# SPDX-License-Identifier: Apache-2.0

"""Services move while watchers record their transitions.

::

    t=0  two conductors with driver = db record what operators decide
    t=1  driver migrate --from db --to zk, while they do
    t=2  ZooKeeper has the services; what the conductors see from now on in
         the database is of no deployment: they record no more
    t=3  a conductor with driver = zk begins a history there
    t=4  the way back: the history in the database goes on where it ended
"""

import itertools
import threading

from nova_sg import exception
from nova_sg.servicegroup.history import base as history_base
from nova_sg.servicegroup.history import recorder
from nova_sg.tests.fixtures import commands
from nova_sg.tests.fixtures import databases
from nova_sg.tests.functional.cmd import migrations


class Watcher(threading.Thread):
    """A watcher that looks all the time, until it is told to stop.

    :ivar refused: why nothing is recorded any more
    """

    def __init__(self, api, name):
        super().__init__(name=name, daemon=True)
        self._recorder = recorder.Recorder(api, api.driver.history, name)
        self._over = threading.Event()
        self.refused = None
        self.looks = 0
        self.unexpected = []

    def run(self):
        while not self._over.wait(0.01):
            try:
                self._recorder.look()
            except exception.DeploymentMismatch as error:
                self.refused = error
            except Exception as error:
                self.unexpected.append(error)
            self.looks += 1

    def end(self):
        self._over.set()
        self.join()


class _HistoryTestCase(migrations.MigrationTestCase):
    def setUp(self):
        super().setUp()
        self.filled = [
            each
            for each in self.fill(12)
            if not (each.deleted or each.forced_down)
        ]
        self.change('db', False)

    def watch(self, place):
        """Return two watchers that have begun to record."""
        watchers = [
            Watcher(self.api_of(place), f'{place}-{n}') for n in range(2)
        ]
        for each in watchers:
            self.addCleanup(each.end)
            each.start()
        commands.wait_until(
            lambda: all(each.looks > 2 for each in watchers),
            'the watchers have looked',
        )
        return watchers

    def end(self, watchers):
        for each in watchers:
            each.end()
            self.assertEqual([], each.unexpected)

    def history(self, place):
        """Return the entries of each service."""
        told = self.api_of(place).driver.history
        found = told.of(self.context, history_base.Question())
        return {
            service.uuid: [each for each in found if each.uuid == service.uuid]
            for service in self.filled
        }

    def change(self, place, disabled):
        api = self.api_of(place)
        for each in self.filled:
            api.update(self.context, each.uuid, {'disabled': disabled})

    def decide(self, place, disabled):
        """Disable or enable all services, and see that it is recorded."""
        self.change(place, disabled)
        commands.wait_until(
            lambda: all(
                entries and entries[-1].after.disabled == disabled
                for entries in self.history(place).values()
            ),
            'each decision is recorded',
        )

    def assert_continues(self, before, after):
        """Check that a history goes on, with no entry lost and none twice.

        :returns: what came after
        """
        more = []
        for uuid, entries in after.items():
            self.assertEqual(before[uuid], entries[: len(before[uuid])])
            more += entries[len(before[uuid]) :]
            self.assertEqual(
                list(range(1, len(entries) + 1)),
                [each.sequence for each in entries],
            )
            for one, next_ in itertools.pairwise(entries):
                self.assertEqual(one.after, next_.before)
        return more

    def check_move(self, source, target):
        agent = self.api_of(source).driver.membership.join(
            self.context, self.filled[0]
        )
        old = self.watch(source)
        for disabled in (True, False):
            self.decide(source, disabled)
        before = self.history(source)
        self.migration(source, target).run()
        new = self.watch(target)
        # Its host is told of the move last.
        agent.leave(self.context)
        self.decide(target, True)
        commands.wait_until(
            lambda: all(each.refused for each in old),
            'what watches the source records no more',
        )
        self.end([*old, *new])
        for each in old:
            self.assertIn('is in use with', str(each.refused))
        more = self.assert_continues(before, self.history(source))
        self.assert_continues(dict.fromkeys(before, []), self.history(target))
        self.assertEqual(
            set(), {each.observer for each in more} - {e.name for e in new}
        )
        before = self.history(source)
        self.migration(target, source).run()
        back = self.watch(source)
        self.decide(source, False)
        self.end(back)
        self.assertTrue(self.assert_continues(before, self.history(source)))


class TestPostgresql(_HistoryTestCase):
    database = databases.PostgresqlDatabase

    def test_to_zookeeper_and_back(self):
        self.check_move('db', 'zk')

    def test_to_memcached_and_back(self):
        self.check_move('db', 'mc:memcached')

    def test_heartbeats_move_and_records_stay(self):
        self.check_move('db', 'zk:sql')


class TestMariadb(_HistoryTestCase):
    database = databases.MariadbDatabase

    def test_heartbeats_move_and_records_stay(self):
        self.check_move('db', 'zk:sql')
