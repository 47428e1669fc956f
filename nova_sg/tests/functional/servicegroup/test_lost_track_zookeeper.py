# SPDX-License-Identifier: Apache-2.0

"""A mirror that has missed something finds it out, and catches up."""

import contextlib

import fixtures
from kazoo import security

from nova_sg.servicegroup.backends.zookeeper import changelog
from nova_sg.servicegroup.backends.zookeeper import feeds
from nova_sg.servicegroup.backends.zookeeper import layout
from nova_sg.servicegroup.mirror import mirror
from nova_sg.tests.fixtures import proxy
from nova_sg.tests.functional.servicegroup import zookeeper_mirror


class TestLostTrack(zookeeper_mirror.MirrorTestCase):
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

    @contextlib.contextmanager
    def cut_off(self):
        """Give a process with a mirror, which is not connected meanwhile."""
        link = self.useFixture(proxy.TcpProxy(self.server.port))
        api = self.mirrored(hosts=link.hosts)
        link.refuse()
        link.reset()
        yield api
        link.listen()

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
        with self.cut_off() as api:
            self.change_often(services[0], 40)
            self.other.destroy(self.context, services[1].uuid)
            self.change_often(services[2], 40)
        self.assert_agree(api)
        self.register(self.other, 'later')
        self.assert_agree(api)

    def test_a_mirror_that_was_away_catches_up(self):
        services = self.register_many(3)
        with self.cut_off() as api:
            self.change_often(services[0], 10)
            self.other.destroy(self.context, services[1].uuid)
            self.other.join_many(self.context, services[2:])
        self.assert_agree(api)

    def test_an_event_that_never_came_is_made_up_for(self):
        self.useFixture(
            fixtures.MonkeyPatch(f'{mirror.__name__}.AUDIT_EVERY', 0.5)
        )
        for each in (feeds.CellFeed, feeds.ShardFeed):
            # As if the network, or kazoo, had lost every event.
            self.useFixture(fixtures.MockPatchObject(each, '_fired'))
        services = self.register_many(3)
        api = self.mirrored()
        self.other.update(self.context, services[0].uuid, {'disabled': True})
        self.other.join_many(self.context, services)
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
        with self.cut_off() as api:
            with self.behind() as client:
                client.delete(self.cell.path, recursive=True)
        self.eventually(lambda: self.states(api) == [], 'nothing is left')
