# SPDX-License-Identifier: Apache-2.0

"""``nova-sg-manage driver migrate``: from any driver to any other, and back.

Against a real ZooKeeper, a real memcached and a real database.
"""

import datetime
import itertools
import signal
import threading
import time
from typing import Any
import uuid

import sqlalchemy as sa
import testscenarios

from nova_sg import conf as sg_conf
from nova_sg import exception
from nova_sg.db import models
from nova_sg.servicegroup import api as sg_api
from nova_sg.servicegroup import migration
from nova_sg.servicegroup import plugins
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.sql import records as sql_records
from nova_sg.servicegroup.backends.zookeeper import requests
from nova_sg.servicegroup.records import base as records_base
from nova_sg.tests.fixtures import long
from nova_sg.tests.fixtures import scenarios
from nova_sg.tests.fixtures.servers import ports
from nova_sg.tests.functional.cmd import backends
from nova_sg.tests.functional.cmd import base

load_tests = testscenarios.load_tests_apply_scenarios

LIST = ('service', 'list', '-f', 'json')
CREATED = datetime.datetime(2024, 2, 29, 12, 0, 0, 123456, tzinfo=datetime.UTC)

#: How a process is configured for a place.
OPTIONS = {
    'db': {'DRIVER': 'db'},
    'zk': {'DRIVER': 'zk'},
    'zk:sql': {'DRIVER': 'zk', 'RECORDS': 'sql'},
    'mc': {'DRIVER': 'mc'},
    'mc:memcached': {'DRIVER': 'mc', 'RECORDS': 'memcached'},
}


def services(count: int) -> list[record.Record]:
    """Return records of all kinds: a third is live, two have decisions.

    Every fifth service is deleted. Ids are not in the order of hosts.
    """
    return [_service(number, count) for number in range(count)]


def _service(number: int, count: int) -> record.Record:
    service_id = 1 + (number * 7919) % (10 * count)
    seen = CREATED + datetime.timedelta(days=1, microseconds=number)
    gone = number % 5 == 4
    return record.Record(
        id=service_id,
        uuid=str(uuid.uuid4()),
        host=f'host-{number}',
        binary='nova-compute' if number % 7 else 'nova-osapi_compute',
        topic='compute' if number % 7 else None,
        report_count=number,
        disabled=number % 3 == 1,
        disabled_reason=f'Grund {number} 🛠' if number % 3 == 1 else None,
        forced_down=number % 3 == 2,
        version=61 + number % 4,
        last_seen_up=seen if number % 2 else None,
        created_at=CREATED,
        updated_at=seen if number % 3 else None,
        deleted=service_id if gone else 0,
        deleted_at=seen if gone else None,
    )


class MigrationTestCase(backends.BackendsTestCase):
    """All places are empty, and the database has a schema."""

    def setUp(self) -> None:
        super().setUp()
        self.done('db', 'sync')

    def fill(self, count: int) -> list[record.Record]:
        """Put services into the database, as a deployment that has run."""
        store = sql_records.SqlRecordStore(self.conf_of('db'))
        filled = services(count)
        for each in filled:
            store.restore(self.context, each)
        self.api_of('db').update(
            self.context, filled[0].uuid, {'version': filled[0].version}
        )
        return sorted(self.content('db'), key=lambda each: each.id)

    def conf_of(self, place: str) -> Any:
        """Return the configuration of a process for a place."""
        conf = sg_conf.load([self.config_file])
        for name, value in OPTIONS[place].items():
            conf.set_override(name.lower(), value, 'servicegroup')
        return conf

    def api_of(self, place: str) -> sg_api.API:
        """Return an API as that of a process configured for a place."""
        return sg_api.API(self.conf_of(place))

    def records_of(self, place: str) -> records_base.RecordStore:
        return self.api_of(place).driver.records

    def content(self, place: str) -> list[record.Record]:
        """Return all records in a place, by id."""
        store = self.records_of(place)
        found = [*store.list(self.context), *store.traces(self.context)]
        return sorted(found, key=lambda each: each.id)

    def rows(self) -> list[tuple[Any, ...]]:
        """Return the table of services as it is."""
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        statement = sa.select(models.services).order_by(models.services.c.id)
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(statement)]

    def migration(self, source: str, target: str) -> migration.Migration:
        return migration.Migration(
            lambda: sg_conf.load([self.config_file]),
            migration.Place.parse(source),
            migration.Place.parse(target),
        )

    def migrate(self, source: str, target: str, *words: str) -> Any:
        """Move services, and return what the command has told."""
        return self.done(
            *('driver', 'migrate', '--from', source, '--to', target),
            *('-f', 'json', *words),
        ).json

    def assert_refused(
        self, code: int, says: str, source: str, target: str, *words: str
    ) -> None:
        for trial in ((), ('--dry-run',)):
            result = self.manage(
                *('driver', 'migrate', '--from', source, '--to', target),
                *words,
                *trial,
            )
            self.assert_error(code, says, result)

    def assert_lives_in(self, place: str) -> None:
        """See that a process serves where it is configured for a place.

        Everybody who is configured otherwise is refused.
        """
        for other, options in OPTIONS.items():
            words = ('--config-file', self.write(other, options), *LIST)
            result = self.manage(*words)
            if other == place:
                self.assertEqual(0, result.code, (other, result))
            elif self.shares_nothing(other, place):
                # An unused backend: it is empty, and says so.
                self.assertEqual('[]\n', result.out.replace(' ', ''), other)
            else:
                self.assert_error(4, 'is in use with', result)

    def shares_nothing(self, other: str, place: str) -> bool:
        """Return whether no backend of a place was ever marked."""
        return all(
            store.read() is None
            for store in self.api_of(other).driver.marker_stores()
        )

    def write(self, place: str, options: dict[str, str]) -> str:
        path = f'{self.directory}/{place.replace(":", "-")}.conf'
        with open(path, 'w') as config_file:
            config_file.write('[servicegroup]\n')
            for name, value in options.items():
                config_file.write(f'{name.lower()} = {value}\n')
        return path


class TestMigrate(MigrationTestCase):
    def test_a_thousand_services_come_home_as_they_went(self):
        before = self.fill(1000)
        rows = self.rows()
        told = self.migrate('db', 'zk')
        self.assertEqual(
            {
                'from': 'driver = db, records = sql (format 1)',
                'to': 'driver = zk, records = zookeeper (format 1)',
                'moved': True,
                'copied': 1000,
                'there': 0,
                'replaced': 0,
            },
            told,
        )
        self.assertEqual(before, self.content('zk'))
        self.assert_lives_in('zk')
        self.assertEqual(1000, self.migrate('zk', 'mc:memcached')['copied'])
        self.assertEqual(before, self.content('mc:memcached'))
        self.assert_lives_in('mc:memcached')
        told = self.migrate('mc:memcached', 'db')
        self.assertEqual((0, 1000), (told['copied'], told['there']))
        self.assertEqual(rows, self.rows())
        self.assert_lives_in('db')
        names = {each.host for each in before if not each.deleted}
        listed = self.done(*LIST).json
        self.assertEqual(names, {each['Host'] for each in listed})

    def test_records_that_stay_in_the_database_are_not_touched(self):
        self.fill(20)
        rows = self.rows()
        route = ['db', 'mc', 'zk:sql', 'db']
        for source, target in zip(route, route[1:], strict=False):
            told = self.migrate(source, target)
            self.assertEqual((0, 0), (told['copied'], told['replaced']))
            self.assertEqual(rows, self.rows())
            self.assert_lives_in(target)

    def test_what_was_decided_elsewhere_comes_home(self):
        before = self.fill(20)
        self.migrate('db', 'zk')
        elsewhere = self.api_of('zk')
        live = [each for each in before if not each.deleted]
        elsewhere.update(
            self.context, live[0].uuid, {'disabled': True, 'host': 'renamed'}
        )
        elsewhere.destroy(self.context, live[1].uuid)
        elsewhere.create(
            self.context, {'host': 'new', 'binary': 'nova-compute'}
        )
        # Its name is free since the destroyed one went.
        elsewhere.create(
            self.context,
            {'host': live[1].host, 'binary': live[1].binary, 'version': 99},
        )
        wanted = self.content('zk')
        tried = self.migrate('zk', 'db', '--dry-run')
        told = self.migrate('zk', 'db')
        self.assertEqual(
            (4, 18, 2),
            tuple(told[each] for each in ('copied', 'there', 'replaced')),
        )
        self.assertEqual({**told, 'moved': False}, tried)
        self.assertEqual(wanted, self.content('db'))
        # And ids go on from there.
        made = self.api_of('db').create(
            self.context, {'host': 'newer', 'binary': 'nova-compute'}
        )
        self.assertNotIn(made.id, {each.id for each in wanted})

    def test_a_dry_run_writes_nothing(self):
        before = self.fill(20)
        tried = self.migrate('db', 'zk', '--dry-run')
        self.assertEqual((False, 20), (tried['moved'], tried['copied']))
        self.assertEqual([], self.content('zk'))
        for store in self.api_of('zk').driver.marker_stores():
            self.assertIsNone(store.read())
        self.assertEqual(before, self.content('db'))
        self.assert_lives_in('db')

    def test_to_migrate_again_does_nothing(self):
        self.fill(20)
        self.migrate('db', 'zk')
        told = self.migrate('db', 'zk')
        self.assertEqual((0, 20), (told['copied'], told['there']))
        self.api_of('zk').update(
            self.context, self.content('zk')[0].uuid, {'version': 99}
        )
        self.assert_refused(4, '1 service.* otherwise', 'db', 'zk')
        self.assert_lives_in('zk')

    def test_services_of_old_without_a_uuid_are_given_one_first(self):
        self.fill(3)
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        old = models.services.insert().values(
            id=9999, deleted=9999, host='old', binary='b', report_count=0
        )
        with engine.begin() as connection:
            connection.execute(old)
        result = self.manage('driver', 'migrate', '--from=db', '--to=zk')
        self.assert_error(
            2, '1 service.* run "nova-sg-manage db sync"', result
        )
        self.done('db', 'sync')
        self.assertEqual(4, self.migrate('db', 'zk')['copied'])
        self.assertIn(9999, [each.id for each in self.content('zk')])


class TestCutOff(MigrationTestCase):
    COUNT = 1000

    def test_a_killed_one_is_taken_up_where_it_stopped(self):
        before = self.fill(self.COUNT)
        process = self.spawn(
            *('--config-file', self.config_file),
            *('driver', 'migrate', '--from', 'db', '--to', 'zk'),
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        store = self.records_of('zk')
        deadline = time.monotonic() + base.PATIENCE
        while self.copied(store) < self.COUNT // 20:
            self.assertLess(time.monotonic(), deadline)
        process.send_signal(signal.SIGKILL)
        process.wait()
        there = len(self.content('zk'))
        self.assertLess(there, self.COUNT)
        # The deployment is where it was, and nobody starts on the copy.
        self.assert_lives_in('db')
        # What is decided meanwhile counts, copied already or not.
        changed = before[0].uuid
        api = self.api_of('db')
        for each in before:
            if not each.deleted:
                api.update(self.context, each.uuid, {'disabled_reason': 'me'})
                changed = each.uuid
                break
        told = self.migrate('db', 'zk')
        self.assertEqual(self.COUNT, told['copied'] + told['there'])
        self.assertIn(there - told['there'], (0, 1))
        self.assertEqual(self.content('db'), self.content('zk'))
        found = self.records_of('zk').get_by_uuid(self.context, changed)
        self.assertEqual('me', found.disabled_reason)
        self.assert_lives_in('zk')

    def copied(self, store: Any) -> int:
        """Return how many live services there are in ZooKeeper."""
        services = store.paths(self.context).services
        (stat,) = store.session.ask([requests.exists(services)])
        return 0 if stat is None else stat.numChildren

    def test_one_that_fails_leaves_the_deployment_where_it_was(self):
        before = self.fill(20)
        moving = self.migration('db', 'zk')
        target = moving._target.records
        restore = target.restore

        def forgetful(context: Any, restored: record.Record) -> None:
            restore(context, restored._replace(version=0))

        target.restore = forgetful
        error = self.assertRaises(exception.MigrationFailed, moving.run)
        self.assertIn('differs in version', str(error))
        self.assert_lives_in('db')
        self.assertEqual(20, self.migrate('db', 'zk')['replaced'])
        self.assertEqual(before, self.content('zk'))

    def test_one_that_fails_at_the_end_does_so_too(self):
        self.fill(20)
        moving = self.migration('db', 'zk')
        plan, plans = moving._plan, []

        def unreadable(replaceable: bool) -> Any:
            plans.append(replaceable)
            if len(plans) > 1:
                raise KeyboardInterrupt
            return plan(replaceable)

        moving._plan = unreadable
        self.assertRaises(KeyboardInterrupt, moving.run)
        self.assert_lives_in('db')
        self.migrate('db', 'zk')
        self.assert_lives_in('zk')


class TestMeanwhile(MigrationTestCase):
    """Processes of the deployment run on while services move."""

    def test_no_decision_is_lost_that_was_acknowledged(self):
        before = self.fill(200)
        live = [each.uuid for each in before if not each.deleted]
        api = self.api_of('db')
        acknowledged: dict[str, str] = {}
        refused = threading.Event()

        def decide() -> None:
            for number in range(100_000):
                uuid_ = live[number % len(live)]
                reason = f'decision {number}'
                try:
                    api.update(
                        self.context, uuid_, {'disabled_reason': reason}
                    )
                except exception.DeploymentMismatch:
                    refused.set()
                    return
                acknowledged[uuid_] = reason
                time.sleep(0.005)

        deciding = threading.Thread(target=decide)
        deciding.start()
        self.addCleanup(deciding.join)
        self.migrate('db', 'zk')
        self.assertTrue(refused.wait(base.PATIENCE))
        deciding.join()
        self.assertGreater(len(acknowledged), 10)
        store = self.records_of('zk')
        self.assertEqual(
            acknowledged,
            {
                each: store.get_by_uuid(self.context, each).disabled_reason
                for each in acknowledged
            },
        )

    def test_a_service_that_is_created_or_destroyed_meanwhile_moves(self):
        before = self.fill(50)
        live = [each for each in before if not each.deleted]
        api = self.api_of('db')
        moving = self.migration('db', 'zk')

        def progress(done: int, total: int) -> None:
            if (done, total) != (40, 50):
                return
            api.create(
                self.context, {'host': 'late', 'binary': 'nova-compute'}
            )
            for each in (live[0], live[-1]):
                api.destroy(self.context, each.uuid)

        moving.run(progress)
        self.assertEqual(self.content('db'), self.content('zk'))
        hosts = {
            each.host for each in self.records_of('zk').list(self.context)
        }
        self.assertIn('late', hosts)
        self.assertFalse({live[0].host, live[-1].host} & hosts)


class TestRefused(MigrationTestCase):
    def test_a_target_that_holds_services_is_refused(self):
        self.fill(5)
        self.api_of('zk').create(
            self.context, {'host': 'foreign', 'binary': 'nova-compute'}
        )
        content = self.content('zk')
        self.assert_refused(
            4, '1 service.*nova-compute on host foreign', 'db', 'zk'
        )
        self.assertEqual(content, self.content('zk'))
        self.assertEqual(4, len(self.done(*LIST).json))

    def test_nor_is_one_that_nobody_has_marked(self):
        foreign = services(1)[0]
        self.fill(5)
        self.records_of('zk').restore(self.context, foreign)
        self.assert_refused(4, '1 service.*host-0', 'db', 'zk')
        self.assertEqual([foreign], self.content('zk'))

    def test_the_backend_of_another_deployment_is_refused(self):
        self.fill(5)
        # It has its records elsewhere, but its members here.
        (store,) = self.api_of('zk').driver.marker_stores()
        store.claim(self.marker('zk:sql'))
        self.assert_refused(
            4, 'zookeeper://.* is in use with driver = zk', 'db', 'zk'
        )

    def test_services_that_are_elsewhere_are_not_moved(self):
        self.fill(5)
        self.migrate('db', 'zk')
        self.assert_refused(
            4, 'is in use with driver = zk', 'db', 'mc:memcached'
        )
        self.assert_refused(4, 'is in use with', 'zk:sql', 'mc:memcached')

    def test_where_nothing_ever_was_there_is_nothing_to_move(self):
        self.assert_refused(4, 'there is nothing in zookeeper', 'zk', 'db')
        self.assertEqual([], self.done(*LIST).json)

    def test_places_that_are_none_are_refused(self):
        self.assert_refused(2, "'' is neither DRIVER nor", '', 'db')
        self.assert_refused(2, "'zk:' is neither DRIVER nor", 'db', 'zk:')
        self.assert_refused(2, "'tooz' is not installed", 'db', 'tooz')
        self.assert_refused(2, "'disk' is not installed", 'db', 'zk:disk')
        self.assert_refused(
            2, 'keeps records in sql only', 'zk', 'db:zookeeper'
        )
        self.assert_refused(2, 'to the same', 'zk', 'zk:zookeeper')

    def test_both_places_must_be_named(self):
        self.assert_error(
            2,
            'required: --to',
            self.manage('driver', 'migrate', '--from', 'zk'),
        )

    def test_a_backend_that_is_not_there_is_told(self):
        self.fill(5)
        port = self.useFixture(ports.Port()).number
        self.option('ZOOKEEPER__HOSTS', f'127.0.0.1:{port}')
        self.option('ZOOKEEPER__REQUEST_TIMEOUT', '1')
        self.assert_refused(5, f'zookeeper://127.0.0.1:{port}', 'db', 'zk')
        self.option('MEMCACHED__SERVERS', f'127.0.0.1:{port}')
        self.assert_refused(5, f'memcached 127.0.0.1:{port}', 'db', 'mc')

    def test_a_dead_memcached_can_be_left(self):
        self.fill(5)
        self.migrate('db', 'mc')
        port = self.useFixture(ports.Port()).number
        self.option('MEMCACHED__SERVERS', f'127.0.0.1:{port}')
        result = self.manage('driver', 'migrate', '--from', 'mc', '--to', 'db')
        self.assertEqual(0, result.code, result)
        self.assertIn(
            'warning: The source is not marked as left: ', result.err
        )
        self.assertEqual(
            self.marker('db'),
            self.api_of('db').driver.records.marker_store.read(),
        )

    def marker(self, place: str) -> Any:
        return plugins.our_marker(self.conf_of(place))


class TestPairs(MigrationTestCase):
    """From each place to each other, and back."""

    scenarios = [
        (f'{source} and {target}', {'source': source, 'target': target})
        for source, target in long.matrix(
            [('zk:sql', 'mc:memcached')],
            [
                pair
                for pair in itertools.combinations(OPTIONS, 2)
                if pair != ('zk:sql', 'mc:memcached')
            ],
        )
    ]

    def test_services_go_and_come_back(self):
        before = self.fill(25)
        if self.source != 'db':
            self.migrate('db', self.source)
        for source, target in (
            (self.source, self.target),
            (self.target, self.source),
        ):
            self.migrate(source, target)
            self.assertEqual(before, self.content(target))
            self.assert_lives_in(target)


class TestDatabases(MigrationTestCase):
    scenarios = scenarios.SERVERS

    def test_records_come_from_a_server_and_go_there(self):
        self.fill(20)
        before = self.content('db')
        self.migrate('db', 'zk')
        self.assertEqual(before, self.content('zk'))
        for each in before[:3]:
            self.records_of('zk').purge(self.context, [each.uuid])
        late = before[0]._replace(updated_at=CREATED)
        self.records_of('zk').restore(self.context, late)
        told = self.migrate('zk', 'db')
        self.assertEqual((1, 3), (told['copied'], told['replaced']))
        (found, *others) = self.content('db')
        # Fractions of seconds are not kept everywhere.
        self.assertEqual([], record.differences(found, late))
        self.assertEqual(before[3:], others)
