# SPDX-License-Identifier: Apache-2.0

"""Services that are moved, and the places where they are."""

import datetime
import os
import signal
from typing import Any
import uuid

import sqlalchemy as sa

from nova_sg import conf as sg_conf
from nova_sg.db import models
from nova_sg.servicegroup import api as sg_api
from nova_sg.servicegroup import migration
from nova_sg.servicegroup import record
from nova_sg.servicegroup.backends.sql import records as sql_records
from nova_sg.servicegroup.records import base as records_base
from nova_sg.tests.fixtures import commands
from nova_sg.tests.functional.cmd import backends

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


def configured(conf: Any, place: str) -> Any:
    """Return a configuration as that of a process for a place."""
    for name, value in OPTIONS[place].items():
        conf.set_override(name.lower(), value, 'servicegroup')
    return conf


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
        # One process stands for many; it may be kept from pinging for long.
        self.option('ZOOKEEPER__SESSION_TIMEOUT', '30')
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
        return configured(sg_conf.load([self.config_file]), place)

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


def between(*pairs: tuple[str, str]) -> list[tuple[str, dict[str, str]]]:
    """Return scenarios of sources and targets."""
    return [
        (f'{source} to {target}', {'source': source, 'target': target})
        for source, target in pairs
    ]


class CutOffTestCase(MigrationTestCase):
    """Services are in a source, from which a move is cut off."""

    source: str
    target: str

    def setUp(self) -> None:
        super().setUp()
        filled = self.fill(20)
        if self.source != 'db':
            self.migrate('db', self.source)
        self.mine = next(
            each for each in filled if not (each.deleted or each.disabled)
        )

    def cut_off(self, *words: str) -> None:
        """Move services in a process that is killed before the end.

        :param words: see :mod:`.cut_off`
        """
        result = commands.run(
            'nova_sg.tests.functional.cmd.cut_off',
            *(self.source, self.target, *words),
            environment=dict(os.environ),
        )
        self.assertEqual(-signal.SIGKILL, result.returncode, result.stderr)
