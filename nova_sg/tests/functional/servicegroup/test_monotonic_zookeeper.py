# SPDX-License-Identifier: Apache-2.0

"""A process never reads a record as it was before what it has read."""

import threading
import time

import fixtures

from nova_sg.servicegroup.backends.zookeeper import changelog
from nova_sg.servicegroup.backends.zookeeper import feeds
from nova_sg.servicegroup.backends.zookeeper import requests
from nova_sg.servicegroup.records import codec
from nova_sg.tests.functional.servicegroup import zookeeper_base as base
from nova_sg.tests.functional.servicegroup import zookeeper_deployments


class MonotonicTestCase(base.ZooKeeperTestCase):
    def setUp(self):
        super().setUp()
        self.other = self.process()
        self.service = self.register(self.other)

    def change(self, reason):
        self.other.update(
            self.context, self.service.uuid, {'disabled_reason': reason}
        )

    def part(self, api):
        """Return the mirrored records of a process."""
        (found,) = api.driver.records.mirror._cells.values()
        return found

    def count_loads(self):
        """Return a list that grows each time a mirror reads all records."""
        loads = []
        real = feeds.CellFeed.snapshot

        def load(feed):
            loads.append(feed)
            return real(feed)

        self.useFixture(
            fixtures.MonkeyPatch(f'{feeds.__name__}.CellFeed.snapshot', load)
        )
        return loads


class TestDirectReads(MonotonicTestCase):
    def hold(self, part):
        """Have a mirror read nothing more; returns what lets it go on."""
        goes_on = threading.Event()
        real = part.refresh

        def refresh():
            goes_on.wait(base.PATIENCE)
            real()

        part.refresh = refresh
        self.addCleanup(goes_on.set)
        return goes_on

    def reason(self, api):
        found = api.get_by_uuid(self.context, self.service.uuid)
        return found.disabled_reason

    def test_the_mirror_tells_nothing_older_than_what_was_read_directly(self):
        api = self.mirrored()
        part = self.part(api)
        goes_on = self.hold(part)
        self.change('new')
        self.assertIsNone(self.reason(api))
        # As after a refresh that failed.
        part.failed = True
        self.assertEqual('new', self.reason(api))
        part.failed = False
        threading.Timer(0.5, goes_on.set).start()
        self.assertEqual('new', self.reason(api))

    def test_what_was_seen_to_be_gone_does_not_come_back(self):
        api = self.mirrored()
        part = self.part(api)
        goes_on = self.hold(part)
        self.other.destroy(self.context, self.service.uuid)
        self.assertEqual(1, len(api.driver.records.traces(self.context)))
        threading.Timer(0.5, goes_on.set).start()
        self.assertEqual([], list(api.list(self.context)[0]))

    def test_a_direct_read_costs_no_more_waiting(self):
        api = self.process()
        api.list(self.context)
        with zookeeper_deployments.count_round_trips() as count:
            api.get_by_uuid(self.context, self.service.uuid)
            self.assertEqual(1, count())

    def test_a_log_that_was_made_anew_is_followed(self):
        api = self.mirrored()
        self.change('new')
        self.eventually(lambda: self.reason(api), 'it is mirrored')
        with self.behind() as client:
            client.delete(self.cell.path, recursive=True)
        api.driver.records.traces(self.context)
        self.part(api).audit()
        again = self.register(self.process(), 'again')
        self.eventually(
            lambda: list(api.list(self.context)[0]) == [again],
            'what is there now is told',
        )
        with zookeeper_deployments.count_round_trips() as count:
            api.list(self.context)
            self.assertEqual(0, count())


class TestManyChanges(MonotonicTestCase):
    def test_two_reads_are_no_proof_of_a_log_that_was_trimmed(self):
        api = self.mirrored()
        loads = self.count_loads()
        session = self.session_of(api)
        real, done = session.ask, []

        def ask(asked, deadline=None):
            # Changes are made between a read and the next one of a batch.
            if done or threading.current_thread().name != 'loop-mirror':
                return real(asked, deadline)
            done.append(asked)
            answers = real(asked[:1], deadline)
            for number in range(3):
                self.change(f'between {number}')
            return answers + real(asked[1:], deadline)

        session.ask = ask
        self.part(api).mark()
        self.eventually(
            lambda: (
                api.get_by_uuid(
                    self.context, self.service.uuid
                ).disabled_reason
                == 'between 2'
            ),
            'all changes are seen',
        )
        self.assertEqual([], loads)

    def test_changes_without_a_pause_are_followed_and_never_read_backwards(
        self,
    ):
        log = self.useFixture(fixtures.FakeLogger())
        api = self.mirrored()
        loads = self.count_loads()
        writer = self.begin_to_write(rate=600, seconds=3)
        latest = -1
        slowest = 0.0
        while writer.is_alive():
            began = time.monotonic()
            number = int(self.reason(api) or -1)
            slowest = max(slowest, time.monotonic() - began)
            self.assertGreaterEqual(number, latest)
            latest = number
        writer.join()
        self.eventually(
            lambda: int(self.reason(api)) == self.written,
            'the last change is seen',
        )
        # How many depends on the machine; enough to overtake a slow reader.
        self.assertGreater(self.written, 100)
        self.assertEqual([], loads)
        self.assertNotIn('too fast', log.output)
        self.assertNotIn('not followed', log.output)

    def reason(self, api):
        ((found, *_), _) = api.list(self.context)
        return found.disabled_reason

    def begin_to_write(self, rate, seconds):
        """Begin to change a record this often in each second."""
        self.written = -1
        session = self.session_of(self.other)
        path = self.cell.service(self.service.uuid)

        def transaction(number):
            after = self.service._replace(disabled_reason=f'{number}')
            value = codec.encode(codec.Stored(after))
            return [
                requests.change(path, value, -1),
                changelog.changed(self.cell, after),
            ]

        def write():
            batch, number = rate // 50, 0
            until = time.monotonic() + seconds
            due = time.monotonic()
            while time.monotonic() < until:
                session.commit_many(
                    [transaction(number + n) for n in range(batch)]
                )
                number += batch
                self.written = number - 1
                due += 1 / 50
                time.sleep(max(0, due - time.monotonic()))

        writer = threading.Thread(target=write)
        writer.start()
        self.addCleanup(writer.join)
        return writer
