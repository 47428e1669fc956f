# SPDX-License-Identifier: Apache-2.0

"""Who reads often answers from memory, and is never wrong for long."""

import contextlib

import fixtures
from kazoo import security

from nova_sg import exception
from nova_sg.servicegroup.backends.zookeeper import changelog
from nova_sg.servicegroup.backends.zookeeper import feeds
from nova_sg.servicegroup.backends.zookeeper import layout
from nova_sg.servicegroup.mirror import mirror
from nova_sg.servicegroup.testing import actions
from nova_sg.tests.fixtures import proxy
from nova_sg.tests.functional.servicegroup import zookeeper_base as base
from nova_sg.tests.functional.servicegroup import zookeeper_deployments


class MirrorTestCase(base.ZooKeeperTestCase):
    def setUp(self):
        super().setUp()
        self.other = self.process()

    def register_many(self, count):
        return [
            self.register(self.other, f'host{number}')
            for number in range(count)
        ]

    def states(self, api):
        """Return host, disabled and up of all services, by host."""
        services, verdicts = api.list(self.context)
        return sorted(
            (each.host, each.disabled, verdicts[each.uuid].up)
            for each in services
        )

    def assert_agree(self, api):
        """Wait until a process shows what one that asks shows."""

        def agrees():
            # The process may not be connected again yet. States change with
            # time alone, so each time another process, which has no mirror
            # yet, asks the backend.
            with contextlib.suppress(exception.ServiceGroupUnavailable):
                return self.states(api) == self.states(self.process())
            return False

        self.eventually(agrees, 'the mirror shows what one that asks shows')

    def costs_nothing(self, api):
        """Return whether a list comes from memory."""
        with zookeeper_deployments.count_round_trips() as count:
            self.states(api)
            return count() == 0


class TestFreshness(MirrorTestCase):
    def test_reads_cost_no_round_trip(self):
        services = self.register_many(30)
        handles = self.other.join_many(self.context, services)
        for each in handles[20:]:
            each.leave(self.context)
        api = self.mirrored()
        with zookeeper_deployments.count_round_trips() as count:
            self.assertEqual(20, sum(up for _, _, up in self.states(api)))
            for each in services:
                self.assertEqual(
                    each, api.get_by_uuid(self.context, each.uuid)
                )
                self.assertEqual(each, api.get_by_id(self.context, each.id))
                self.assertEqual(
                    each,
                    api.get_by_host_and_binary(
                        self.context, each.host, each.binary
                    ),
                )
                self.assertEqual(
                    each,
                    api.get_by_host_and_topic(
                        self.context, each.host, 'compute'
                    ),
                )
            for each in services[:20]:
                self.assertTrue(self.is_up(api, each))
            self.assertEqual(
                services[3:4], list(api.list(self.context, host='host3')[0])
            )
            self.assertEqual(0, count())

    def test_the_watches_are_as_few_for_many_services(self):
        few = self.mirrored()
        services = self.register_many(40)
        self.other.join_many(self.context, services)
        self.assert_agree(few)
        many = self.mirrored()
        watches = self.watches()
        # Of a shard that came into being while it was looked at there are
        # two: the one for that is left over.
        most = 2 * len(layout.SHARDS) + 1
        for api in (few, many):
            self.assertLessEqual(watches[self.session_of(api).number], most)

    def test_changes_made_elsewhere_show(self):
        first, second, third = self.register_many(3)
        api = self.mirrored()
        self.other.update(self.context, first.uuid, {'disabled': True})
        self.other.destroy(self.context, second.uuid)
        self.other.update(self.context, third.uuid, {'host': 'moved'})
        self.register(self.other, 'new')
        self.assert_agree(api)
        self.assertIsNone(
            api.get_by_host_and_binary(self.context, 'host2', 'nova-compute')
        )

    def test_a_change_shows_as_it_was_written_to_the_field(self):
        (service,) = self.register_many(1)
        api = self.mirrored()
        changed = self.other.update(
            self.context, service.uuid, {'disabled_reason': 'why'}
        )
        self.eventually(
            lambda: api.get_by_uuid(self.context, service.uuid) == changed,
            'the mirror has the record as it is',
        )

    def test_members_that_come_go_and_crash_show(self):
        coming, leaving, crashing = self.register_many(3)
        (leaver,) = self.other.join_many(self.context, [leaving])
        worker = self.worker()
        worker.call(actions.join_and_beat, crashing)
        api = self.mirrored()
        self.other.join_many(self.context, [coming])
        leaver.leave(self.context)
        worker.signal(9)
        expected = [True, False, False]
        self.eventually(
            lambda: [up for _, _, up in self.states(api)] == expected,
            'the mirror shows who lives',
            within=2 * self.session_timeout,
        )

    def test_members_show_who_they_are(self):
        (service,) = self.register_many(1)
        worker = self.worker()
        worker.call(actions.join, service)
        api = self.mirrored()
        _, verdicts = api.list(self.context)
        (member,) = verdicts[service.uuid].members
        self.assertEqual((worker.pid, 3), (member.pid, member.ttl))

    def test_a_reader_sees_its_own_writes_at_once(self):
        (service,) = self.register_many(1)
        api = self.mirrored()
        for number in range(30):
            reason = f'reason {number}'
            api.update(self.context, service.uuid, {'disabled_reason': reason})
            found = api.get_by_uuid(self.context, service.uuid)
            self.assertEqual(reason, found.disabled_reason)
        made = self.register(api, 'mine')
        self.assertEqual(
            made,
            api.get_by_host_and_binary(self.context, 'mine', 'nova-compute'),
        )
        for _ in range(10):
            (handle,) = api.join_many(self.context, [made])
            self.assertTrue(self.is_up(api, made))
            handle.leave(self.context)
            self.assertFalse(self.is_up(api, made))
        api.destroy(self.context, made.uuid)
        self.assertEqual(1, len(api.list(self.context)[0]))

    def test_a_deployment_that_is_empty_yet_is_followed(self):
        api = self.mirrored()
        self.assertEqual([], self.states(api))
        services = self.register_many(2)
        self.other.join_many(self.context, services)
        self.assert_agree(api)

    def test_another_cell_is_another_mirror(self):
        api = self.mirrored()
        elsewhere = base.sg_context.get_admin_context('another')
        self.other.create(
            elsewhere, {'host': 'host1', 'binary': 'nova-compute'}
        )
        self.assertEqual(1, len(api.list(elsewhere)[0]))
        api.driver.watch(elsewhere)
        self.assertEqual(1, len(api.list(elsewhere)[0]))
        self.assertEqual([], self.states(api))

    def test_a_process_that_lists_again_and_again_gets_a_mirror(self):
        self.register_many(2)
        api = self.process()
        with zookeeper_deployments.count_round_trips() as count:
            for _ in range(10):
                api.list(self.context)
            before = count()
            api.list(self.context)
            self.assertEqual(before, count())

    def test_a_process_that_asks_for_many_services_gets_a_mirror(self):
        services = self.register_many(25)
        self.other.join_many(self.context, services)
        api = self.process()
        for each in services:
            self.is_up(api, each)
        with zookeeper_deployments.count_round_trips() as count:
            for each in services:
                self.assertTrue(self.is_up(api, each))
            self.assertEqual(0, count())

    def test_a_process_that_reads_once_leaves_no_watch(self):
        self.register_many(2)
        api = self.process()
        api.list(self.context)
        self.assertNotIn(self.session_of(api).number, self.watches())


class TestBudget(MirrorTestCase):
    def test_a_change_costs_each_mirror_little(self):
        services = self.register_many(20)
        self.other.join_many(self.context, services)
        proxies = [
            self.useFixture(proxy.TcpProxy(self.server.port)) for _ in range(5)
        ]
        mirrors = [self.mirrored(hosts=each.hosts) for each in proxies]
        sessions = {self.session_of(each) for each in mirrors}
        requests = []
        real = base.session.Session._exchange

        def counted(session, client, asked, *args):
            if session in sessions:
                requests.extend(asked)
            return real(session, client, asked, *args)

        self.useFixture(
            fixtures.MonkeyPatch(
                f'{base.session.__name__}.Session._exchange', counted
            )
        )
        before = sum(each.forwarded(proxy.Direction.BOTH) for each in proxies)
        changes = 100
        for number in range(changes):
            service = services[number % len(services)]
            self.other.update(
                self.context,
                service.uuid,
                {'disabled': True, 'disabled_reason': f'change {number}'},
            )
        for each in mirrors:
            self.assert_agree(each)
        sent = sum(each.forwarded(proxy.Direction.BOTH) for each in proxies)
        share = changes * len(mirrors)
        self.assertLessEqual(len(requests) / share, 5)
        self.assertLessEqual((sent - before) / share, 5000)


class TestLostTrack(MirrorTestCase):
    """What a mirror has missed it finds out."""

    # Many changes in a row, each of which a busy machine may hold up.
    request_timeout = 15

    def keep_few_changes(self):
        for name, value in (('KEPT', 20), ('TRIM_EVERY', 5)):
            self.useFixture(
                fixtures.MonkeyPatch(f'{changelog.__name__}.{name}', value)
            )

    def change_often(self, service, times):
        for number in range(times):
            self.other.update(
                self.context, service.uuid, {'disabled_reason': f'{number}'}
            )

    def test_the_log_is_bounded(self):
        self.keep_few_changes()
        (service,) = self.register_many(1)
        self.change_often(service, 60)
        with self.behind() as client:
            names = client.get_children(self.cell.log)
        self.assertLessEqual(len(names), 25)
        self.assertGreaterEqual(len(names), 20)

    def test_a_mirror_that_has_fallen_off_the_log_reads_anew(self):
        self.keep_few_changes()
        services = self.register_many(3)
        link = self.useFixture(proxy.TcpProxy(self.server.port))
        api = self.mirrored(hosts=link.hosts)
        link.refuse()
        link.reset()
        self.change_often(services[0], 40)
        self.other.destroy(self.context, services[1].uuid)
        self.change_often(services[2], 40)
        link.listen()
        self.assert_agree(api)
        self.register(self.other, 'later')
        self.assert_agree(api)

    def test_a_mirror_that_was_away_catches_up(self):
        services = self.register_many(3)
        link = self.useFixture(proxy.TcpProxy(self.server.port))
        api = self.mirrored(hosts=link.hosts)
        link.refuse()
        link.reset()
        self.change_often(services[0], 10)
        self.other.destroy(self.context, services[1].uuid)
        self.other.join_many(self.context, services[2:])
        link.listen()
        self.assert_agree(api)

    def test_an_event_that_never_came_is_made_up_for(self):
        self.useFixture(
            fixtures.MonkeyPatch(f'{mirror.__name__}.AUDIT_EVERY', 0.5)
        )
        services = self.register_many(3)
        api = self.mirrored()
        for part in api.driver.membership.mirror._parts():
            # As if the network, or kazoo, had lost it.
            part.mark = lambda: None
        self.other.update(self.context, services[0].uuid, {'disabled': True})
        self.other.join_many(self.context, services)
        for part in api.driver.membership.mirror._parts():
            del part.mark
        self.assert_agree(api)

    def test_a_change_that_cannot_be_read_hides_no_other(self):
        first, second = self.register_many(2)
        api = self.mirrored()
        with self.behind() as client:
            client.create(
                f'{self.cell.log}/{layout.LOG_PREFIX}',
                b'{"format": 99}',
                sequence=True,
            )
        self.other.update(self.context, first.uuid, {'disabled': True})
        self.other.destroy(self.context, second.uuid)
        self.assert_agree(api)
        self.other.update(self.context, first.uuid, {'disabled': False})
        self.assert_agree(api)
        self.eventually(
            lambda: self.costs_nothing(api), 'the mirror answers again'
        )

    def test_members_that_cannot_be_read_are_not_known_now(self):
        (service,) = self.register_many(1)
        self.other.join_many(self.context, [service])
        api = self.mirrored()
        with self.behind() as client:
            client.set_acls(
                self.layout.shard(layout.shard_of(service.uuid)),
                [security.make_acl('world', 'anyone', admin=True)],
            )
        for part in api.driver.membership.mirror._parts():
            part.audit()
        self.eventually(
            lambda: (
                self.states(api) == [('host0', False, True)]
                and api.knowledge_age > 0
            ),
            'the last known state stands, and its age is told',
        )

    def test_many_changes_at_once_are_all_seen(self):
        self.useFixture(fixtures.MonkeyPatch(f'{feeds.__name__}.BATCH', 16))
        services = self.register_many(10)
        link = self.useFixture(proxy.TcpProxy(self.server.port))
        api = self.mirrored(hosts=link.hosts)
        link.cut()
        for each in services:
            self.change_often(each, 8)
        self.other.destroy(self.context, services[5].uuid)
        link.heal()
        self.assert_agree(api)

    def test_a_deployment_that_was_removed_is_seen_to_be(self):
        services = self.register_many(3)
        self.other.join_many(self.context, services)
        link = self.useFixture(proxy.TcpProxy(self.server.port))
        api = self.mirrored(hosts=link.hosts)
        link.refuse()
        link.reset()
        with self.behind() as client:
            client.delete(self.cell.path, recursive=True)
        link.listen()
        self.eventually(lambda: self.states(api) == [], 'nothing is left')


class TestLastSeen(MirrorTestCase):
    def test_a_service_that_was_never_changed_shows_when_it_was_seen(self):
        (service,) = self.register_many(1)
        (handle,) = self.other.join_many(self.context, [service])
        with self.behind() as client:
            before = client.exists(handle.key)
            for api in (self.process(), self.mirrored()):
                api.list(self.context)
                first = api.get_updated_time(service)
                self.assertLessEqual(service.created_at, first)

                def is_later(api=api, first=first):
                    handle.beat(self.context)
                    api.list(self.context)
                    return api.get_updated_time(service) > first

                self.eventually(is_later, 'it is seen later', within=1)
            self.assertEqual(before, client.exists(handle.key))
