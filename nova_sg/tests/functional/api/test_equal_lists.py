# SPDX-License-Identifier: Apache-2.0

"""A list that renders itself says what its objects would say.

Byte for byte, in each microversion that changes a list, on each backend; on
database servers in some of them.
"""

from collections.abc import Sequence
import datetime
import time
from typing import Any
from urllib import parse

import fixtures
import orjson
from oslo_db import exception as db_exc

from nova_sg import objects
from nova_sg import times
from nova_sg.db import engine
from nova_sg.db import models
from nova_sg.servicegroup.backends.sql import showing
from nova_sg.tests.fixtures import rest
from nova_sg.tests.fixtures import rows
from nova_sg.tests.fixtures import schemas
from nova_sg.tests.functional.api import backends
from nova_sg.tests.functional.api import base

#: Those in which a list changes, and their neighbours.
VERSIONS = ('2.1', '2.10', '2.11', '2.52', '2.53', '2.68', '2.69', '2.104')
#: An integer as id; a uuid, and services of a cell that is away; the last.
FEWER = ('2.1', '2.69', '2.104')

QUERIES = (
    *('', '?host=c1', '?host=C1', '?binary=nova-compute', '?binary='),
    *('?host=c1&binary=nova-compute', '?host=nobody', '?host=&host=c2'),
    *('?binary=NOVA-compute', '?binary=nova-compute%20', '?host=c1%20'),
)

#: Rows as other programs have written them.
NOW = datetime.datetime(2026, 3, 1, 8, 0, 5, 120)
ROWS: dict[str, dict[str, Any]] = {
    'never-seen': {},
    'changed-only': {'updated_at': NOW},
    'seen-only': {'last_seen_up': NOW},
    'whole-second': {'last_seen_up': NOW.replace(microsecond=0)},
    'seen-before-created': {
        'created_at': NOW,
        'last_seen_up': NOW - datetime.timedelta(days=1),
    },
    'changed-after-seen': {
        'updated_at': NOW,
        'last_seen_up': NOW - datetime.timedelta(seconds=1),
    },
    'of-an-old-nova': {
        'disabled': None,
        'forced_down': None,
        'last_seen_up': NOW,
    },
}


def shown(each: Any, version: float) -> dict[str, Any] | None:
    """Return what REST says of an object; None where it says nothing."""
    if each.binary in ('nova-osapi_compute', 'nova-metadata'):
        return None
    if each.state == 'unknown':
        if version < 69:
            return None
        return {
            'binary': each.binary,
            'host': each.host,
            'status': 'UNKNOWN',
        }
    record = {
        'id': each.uuid if version >= 53 else each.id,
        'binary': each.binary,
        'host': each.host,
        'zone': each.availability_zone,
        'status': 'disabled' if each.disabled else 'enabled',
        'state': each.state,
        'updated_at': times.text(each.seen_or_changed_at),
        'disabled_reason': each.disabled_reason,
    }
    if version >= 11:
        record['forced_down'] = each.forced_down
    return record


class EqualListsTests:
    fixture = rest.Cloud
    versions: Sequence[str] = VERSIONS

    def setUp(self: Any) -> None:
        super().setUp()  # type: ignore[misc]
        self.cloud.service('c"4\\ü', disabled=True, disabled_reason='a\n"b" é')
        self.cloud.service('c1', 'nova-console', 'console')
        self.fill()

    def fill(self: Any) -> None:
        """Write what only the backend itself can hold."""

    def by_objects(self: Any, version: str, query: str) -> bytes:
        """Return the answer that the objects of a list make."""
        asked = dict(
            parse.unquote(each).split('=')
            for each in query.lstrip('?').split('&')
            if each
        )
        host, binary = asked.get('host'), asked.get('binary')
        lists = objects.ServiceGroupServiceList
        if host:
            found = lists.get_by_host(self.cloud.context, host, True)
        elif binary:
            found = lists.get_by_binary(self.cloud.context, binary, True, True)
        else:
            found = lists.get_all(self.cloud.context, set_zones=True)
        number = int(version.partition('.')[2])
        records = [
            shown(each, number)
            for each in found
            if (not host or each.host == host)
            and (not binary or each.binary == binary)
        ]
        return orjson.dumps({'services': [r for r in records if r]})

    def test_a_list_says_what_its_objects_would_say(self: Any) -> None:
        for version in self.versions:
            for query in QUERIES:
                with self.subTest(version=version, query=query):
                    self.compare(version, query)

    def compare(self: Any, version: str, query: str) -> None:
        # A time by the clock may pass between the two.
        for _ in range(5):
            before = self.by_objects(version, query)
            answer = self.ask(
                'GET', f'/v2.1/os-services{query}', version=version
            )
            if before == self.by_objects(version, query):
                break
            time.sleep(0.2)
        self.assertEqual(200, answer.status_int, answer.text)
        self.assertEqual(before.decode(), answer.body.decode())
        self.assertEqual(str(len(before)), answer.headers['Content-Length'])
        self.assertEqual('application/json', answer.headers['Content-Type'])


class _OnServer(fixtures.Fixture):
    """A database on a server, for a service whose driver is ``db``."""

    deployment = None

    def __init__(self, schema: Any) -> None:
        super().__init__()
        self._schema = schema

    def _setUp(self) -> None:
        url = self.useFixture(self._schema()).url
        self.backends = {'database': {'connection': url}}


class DatabaseTests(EqualListsTests):
    def fill(self: Any) -> None:
        never = dict.fromkeys(('created_at', 'updated_at', 'last_seen_up'))
        made = [
            rows.compute(f'{name}-{number}', **{**never, **values})
            for number in range(200)
            for name, values in ROWS.items()
        ]
        statement = models.services.insert()
        self.write(lambda c: c.execute(statement, made))

    def write(self: Any, work: Any) -> None:
        engine.get(self.cloud.conf).write(work)


class TestSqlite(DatabaseTests, base.RestTestCase):
    def test_a_time_without_a_fraction_is_written_with_one(self) -> None:
        """Some programs write what SQLite calls a time."""
        self.write(
            lambda c: c.exec_driver_sql(
                "UPDATE services SET last_seen_up = '2026-03-01 08:00:05' "
                "WHERE host LIKE 'seen-only%'"
            )
        )
        self.compare('2.104', '')

    def test_no_record_and_no_object_is_made(self) -> None:
        def refuse(*_args: Any, **_kwargs: Any) -> None:
            raise AssertionError('a list has no use for it')

        self.compare('2.104', '')
        for made in (
            'nova_sg.servicegroup.record.Record.from_row',
            'nova_sg.objects.ServiceGroupService._from_record',
        ):
            self.useFixture(fixtures.MonkeyPatch(made, refuse))
        for path in (
            *('os-services', 'os-hosts', 'os-availability-zone/detail'),
            *('os-hypervisors', 'os-hypervisors/detail'),
        ):
            answer = self.ask('GET', f'/v2.1/{path}')
            self.assertEqual(200, answer.status_int, path)

    def test_a_connection_lost_in_the_middle_repeats_no_part(self) -> None:
        self._fail_after_a_part(times=1)
        self.compare('2.104', '')

    def test_what_cannot_be_read_to_the_end_is_an_error(self) -> None:
        self._fail_after_a_part(times=100)
        answer = self.ask('GET', '/v2.1/os-services')
        self.assertEqual(503, answer.status_int)
        self.assertEqual(['serviceUnavailable'], list(answer.json))

    def _fail_after_a_part(self, times: int) -> None:
        up = showing._up
        parts, failures = 0, times

        def fail(*args: Any) -> Any:
            nonlocal parts, failures
            parts += 1
            if parts % 2 == 0 and failures:
                failures -= 1
                raise db_exc.DBConnectionError()
            return up(*args)

        self.useFixture(fixtures.MonkeyPatch(f'{showing.__name__}._up', fail))


class TestPostgresql(DatabaseTests, base.RestTestCase):
    # What a version shows is rendered alike, whatever the rows are read from.
    versions = FEWER
    backend = staticmethod(lambda: _OnServer(schemas.PostgresqlSchema))


class TestMariadb(DatabaseTests, base.RestTestCase):
    versions = FEWER
    backend = staticmethod(lambda: _OnServer(schemas.MariadbSchema))


class TestZooKeeper(EqualListsTests, base.RestTestCase):
    backend = staticmethod(backends.zookeeper)


class TestMemcached(EqualListsTests, base.RestTestCase):
    backend = staticmethod(backends.memcached)
