# SPDX-License-Identifier: Apache-2.0

"""Lists over ZooKeeper: rendered once, and a tag that tells of a change."""

import datetime
import time
from typing import Any

import fixtures
from oslo_utils import timeutils
import webob

from nova_sg import objects
from nova_sg.servicegroup import listed
from nova_sg.tests.fixtures import rest
from nova_sg.tests.functional.api import backends
from nova_sg.tests.functional.api import base

PATH = '/v2.1/os-services'

#: Two ways to see that more than a part is there.
COMPUTES = 50


class TestUnchangedLists(base.RestTestCase):
    backend = staticmethod(backends.zookeeper)
    fixture = rest.Rest

    def setUp(self) -> None:
        super().setUp()
        self.services = [
            self.cloud.service(f'c{number:02}') for number in range(COMPUTES)
        ]
        # Joined long ago, as services have: the next time at which they are
        # vouched for is then the same for all.
        self.at = time.time() + 100
        self.useFixture(
            fixtures.MonkeyPatch(
                'nova_sg.servicegroup.leased.living.Living.vouched',
                property(lambda _self: self._vouched()),
            )
        )
        self.first = self.list()

    def _vouched(self) -> tuple[datetime.datetime, float]:
        moment = datetime.datetime.fromtimestamp(self.at, datetime.UTC)
        return moment, self.at

    def list(
        self, etag: str | None = None, path: str = PATH, **asked: Any
    ) -> webob.Response:
        asked = {'version': '2.104', **asked}
        headers = {} if etag is None else {'If-None-Match': etag}
        return self.ask('GET', path, headers=headers, **asked)

    def made(self, ask: Any) -> int:
        """Return how many services were rendered for an answer."""
        of, made = listed.of, []

        def count(*args: Any) -> Any:
            made.append(args)
            return of(*args)

        with fixtures.MonkeyPatch('nova_sg.servicegroup.listed.of', count):
            ask()
        return len(made)

    def test_what_is_unchanged_is_not_sent_again(self) -> None:
        etag = self.first.headers['ETag']
        again = self.list(etag)
        self.assertEqual(304, again.status_int)
        self.assertEqual(b'', again.body)
        self.assertEqual(etag, again.headers['ETag'])
        for name in ('Vary', 'OpenStack-API-Version', 'Cache-Control'):
            self.assertEqual(self.first.headers[name], again.headers[name])
        for weaker in (f'W/{etag}', f'"other", {etag}', '*'):
            self.assertEqual(304, self.list(weaker).status_int, weaker)
        self.assertEqual(200, self.list('"other"').status_int)
        self.assertEqual(self.first.body, self.list().body)

    def test_caches_have_to_ask(self) -> None:
        control = self.first.headers['Cache-Control']
        self.assertEqual({'private', 'no-cache'}, set(control.split(', ')))

    def test_another_process_has_the_same_tag(self) -> None:
        self.useFixture(
            fixtures.MonkeyPatch(
                'nova_sg.servicegroup.leased.rendered._SEEN', 'x' * 26
            )
        )
        self.useFixture(
            fixtures.MonkeyPatch(
                'nova_sg.servicegroup.leased.rendered._MARK', b'x' * 26
            )
        )
        self.cloud.api.driver._lists.__init__()
        other = self.list()
        self.assertEqual(self.first.body, other.body)
        self.assertEqual(self.first.headers['ETag'], other.headers['ETag'])

    def test_each_thing_that_is_shown_changes_the_tag(self) -> None:
        first, second = self.services[:2]
        tags = {self.first.headers['ETag']}

        def changed(what: str) -> webob.Response:
            answer = self.list(', '.join(tags))
            self.assertEqual(200, answer.status_int, what)
            tags.add(answer.headers['ETag'])
            return answer

        for name, value in (
            ('disabled', True),
            ('disabled_reason', 'disk'),
            ('disabled_reason', 'disks'),
            ('forced_down', True),
            ('topic', 'other'),
        ):
            setattr(first, name, value)
            first.save()
            changed(name)
        self.cloud.api.inventory.set_zone('c01', 'az1')
        changed('zone')
        self.cloud.api.driver.membership.forget(
            self.cloud.context, second.uuid
        )
        answer = changed('state')
        states = {
            each['host']: each['state'] for each in answer.json['services']
        }
        self.assertEqual('down', states['c01'])
        second.destroy()
        changed('deleted')
        self.cloud.service('new')
        changed('created')
        self.at += 10
        changed('updated_at')

    def test_tags_differ_by_version_and_are_for_whole_lists(self) -> None:
        self.assertNotEqual(
            self.first.headers['ETag'],
            self.list(version='2.103').headers['ETag'],
        )
        for path in (f'{PATH}?host=c01', f'{PATH}?binary=nova-compute'):
            answer = self.list(self.first.headers['ETag'], path)
            self.assertEqual(200, answer.status_int)
            self.assertNotIn('ETag', answer.headers)

    def test_who_may_not_list_learns_of_no_tag(self) -> None:
        headers = {
            'If-None-Match': self.first.headers['ETag'],
            'X-Auth-Token': 'somebody:p1',
        }
        answer = self.ask('GET', PATH, version='2.104', headers=headers)
        self.assertEqual(403, answer.status_int)
        self.assertNotIn('ETag', answer.headers)

    def test_a_change_renders_those_around_it_alone(self) -> None:
        self.assertEqual(0, self.made(self.list))
        self.services[0].disabled = True
        self.services[0].save()
        self.assertIn(self.made(self.list), range(1, COMPUTES // 2))
        self.assertEqual(0, self.made(self.list))

    def test_the_next_time_is_put_into_what_was_rendered(self) -> None:
        self.at += 10
        self.assertEqual(0, self.made(self.list))
        answer = self.list()
        self.assertEqual(
            {self._vouched()[0].isoformat()[:26]},
            {each['updated_at'] for each in answer.json['services']},
        )

    def test_a_service_changed_since_has_the_time_of_its_change(self) -> None:
        self.at = time.time() - 3600
        self.list()
        self.services[0].disabled = True
        self.services[0].save()
        answer = self.list()
        shown = objects.ServiceGroupServiceList.get_all(self.cloud.context)
        self.assertEqual(
            {e.host: e.state for e in shown},
            {e['host']: e['state'] for e in answer.json['services']},
        )
        changed = timeutils.parse_isotime(
            answer.json['services'][0]['updated_at'] + 'Z'
        )
        self.assertEqual(shown[0].updated_at, changed)
        self.at = time.time() + 200
        times = {e['updated_at'] for e in self.list().json['services']}
        self.assertEqual(1, len(times))

    def test_in_doubt_nothing_is_kept(self) -> None:
        """A list then shows what stands, as one of objects does."""
        learn = self.cloud.api._knowledge.learn
        uuid = self.services[0].uuid

        def stands(answer: Any) -> Any:
            return {
                each: verdict._replace(up=True, unknown='doubt')
                if each == uuid
                else verdict
                for each, verdict in learn(answer).items()
            }

        self.cloud.api.driver.membership.forget(self.cloud.context, uuid)
        self.assertEqual('down', self.list().json['services'][0]['state'])
        self.cloud.api._knowledge.learn = stands
        answer = self.list(self.first.headers['ETag'])
        self.assertEqual(200, answer.status_int)
        self.assertNotIn('ETag', answer.headers)
        self.assertEqual('up', answer.json['services'][0]['state'])

    def test_a_mark_in_a_reason_stays_what_it_is(self) -> None:
        self.services[0].disabled_reason = '0000-00-00T00:00:00.000000'
        self.services[0].disabled = True
        self.services[0].save()
        (reason,) = {
            e['disabled_reason']
            for e in self.list().json['services']
            if e['disabled_reason']
        }
        self.assertEqual('0000-00-00T00:00:00.000000', reason)


class TestWithoutTags(base.RestTestCase):
    def test_a_database_that_tells_of_no_change_gives_none(self) -> None:
        answer = self.ask('GET', PATH, headers={'If-None-Match': '*'})
        self.assertEqual(200, answer.status_int)
        self.assertNotIn('ETag', answer.headers)
        self.assertNotIn('Cache-Control', answer.headers)
